#!/usr/bin/env python3
"""Writes SpecialCases.inc, from Python's tables: characters whose capital or title form is several characters, and digits
that are no decimal digits."""
import pathlib
import unicodedata


def parts(text):
    return "{" + ", ".join(f"0x{ord(character):x}" for character in text) + "}"


lines = ["// Written by special_cases.py: what str.upper() and str.title() make of characters that become several, and",
         "// digits that are no decimal digits.",
         "// clang-format off", "static constexpr SpecialCase specialCases[] = {"]
for code in range(0x110000):
    character = chr(code)
    if 0xD800 <= code < 0xE000 or len(character.upper()) == len(character.title()) == 1:
        continue
    lines.append(f"    {{0x{code:x}, {parts(character.upper())}, {parts(character.title())}}},")
lines += ["};", "static constexpr uint32_t otherDigits[][2] = {"]
ranges = []
for code in range(0x110000):
    if not chr(code).isdigit() or unicodedata.category(chr(code)) == "Nd":
        continue
    if ranges and ranges[-1][1] == code - 1:
        ranges[-1][1] = code
    else:
        ranges.append([code, code])
lines += [f"    {{0x{first:x}, 0x{last:x}}}," for first, last in ranges]
lines += ["};", "// clang-format on", ""]
pathlib.Path(__file__).with_name("SpecialCases.inc").write_text("\n".join(lines))
