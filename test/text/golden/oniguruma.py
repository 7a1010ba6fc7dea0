#!/usr/bin/env python3
"""Prints compiler/checkpoint/OnigurumaSets.inc: which characters the properties of Hugging Face's regular expressions have and those
of the system's PCRE2 have not, and the other way round. Both libraries are asked.

    pip install tokenizers==0.23.3 regex
"""
import ctypes

import regex
from tokenizers import Regex, pre_tokenizers

CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
TEXT = "".join(map(chr, CODES))
BYTES = TEXT.encode()
# Where the character begins that a byte belongs to.
PLACES = {}
at = 0
for index, character in enumerate(TEXT):
    PLACES[at] = index
    at += len(character.encode())
PLACES[at] = len(TEXT)

PCRE2 = ctypes.CDLL("libpcre2-8.so.0")
for function in ("pcre2_compile_8", "pcre2_match_data_create_8"):
    getattr(PCRE2, function).restype = ctypes.c_void_p
PCRE2.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
UTF, UCP, NO_UTF_CHECK = 0x80000, 0x20000, 0x40000000


def oniguruma(expression):
    """The characters that it matches; None: it is refused."""
    try:
        split = pre_tokenizers.Split(Regex(f"(?:{expression})+"), "removed", invert=True)
    except Exception:  # noqa: BLE001  the library has no narrower one
        return None
    return {code for _, (begin, end) in split.pre_tokenize_str(TEXT) for code in CODES[begin:end]}


def pcre2(expression):
    pattern, error, place = f"(?:{expression})+".encode(), ctypes.c_int(), ctypes.c_size_t()
    code = PCRE2.pcre2_compile_8(pattern, ctypes.c_size_t(len(pattern)), UTF | UCP, ctypes.byref(error), ctypes.byref(place), None)
    if not code:
        return None
    code, found, begin = ctypes.c_void_p(code), set(), 0
    data = ctypes.c_void_p(PCRE2.pcre2_match_data_create_8(1, None))
    while PCRE2.pcre2_match_8(code, BYTES, ctypes.c_size_t(len(BYTES)), ctypes.c_size_t(begin), NO_UTF_CHECK, data, None) > 0:
        first, begin = PCRE2.pcre2_get_ovector_pointer_8(data)[0:2]
        found.update(CODES[PLACES[first]:PLACES[begin]])
    return found


def contents(codes):
    """As the contents of a class."""
    ranges = []
    for code in sorted(codes):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return [f"\\\\x{{{first:x}}}" + (f"-\\\\x{{{last:x}}}" if last > first else "") for first, last in ranges]


def literals(parts):
    """String literals side by side, each short enough for a line."""
    lines, line = [], ""
    for part in parts:
        if len(line) + len(part) > 100:
            lines.append(line)
            line = ""
        line += part
    return [f'"{line}"' for line in [*lines, line]]


def row(name, there, here):
    """The words of a row, which fill lines."""
    added, lost = literals(contents(there - (here or set()))), literals(contents((here or set()) - there))
    return [f'{{"{name}",', f"{str(bool(here)).lower()},", *added[:-1], added[-1] + ",", *lost[:-1], lost[-1] + "},"]


def table(name, rows):
    print(f"\nstatic constexpr OnigurumaSet {name}[] = {{")
    line = "   "
    for word in sum(rows, []):
        if len(line) + 1 + len(word) > 120:
            print(line)
            line = "   "
        line += " " + word
    print(line + "\n};")


CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn".split()
BINARY = ("Alphabetic Uppercase Lowercase White_Space Emoji Emoji_Presentation Emoji_Modifier Emoji_Modifier_Base Emoji_Component "
          "Extended_Pictographic Ideographic Math Dash Diacritic Extender Cased ID_Start ID_Continue XID_Start XID_Continue Hex_Digit").split()
SCRIPTS = {}  # number -> its names
for script, number in regex._regex_core._regex.get_properties()["SCRIPT"][1].items():
    SCRIPTS.setdefault(number, []).append(script)


def main():
    print("// Made by test/text/golden/oniguruma.py: sets of characters as Hugging Face's library knows them (Unicode 16) beside the system's\n"
          "// PCRE2 (14). A name, whether PCRE2 has it, what it lacks there and what it has too many, as contents of classes.")
    rows = []
    for name in CATEGORIES + BINARY:
        there, here = oniguruma(rf"\p{{{name}}}"), pcre2(rf"\p{{{name}}}")
        if there and here:
            rows.append(row(name.replace("_", "").lower(), there, here))
    table("propertySets", rows)
    rows = []
    for names in SCRIPTS.values():
        names = [name for name in sorted(names) if oniguruma(rf"\p{{{name}}}")]
        if names:
            rows.append(row(" ".join(names).lower(), oniguruma(rf"\p{{{names[0]}}}"), pcre2(rf"\p{{sc:{names[0]}}}")))
    table("scriptSets", rows)


if __name__ == "__main__":
    main()
