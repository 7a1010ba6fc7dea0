"""Tokenizers as GGUF files, next to what they have to do: the metadata that llama.cpp's converters write of a tokenizer.json, a
vocab.txt or a SentencePiece model. For differential.py.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
    python3 gguf_tokenizers.py     writes golden/pieces.json: the metadata of golden/t5.model and pairs.model, and the library's ids
"""
import base64
import json
import sys
from pathlib import Path

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE / "golden"), str(HERE.parent / "end-to-end")]
import gguf_file  # noqa: E402
import make  # noqa: E402
import sentencepieces  # noqa: E402

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)

# The chains of pre-tokenizers as the published tokenizer.json of a model of each name has them, as llama.cpp has quoted it; True: behind
# NFC. jais, trillion, exaone, minerva-7b, poro-chat, gpt3-finnish and viking are as llama.cpp cuts.
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER, CLITICS = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
CASED = (r"[^\r\n\p{L}\p{N}]?[%(u)s]*[%(l)s]+%(c)s|[^\r\n\p{L}\p{N}]?[%(u)s]+[%(l)s]*%(c)s|\p{N}%(n)s"
         r"| ?[^\s\p{L}\p{N}]+[\r\n%(e)s]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CASED_LETTERS = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌ"
    "ῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ"
    "𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃")
