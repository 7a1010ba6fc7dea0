"""Tokenizers that no honest one is like: hostile_tokenizer.py KIND > tokenizer.json.

normalizer   thirty times, "a" becomes "aa"
decoder      five times, a letter becomes a thousand
expression   a million ways to fail, at every place
added        an added token of 2000 bytes
spaces       an added token of one space that swallows white space on its right
"""
import json
import sys

kind = sys.argv[1]


def replace(pattern, content):
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def sequence(key, steps):
    return {"type": "Sequence", key: steps}


def added(content, **flags):
    token = {"id": 128, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": False}
    return [token | flags]


tokenizer = {
    "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None,
    "decoder": None,
    "model": {"type": "BPE", "unk_token": None, "vocab": {chr(code): code for code in range(128)}, "merges": []}}
if kind == "normalizer":
    tokenizer["normalizer"] = sequence("normalizers", 30 * [replace("a", "aa")])
elif kind == "decoder":
    tokenizer["decoder"] = sequence("decoders", [replace(old, 1000 * new) for old, new in zip("abcde", "bcdef")])
elif kind == "expression":
    tokenizer["pre_tokenizer"] = {"type": "Split", "pattern": {"Regex": "(?:a?){20}a{20}b|c|."}, "behavior": "Isolated",
                                  "invert": False}
elif kind == "added":
    tokenizer["added_tokens"] = added(2000 * "x")
elif kind == "spaces":
    tokenizer["model"]["vocab"].pop(" ")
    tokenizer["added_tokens"] = added(" ", id=32, rstrip=True)
else:
    sys.exit(f"unknown kind {kind}")
json.dump(tokenizer, sys.stdout)
