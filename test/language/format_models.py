#!/usr/bin/env python3
"""format_models.py HEDDLE FILE...: heddle fmt gives each of these formatted files back, but for CRLF at the ends of all lines, whatever is done to its white space.

Words are moved apart and together, lines are split and joined wherever the language lets them be, indentation, empty lines, tabs,
CRLF and the end of the file are changed; what is the author's to choose stays: comments, one empty line or none, and whether the
statement of a body stands behind its brace.
"""
import random
import re
import subprocess
import sys

TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|->|\.\.|[=!<>]=|[^\s\w"#]')
BETWEEN = {"->", "..", "==", "!=", "<=", ">=", "-", "+", "*", "/", "%", "^", "<", ">", "=", "@", ",", ":", "|", "?",
           "and", "or", "as", "where", "when", "not", "in"}
CHANGES = 4


def gaps_of(text):
    """[(what stands before a token, the token)], the last token being empty."""
    pairs, gap = [], ""
    position = 0
    while position < len(text):
        if text[position].isspace() or text[position] == "#":
            end = text.find("\n", position) if text[position] == "#" else position + 1
            gap += text[position:end]
            position = end
            continue
        token = TOKEN.match(text, position)[0]
        pairs.append((gap, token))
        gap = ""
        position += len(token)
    return pairs + [(gap, "")]


class Mangler:
    def __init__(self, rng):
        self.rng = rng

    def blanks(self, least):
        return "".join(self.rng.choice(" \t" if self.rng.random() < 0.2 else " ")
                       for _ in range(self.rng.randint(least, least + 3)))

    def newline(self):
        return self.rng.choice(["", "", " ", "\t"]) + "\n" + self.blanks(0)

    def within(self, gap, left, right):
        """Between two tokens of one line, or of a line that goes on."""
        if gap == "" and (left in "." or right in "[."):
            return ""
        if left in ("{", "found") or self.rng.random() < 0.8:
            return self.blanks(1 if gap else 0) if left != "{" or right != "}" else gap
        return self.newline()

    def lines(self, gap, left, right):
        """Behind a line, with the comments and empty lines that stand there."""
        first, *others = gap.split("\n")
        result = self.blanks(0) + first.strip() if first.strip() else self.rng.choice(["", " "])
        for number, line in enumerate(others):
            isLast = number == len(others) - 1
            isEmpty = not line.strip() and not isLast
            copies = self.rng.randint(1, 3) if isEmpty else 1
            if not isEmpty and left == "{" and number == 0 and not first.strip():
                result += "\n" * self.rng.randint(0, 2)
            if isLast and right in ("}", ""):
                result += "\n" * self.rng.randint(0, 2)
            result += "\n" * copies + ("" if isEmpty else self.blanks(0) + line.strip())
        return result

    def mangle(self, text):
        result, left, depth = "", "", 0
        for gap, right in gaps_of(text):
            goesOn = depth > 0 or left in BETWEEN or right in BETWEEN
            if left == "" and "#" not in gap:
                result += "\n" * self.rng.randint(0, 2)
            elif "#" in gap or ("\n" in gap and not goesOn) or right == "":
                result += self.lines(gap, left, right)
            else:
                result += self.within(gap, left, right)
            depth += (right in ("(", "[")) - (right in (")", "]"))
            result += right
            left = right
        if self.rng.random() < 0.3:
            result = result.rstrip()
        return result.replace("\n", "\r\n") if self.rng.random() < 0.3 else result


def main():
    heddle, *files = sys.argv[1:]
    failed = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for seed in range(CHANGES):
            mangled = Mangler(random.Random(f"{path.rsplit('/', 1)[-1]} {seed}")).mangle(text)
            assert mangled != text, path
            done = subprocess.run([heddle, "fmt", "-"], input=mangled.encode(), capture_output=True)
            needed = text.replace("\n", "\r\n") if "\r\n" in mangled else text    # lines end as the first one does
            if done.returncode or done.stdout.decode() != needed:
                failed += 1
                print(f"{path}, change {seed}: {done.stderr.decode()}\n{mangled}\n--- became\n{done.stdout.decode()}")
    print(f"{len(files)} files, {failed} failed")
    sys.exit(bool(failed or not files))


main()
