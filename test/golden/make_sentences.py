#!/usr/bin/env python3
"""Makes sentences.json: the vectors that sentence-transformers makes with the model `bert` of this folder, a tokenizer of
letters, and the files that say how tokens are pooled.

    pip install torch==2.13.0 transformers==5.23.0 sentence-transformers==6.2.0
    python3 make_sentences.py
"""
import json
import pathlib
import shutil
import tempfile

import sentence_transformers

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXTS = ["a cat", "A Kitten naps in the sun", "rates", "the bank raised rates in the year that was to be the last one"]
PACKAGE = "sentence_transformers.models."
POOLING = "pooling_mode_{}"


def tokenizer():
    vocabulary = [*SPECIAL, *LETTERS, *("##" + c for c in LETTERS), *"ABKT"]
    around = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
              {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                              "special": True} for i, t in enumerate(SPECIAL)],
            "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": {"type": "TemplateProcessing", "single": around, "pair": around,
                               "special_tokens": {t: {"id": t, "ids": [SPECIAL.index(t)], "tokens": [t]} for t in ("[CLS]", "[SEP]")}},
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                      "vocab": {t: i for i, t in enumerate(vocabulary)}}}


def case(pooling, normalize, sentence_bert, prompts, asked=None):
    """The files of one case beside config.json; `asked`: the name of the prompt that the texts are given with."""
    modules = ["Transformer", "Pooling"] + ["Normalize"] * normalize
    return {"asked": asked, "files": {
        "modules.json": [{"idx": i, "name": str(i), "path": f"{i}_{m}" if i else "", "type": PACKAGE + m} for i, m in enumerate(modules)],
        "1_Pooling/config.json": {"word_embedding_dimension": 32, **pooling}, "sentence_bert_config.json": sentence_bert,
        "config_sentence_transformers.json": {"__version__": {"sentence_transformers": "2.0.0"}, **prompts},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 40, "pad_token": "[PAD]",
                                  "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}}}


CASES = [
    case({POOLING.format("cls_token"): True, POOLING.format("mean_tokens"): False}, True, {"max_seq_length": 9, "do_lower_case": True}, {}),
    case({POOLING.format("max_tokens"): True, POOLING.format("cls_token"): False}, False, {"max_seq_length": None, "do_lower_case": False},
         {"prompts": {"query": "find ", "passage": "read "}, "default_prompt_name": "passage", "similarity_fn_name": "euclidean"}),
    case({"pooling_mode": "lasttoken", "include_prompt": True}, True, {"max_seq_length": 16},
         {"prompts": {"query": "find "}, "similarity_fn_name": "dot"}, asked="query"),
    case({POOLING.format("mean_tokens"): True}, False, {"max_seq_length": 24, "do_lower_case": False}, {}),
]


def main():
    for c in CASES:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for file in ("config.json", "model.safetensors"):
                shutil.copy(HERE / "bert" / file, folder)
            (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
            for file, content in c["files"].items():
                (folder / file).parent.mkdir(exist_ok=True)
                (folder / file).write_text(json.dumps(content))
            model = sentence_transformers.SentenceTransformer(name, device="cpu")
            vectors = model.encode(TEXTS, prompt_name=c["asked"], convert_to_numpy=True)
            c["vectors"] = [[float(f"{x:.7g}") for x in vector] for vector in vectors]
            c["similarity"] = [[round(float(x), 4) for x in row] for row in model.similarity(vectors, vectors)]
    (HERE / "sentences.json").write_text(json.dumps({"texts": TEXTS, "tokenizer": tokenizer()})[:-1] + ', "cases": [\n'
                                         + ",\n".join(map(json.dumps, CASES)) + "\n]}\n")


if __name__ == "__main__":
    main()