FINNISH = r" ?[^(\s|.,!?…。，、।۔،)]+"
CJK, DIGITS, GPT2 = "[一-龥\u0800-一가-\ud7ff]+", pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(False)
O200K = CASED % {"u": UPPER, "l": LOWER, "c": CLITICS, "n": "{1,3}", "e": "/"}
KIMI = CASED % {"u": UPPER + r"&&[^\p{Han}]", "l": LOWER + r"&&[^\p{Han}]", "c": CLITICS, "n": "{1,3}", "e": ""}
DEEPSEEK_V3 = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
               r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""")
PRE = {
    "gpt-2": [GPT2], "mpt": [True, GPT2], "olmo": [True, GPT2], "modern-bert": [True, GPT2], "starcoder": [DIGITS, GPT2],
    "refact": [DIGITS, GPT2], "smollm": [DIGITS, GPT2], "codeshell": [DIGITS, GPT2], "command-r": [True, DIGITS, GPT2],
    "llama-bpe": [WORDS % "{1,3}"], "dbrx": [WORDS % "{1,3}"], "smaug-bpe": [WORDS % "{1,3}"], "glm4": [WORDS % "{1,3}"],
    "qwen2": [True, WORDS % ""], "stablelm2": [True, WORDS % ""], "hunyuan": [True, WORDS % ""], "deepseek-r1-qwen": [WORDS % ""],
    "qwen35": [True, (WORDS % "").replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"\p{L}\p{N}]+[", r"\p{L}\p{M}\p{N}]+[")],
    "tekken": [CASED % {"u": UPPER, "l": LOWER, "c": "", "n": "", "e": "/"}], "gpt-4o": [O200K], "llama4": [O200K], "minimax-m2": [O200K],
    "kimi-k2": [r"[\p{Han}]+|" + KIMI],
    "deepseek-llm": ["[\r\n]", rf"\s?[{CASED_LETTERS}]+", r"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", r"\s+$", CJK, DIGITS],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK, DIGITS],
    "deepseek-v3": [r"\p{N}{1,3}", "[一-龥\u3040-\u309f\u30a0-\u30ff]+", DEEPSEEK_V3],
    "jais": [GPT2], "trillion": [GPT2], "exaone": [DIGITS, GPT2], "minerva-7b": [DIGITS, GPT2],
    "tiny_aya": [r"\d{1,3}(?=(?:\d{3})*\b)", O200K],
    "bailingmoe": [r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
    "seed-coder": [r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "bloom": [r" ?[^(\s|[.,!?…。，、।۔،])]+"], "poro-chat": [FINNISH], "gpt3-finnish": [FINNISH], "viking": [FINNISH, r"\p{N}"],
    "superbpe": [r"\p{N}+", r"(?=(\d{3})+(?!\d))"],
    "chameleon": ["<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\t\n]|    |  )", DIGITS,
                  pre_tokenizers.Punctuation("isolated"), GPT2],
    "falcon": [pre_tokenizers.Punctuation("contiguous"), GPT2, pre_tokenizers.Digits(False), "[0-9][0-9][0-9]"],
}


def gguf(path, values):
    keys = {"context_length": 8, "embedding_length": 8, "feed_forward_length": 32, "block_count": 1, "attention.head_count": 1,
            "attention.layer_norm_epsilon": 1e-5}
    gguf_file.write(path, {"general.architecture": "gpt2", **{f"gpt2.{key}": content for key, content in keys.items()},
                           **{f"tokenizer.ggml.{key}": content for key, content in values.items()}}, {})


def pairs(texts):
    """Merges that know no border, so that every cut of a text shows in its ids."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(False, use_regex=False)
    tokenizer.train_from_iterator((text.replace("<tool_call>", "") for text in texts), trainers.BpeTrainer(
        vocab_size=2500, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<|endoftext|>", "<|im_end|>"]))
    described = json.loads(tokenizer.to_str())
    described["added_tokens"] += [{**described["added_tokens"][0], "content": token, "special": False, "id": 2500 + i}
                                  for i, token in enumerate(["<tool_call>", "   \n"])]
    described["decoder"] = json.loads(decoders.ByteLevel().__getstate__())
    return described


def cut(tokenizer, name):
    """The tokenizer, which now cuts texts as the pre-tokenizer `name` does."""
    steps = PRE[name]
    if steps[0] is True:
        tokenizer.normalizer = normalizers.NFC()
    steps = [pre_tokenizers.Split(Regex(step), "isolated") if isinstance(step, str) else step for step in steps if step is not True]
    if GPT2 not in steps:
        steps.append(pre_tokenizers.ByteLevel(False, use_regex=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    return tokenizer


def byte_pairs(path, described, name):
    tokenizer = cut(Tokenizer.from_str(json.dumps(described)), name)
    model, added = described["model"], {token["content"]: token for token in described["added_tokens"]}
    ids = {**model["vocab"], **{content: token["id"] for content, token in added.items()}}
    tokens = sorted(ids, key=ids.get)
    begins = name in ("llama-bpe", "tekken", "chameleon")
    if begins:
        tokenizer.post_processor = processors.TemplateProcessing(single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)])
    gguf(path, {"model": "gpt2", "pre": name, "tokens": tokens, "bos_token_id": 0, "eos_token_id": 1,
                "token_type": [NORMAL if t not in added else CONTROL if added[t]["special"] else USER for t in tokens],
                "merges": [" ".join(pair) for pair in model["merges"]]})
    return tokenizer


def word_piece(path):
    described = json.loads((HERE / "golden/bert.tokenizer.json").read_text())
    described["added_tokens"] = described["added_tokens"][:5]
    described["truncation"] = None
    special = {token["content"] for token in described["added_tokens"]}
    ids = described["model"]["vocab"]
    tokens = sorted(ids, key=ids.get)
    gguf(path, {"model": "bert", "pre": "default", "token_type_count": 2,
                "tokens": [t if t in special else t[2:] if t.startswith("##") else "▁" + t for t in tokens],
                "token_type": [CONTROL if t in special else NORMAL for t in tokens],
                **{f"{name}_token_id": ids[token] for name, token in {"bos": "[CLS]", "eos": "[SEP]", "unknown": "[UNK]", "padding": "[PAD]",
                                                                      "seperator": "[SEP]", "cls": "[CLS]", "mask": "[MASK]"}.items()}})
    return Tokenizer.from_str(json.dumps(described))


class SentencePiece:
    """What the library says, by ids of the GGUF file; texts alone, without special tokens."""

    def __init__(self, model, ids=lambda id: id):
        self.processor, self.ids = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString()), ids

    def encode(self, text):
        return [self.ids(id) for id in self.processor.encode(text)]


def metadata(model, first=0, front=()):
    """tokens, scores and types of the pieces from `first` on, behind some others."""
    rows = [(token, 0.0, CONTROL) for token in front]
    rows += [(piece.piece, piece.score, piece.type) for piece in model.pieces[first:]]
    tokens, scores, types = map(list, zip(*rows))
    return {"tokens": tokens, "scores": scores, "token_type": types}


def llama(path, corpus, prefix, charsmap=False):
    """SentencePiece's pairs, as of Llama; without the space in front, as of Gemma."""
    model = sentencepieces.train(corpus, vocab_size=900, model_type="bpe", byte_fallback=True, character_coverage=0.98,
                                 normalization_rule_name="nmt_nfkc_cf" if charsmap else "identity",
                                 add_dummy_prefix=prefix, remove_extra_whitespaces=charsmap,
                                 user_defined_symbols=[] if prefix else ["▁▁", "▁▁▁", "\n\n", "<td>"])
    values = metadata(model)
    # The converters write a space where a token of the user has the mark.
    values["tokens"] = [t.replace("▁", " ") if kind == USER else t for t, kind in zip(values["tokens"], values["token_type"])]
    gguf(path, {"model": "llama", "pre": "default", **values, "bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0,
                **({} if prefix else {"add_space_prefix": False}), **(
                    {} if not charsmap else {"precompiled_charsmap": gguf_file.u8s(model.normalizer_spec.precompiled_charsmap),
                                             "remove_extra_whitespaces": True})})
    return SentencePiece(model)


def golden():
    """Of small models; texts alone, without special tokens."""
    texts = [text for text in json.loads((HERE / "golden/texts.json").read_text()) if "\n" not in text and "\r" not in text]
    texts = [text for text in texts if "<0x" not in text and "OTHER" not in text]
    for name, kind in (("t5", "t5"), ("pairs", "llama")):
        model = sentencepieces.sentencepiece_model_pb2.ModelProto()
        model.ParseFromString((HERE / f"golden/{name}.model").read_bytes())
        charsmap = model.normalizer_spec.precompiled_charsmap
        ids = SentencePiece(model).processor.encode(texts)
        yield {"model": kind, "values": metadata(model), "charsmap": base64.b64encode(charsmap).decode(),
               "unknown": 2 if kind == "t5" else 0, "texts": texts, "ids": [" ".join(map(str, line)) for line in ids]}


def unigram(path, corpus, moved, extra=True, falls_back=False):
    """As of T5; with ids moved, as of XLM-RoBERTa; or with all white space kept."""
    options = {} if moved else {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
    model = sentencepieces.train(corpus, vocab_size=700, byte_fallback=falls_back, remove_extra_whitespaces=extra, **options)
    values = metadata(model, 3, ["<s>", "<pad>", "</s>", "<unk>"]) if moved else metadata(model)
    if moved:
        values["token_type"][3] = UNKNOWN
    gguf(path, {"model": "t5", "pre": "default", **values, "add_space_prefix": True, "remove_extra_whitespaces": extra,
                "precompiled_charsmap": gguf_file.u8s(model.normalizer_spec.precompiled_charsmap),
                "unknown_token_id": 3 if moved else 2, "eos_token_id": 2 if moved else 1, "padding_token_id": 1 if moved else 0,
                **({"bos_token_id": 0, "add_bos_token": True, "add_eos_token": True} if moved else {})})
    return SentencePiece(model, (lambda id: id + 1 if id >= 3 else 3) if moved else lambda id: id)


def makers(texts):
    """name -> what writes the GGUF file and returns its reference."""
    corpus = list(make.corpus())
    described = pairs(texts)
    return {
        "gguf-bert": word_piece,
        "gguf-llama": lambda path: llama(path, corpus, True),
        "gguf-gemma": lambda path: llama(path, corpus, False),
        "gguf-llama-folded": lambda path: llama(path, corpus, True, True),
        "gguf-t5": lambda path: unigram(path, corpus, False),
        "gguf-t5-spaces": lambda path: unigram(path, corpus, False, False),
        "gguf-t5-bytes": lambda path: unigram(path, corpus, False, True, True),
        "gguf-xlmr": lambda path: unigram(path, corpus, True),
        **{f"gguf-{name}": lambda path, name=name: byte_pairs(path, described, name) for name in PRE},
    }


if __name__ == "__main__":
    make.write(HERE / "golden/pieces.json", golden())
