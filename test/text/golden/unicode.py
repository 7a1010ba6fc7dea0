#!/usr/bin/env python3
"""Prints runtime/text/UnicodeRanges.inc, or with an argument GraphemeRanges.inc: which characters Hugging Face's library takes for what, asked one by one.

Its crates were generated from several versions of Unicode (8 for the BERT normalizer, 9 for normal forms, 16 for numbers and words),
so no one version of a Unicode library gives the same answers. pip install tokenizers==0.23.3 sentencepiece==0.2.3
"""
import io
import sys
import tempfile
import unicodedata

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import normalizers, pre_tokenizers

CLEAN = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
ACCENTS = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
MARKS = normalizers.StripAccents()
PUNCTUATION = pre_tokenizers.Punctuation()
WORDS = pre_tokenizers.Whitespace()
DIGITS = pre_tokenizers.Digits(individual_digits=True)



def charsmap(rules):
    """A Precompiled normalizer of {character: its replacement}."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{ord(source):X}\t{ord(target):X}\n" for source, target in rules.items())
        file.flush()
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c d e f g h"] * 9), model_writer=model, vocab_size=12,
                                                 hard_vocab_limit=False, normalization_rule_tsv=file.name, minloglevel=2)
    read = sentencepiece_model_pb2.ModelProto()
    read.ParseFromString(model.getvalue())
    return normalizers.Precompiled(read.normalizer_spec.precompiled_charsmap)


# A grapheme of less than six bytes is replaced by what becomes of its first character; the others go character by character. So
# what a mark behind a known character becomes shows whether that one begins a grapheme.
GRAPHEMES = charsmap({"a": "X", "\u0301": "Z", "\u2602": "Y", "\u0915": "Q"})


def graphemes(text, end):
    return GRAPHEMES.normalize_str(text).endswith(end)


def extends(c):
    return GRAPHEMES.normalize_str("a" + c) == "X"


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
GRAPHEME_TABLES = [
    ("extenders", "Grapheme_Cluster_Break is Extend, ZWJ or SpacingMark", extends),
    ("spacingMarks", "of those, SpacingMark",
     lambda c: extends(c) and c != "\u200c" and not graphemes("\u0917\u094d" + c + "\u0915\u0301", "QZ")),
    ("linkers", "Indic_Conjunct_Break is Linker", lambda c: extends(c) and graphemes("\u0917" + c + "\u0915\u0301", "QZ")),
    ("consonants", "Indic_Conjunct_Break is Consonant", lambda c: graphemes(c + "\u094d\u0915\u0301", "QZ")),
    ("prepended", "Grapheme_Cluster_Break is Prepend", lambda c: c != "\u0301" and graphemes(c + "a\u0301", "XZ")),
    ("controls", "Grapheme_Cluster_Break is Control",
     lambda c: c not in "\u0301\u2602" and not graphemes(c + "\u0301\u0301", "ZZ")),
    ("pictographs", "Extended_Pictographic", lambda c: graphemes(c + "\u200d\u2602\u0301", "YZ")),
]

print("// Made by test/text/golden/unicode.py: Hugging Face's own idea of these properties. First and last of each range.")
for name, what, member in GRAPHEME_TABLES if len(sys.argv) > 1 else TABLES:
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

if len(sys.argv) == 1:
    # What utf8proc 2.8 knows is Unicode 14, and so is what Python 3.11 knows.
    assert unicodedata.unidata_version == "14.0.0"
    runs = []
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        lower = normalizers.Lowercase().normalize_str(chr(code))
        if lower == chr(code).lower():
            continue
        if runs and (runs[-1][1] + 1, runs[-1][2] + code - runs[-1][0]) == (code, ord(lower)):
            runs[-1][1] = code
        else:
            runs.append([code, code, ord(lower)])
    print("\n// capitals that are younger than Unicode 14, and the lower case of the first")
    print("static constexpr struct {\n  uint32_t first, last, lower;\n} youngCapitals[] = {")
    print("\n".join(f"    {{{first:#x}, {last:#x}, {lower:#x}}}," for first, last, lower in runs) + "\n};")
