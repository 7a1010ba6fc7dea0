#!/usr/bin/env python3
"""Makes spans.json: where the tokens of texts.json stand in it, and in which piece, as Hugging Face's library says.

    pip install tokenizers==0.23.3
    python3 make_spans.py

A token is BEGIN-END.PIECE, in characters, or -.PIECE where nothing of the text is in it. Long texts are left out, and those that are not composed: which of several characters that
become one a token stands for, the library tells by how it came to it. So are those with tokens of
Roberta's written out, behind which it puts a space that it then takes off the text, and
those that begin with a space.
"""
import json
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).parent
ODD = {" ", "\x01", *map(chr, range(0x300, 0x370))}
# Name, and whether its post-processor trims offsets.
TOKENIZERS = {"bert": False, "roberta": True, "gpt2": False, "albert": False, "xlmr": False, "wordlevel": False, "unigram-bytes": False,
              "metaspace": False}


def spans(tokenizer, text):
    found = tokenizer.encode(text, add_special_tokens=False)
    return " ".join(f"{begin}-{end}.{word}" if begin < end else f"-.{word}" for (begin, end), word in zip(found.offsets, found.word_ids))


def main():
    texts = [text for text in json.loads((HERE / "texts.json").read_text())
             if len(text) < 80 and unicodedata.normalize("NFC", text) == text and text[:1] not in ODD
             and not any(token in text for token in ("<s>", "</s>", "<unk>", "<mask>"))]
    result = {"texts": texts, "tokenizers": {}}
    for name, trims in TOKENIZERS.items():
        tokenizer = Tokenizer.from_file(str(HERE / f"{name}.tokenizer.json"))
        result["tokenizers"][name] = {"trims": trims, "spans": [spans(tokenizer, text) for text in texts]}
    (HERE / "spans.json").write_text(json.dumps(result, ensure_ascii=False, indent=0) + "\n")


if __name__ == "__main__":
    main()
