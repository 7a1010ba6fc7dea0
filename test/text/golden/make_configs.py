#!/usr/bin/env python3
"""Makes configs.json, the ids that transformers gives where a tokenizer_config.json changes what a tokenizer.json says, and older.json,
those that it gives without a tokenizer.json.

    pip install transformers==5.23.0
    python3 make_configs.py
"""
import json
import pathlib
import shutil
import tempfile

import transformers

import older_files

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = ["The OTHER day, Éclair café 你好", "  the sing ing   <s> and </s> x", "<|endoftext|> a <|endoftext|>b"]
LLAMA = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
GPT2 = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}
# A tokenizer of this folder, and what stands in its tokenizer_config.json.
CASES = [
    ("bert", {"tokenizer_class": "BertTokenizer", "do_lower_case": False}),
    ("bert", {"tokenizer_class": "BertTokenizerFast", "strip_accents": False, "tokenize_chinese_chars": False}),
    ("bert", {"tokenizer_class": "BertTokenizer"}),
    ("bert", {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False}),
    ("gpt2", {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}),
    ("gpt2", {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": True, **GPT2}),
    ("gpt2", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "pad_token": "the"}),
    ("gpt2", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "pad_token": "in",
              "additional_special_tokens": ["day", "café"]}),
    ("gpt2", {"tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": {
        "0": {"content": "<|endoftext|>", "lstrip": True, "rstrip": True, "normalized": False, "single_word": False, "special": True}}}),
    ("llama2", {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False, "add_eos_token": True, **LLAMA}),
    ("llama2", {"tokenizer_class": "PreTrainedTokenizerFast", "add_eos_token": True, **LLAMA}),
    ("llama2", {"tokenizer_class": "PreTrainedTokenizerFast", **LLAMA}),
]


# The vocabulary of a tokenizer of this folder as older files, and what lies beside them.
OLDER = [
    ("bert", {"tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": False}}),
    ("bert", {"config.json": {"model_type": "distilbert"}, "added_tokens.json": {"café": 700},
              "special_tokens_map.json": {"mask_token": "sing", "additional_special_tokens": ["[X]", "day"]}}),
    ("bert", {"tokenizer_config.json": {"tokenizer_class": "BertTokenizerFast", "strip_accents": False, "cls_token": "[SEP]", "mask_token": "[M]",
                                        "added_tokens_decoder": {"700": {"content": "day,", "lstrip": True, "special": False, "normalized": True}}},
              "special_tokens_map.json": {"cls_token": "day"}}),
    ("roberta", {"config.json": {"model_type": "roberta"}}),
    ("roberta", {"tokenizer_config.json": {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True,
                                           "mask_token": {"__type": "AddedToken", "content": "the", "lstrip": True, "rstrip": True}}}),
    ("gpt2", {"config.json": {"model_type": "gpt2"}}),
    ("gpt2", {"tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "add_prefix_space": True, "pad_token": "<pad>"}}),
    ("clip", {"config.json": {"model_type": "clip"}}),
    ("clip", {"tokenizer_config.json": {"tokenizer_class": "CLIPTokenizer", "pad_token": "!"}}),
    ("t5", {"config.json": {"model_type": "t5"}, "spiece.model": "t5.model"}),
    ("t5", {"tokenizer_config.json": {"tokenizer_class": "T5Tokenizer", "extra_ids": 3, "eos_token": "<pad>"}, "spiece.model": "t5.model"}),
    ("xlmr", {"config.json": {"model_type": "xlm-roberta"}, "sentencepiece.bpe.model": "xlmr.model"}),
    ("xlmr", {"tokenizer_config.json": {"tokenizer_class": "XLMRobertaTokenizer", "add_prefix_space": False, "mask_token": "sing"},
              "sentencepiece.bpe.model": "xlmr.model"}),
    ("albert", {"config.json": {"model_type": "albert"}, "spiece.model": "albert.model"}),
    ("albert", {"tokenizer_config.json": {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True},
                "spiece.model": "albert.model"}),
    ("llama2", {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True}, "tokenizer.model": "pairs.model"}),
    ("llama2", {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "legacy": True, "add_eos_token": True},
                "tokenizer.model": "pairs.model"}),
    ("llama2", {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "add_prefix_space": False}, "tokenizer.model": "pairs.model"}),
    ("llama2", {"tokenizer_config.json": {"tokenizer_class": "GemmaTokenizer", "add_bos_token": True}, "tokenizer.model": "pairs.model"}),
]


def older_ids(name, files):
    with tempfile.TemporaryDirectory() as folder:
        older_files.write(folder, HERE / f"{name}.tokenizer.json", files)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        return [tokenizer(text)["input_ids"] for text in TEXTS]


def ids(name, config):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(HERE / f"{name}.tokenizer.json", folder + "/tokenizer.json")
        pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        return [tokenizer(text)["input_ids"] for text in TEXTS]


def main():
    cases = [{"tokenizer": name, "config": config, "ids": ids(name, config)} for name, config in CASES]
    (HERE / "configs.json").write_text(json.dumps({"texts": TEXTS}, ensure_ascii=False)[:-1] + ', "cases": [\n'
                                       + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]}\n")
    older = [{"tokenizer": name, "files": files, "ids": older_ids(name, files)} for name, files in OLDER]
    (HERE / "older.json").write_text("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in older) + "\n]\n")


if __name__ == "__main__":
    main()
