#!/usr/bin/env python3
"""Prints runtime/text/UnicodeRanges.inc: which characters Hugging Face's library takes for what, asked one by one.

Its crates were generated from several versions of Unicode (8 for the BERT normalizer, 9 for normal forms, 16 for numbers and words),
so no one version of a Unicode library gives the same answers. pip install tokenizers==0.23.3
"""
from tokenizers import normalizers, pre_tokenizers

CLEAN = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
ACCENTS = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
MARKS = normalizers.StripAccents()
PUNCTUATION = pre_tokenizers.Punctuation()
WORDS = pre_tokenizers.Whitespace()
DIGITS = pre_tokenizers.Digits(individual_digits=True)

TABLES = [
    ("controls", "general categories Cc, Cf and Co, save tab and line ends",
     lambda c: c not in "\0\ufffd" and CLEAN.normalize_str(c) == ""),
    ("nonspacingMarks", "general category Mn", lambda c: ACCENTS.normalize_str(c) == ""),
    ("marks", "general category M", lambda c: MARKS.normalize_str(c) == ""),
    ("punctuation", "general category P, and ASCII punctuation",
     lambda c: len(PUNCTUATION.pre_tokenize_str("a" + c)) == 2),
    ("numbers", "general category N", lambda c: len(DIGITS.pre_tokenize_str("a" + c)) == 2),
    ("wordCharacters", r"\w of the Whitespace pre-tokenizer and of added tokens that match single words",
     lambda c: [piece for piece, _ in WORDS.pre_tokenize_str("a" + c)] == ["a" + c]),
]

print("// Made by test/text/golden/unicode.py: Hugging Face's own idea of these properties. First and last of each range.")
for name, what, member in TABLES:
    ranges = []
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000 or not member(chr(code)):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    print(f"\n// {what}; beyond ASCII\nstatic constexpr CharacterRange {name}[] = {{")
    line = "   "
    for first, last in ranges:
        cell = f" {{{first:#x}, {last:#x}}},"
        if len(line) + len(cell) > 120:
            print(line)
            line = "   "
        line += cell
    print(line + "\n};")
