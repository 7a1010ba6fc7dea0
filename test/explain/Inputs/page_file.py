"""What a page of `heddle explain` holds, and size expressions in Python."""
import base64
import fractions
import json
import re
import zlib


class Page:
    def __init__(self, path):
        self.path = path
        html = path.read_text(encoding="utf-8")
        self.size = len(html)
        self.html = re.sub(r'<script type="text/plain".*?</script>', "", html, flags=re.S)
        self.chunks = dict(re.findall(r'<script type="text/plain" id="data-([\w-]+)">([A-Za-z0-9+/=]+)</script>', html))
        self.facts = json.loads(self.chunk("facts"))
        flat = self.facts["places"]
        self.places = [list(zip(lines[::2], lines[1::2])) for lines in flat]
        self.stages = {stage["name"]: self.expanded(stage["places"]) for stage in self.facts["stages"]}

    def chunk(self, name):
        return zlib.decompress(base64.b64decode(self.chunks[name])).decode()

    def text(self, stage):
        return self.chunk(f"text-{stage}")

    @staticmethod
    def expanded(runs):
        return [number for count, number in zip(runs[::2], runs[1::2]) for _ in range(count)]

    def file_named(self, name):
        return next(number for number, file in enumerate(self.facts["files"]) if file["name"].endswith(name))

    def lines_from(self, file, line):
        """By stage, the lines (from 1) that a line of the model became."""
        sets = {number for number, lines in enumerate(self.places) if (file, line) in lines}
        return {stage: [at + 1 for at, number in enumerate(numbers) if number in sets] for stage, numbers in self.stages.items()}

    def model_lines(self, stage, line):
        """Of a line of a stage, the lines of the model."""
        return [f"{self.facts['files'][file]['name'].rsplit('/', 1)[-1]}:{at}" for file, at in self.places[self.stages[stage][line - 1]]]


def evaluate(text, sizes):
    """A canonical size expression, exactly; rounded up."""
    total = fractions.Fraction(0)
    for sign, term in re.findall(r"([+-]?)([^+-]+)", text.replace("^-", "^~")):
        value = fractions.Fraction(-1 if sign == "-" else 1)
        for operator, name, power in re.findall(r"([*/]?)(\w+)(?:\^(\d+))?", term):
            factor = fractions.Fraction(int(name) if name.isdigit() else sizes[name]) ** int(power or 1)
            value = value / factor if operator == "/" else value * factor
        total += value
    return -(-total.numerator // total.denominator)
