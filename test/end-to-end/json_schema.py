"""json_schema.py HEDDLE EXAMPLES FOLDER: texts of examples/scripture keep to JSON schemas, whatever else is asked for."""
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "grammar"))
from validate import keeps

WORD = {"type": "string", "minLength": 1, "maxLength": 12}
SCHEMAS = [
    {"type": "object", "properties": {"name": WORD, "age": {"type": "integer", "minimum": 0, "maximum": 969},
                                      "tribe": {"enum": ["Judah", "Levi", "Dan"]}}, "required": ["name", "age", "tribe"]},
    {"type": "array", "items": {"type": "array", "items": {"type": "integer", "minimum": -9, "maximum": 9}, "minItems": 2, "maxItems": 3}, "maxItems": 3},
    {"type": "string", "maxLength": 30},
    {"type": "string", "pattern": "^[A-Z][a-z]{2,8}( [a-z]{1,6}){2}[.!]$"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "uuid"},
    {"type": "integer"},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1.5},
    {"type": "boolean"},
    {"const": {"é": [1, 2.5, None, "\n\"\\"]}},
    {"enum": ["And", "And God", "And God said", 1, 12]},
    {"anyOf": [{"type": "null"}, WORD, {"type": "integer", "maximum": -1000, "minimum": -1100}]},
    {"oneOf": [{"type": "object", "properties": {"kind": {"const": kind}, "v": one}, "required": ["kind", "v"]}
               for kind, one in (("a", WORD), ("b", {"type": "null"}))]},
    {"allOf": [{"type": "object", "properties": {"a": WORD}, "required": ["a"]},
               {"properties": {"a": {"maxLength": 3}, "b": {"type": "boolean"}}, "required": ["b"]}]},
    {"type": "object", "properties": {"v": {"type": "integer", "minimum": 1, "maximum": 99}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
     "required": ["v", "next"]},
    {"type": "object", "additionalProperties": {"type": "boolean"}, "properties": {"a": WORD}, "required": ["a"]},
    {"type": "object", "properties": {"a": WORD, "b": WORD, "c": WORD}},
    {"type": "array", "prefixItems": [WORD, {"type": "boolean"}], "items": {"type": "null"}, "minItems": 2, "maxItems": 4},
    {"type": ["string", "null"], "maxLength": 9, "title": "a", "description": "b"},
    {"$ref": "#/$defs/pair", "$defs": {"pair": {"type": "array", "items": WORD, "minItems": 2, "maxItems": 2}}},
    True,
]


class Tests:
    def __init__(self, heddle, examples, folder):
        self.heddle, self.examples, self.folder = heddle, pathlib.Path(examples), pathlib.Path(folder)
        self.program = self.folder / "scripture"
        subprocess.run([heddle, "build", "--cpu=native", pathlib.Path(examples) / "scripture", "-o", self.program], check=True, capture_output=True)

    def run(self, schema, *arguments, code=0, prompts=("And Moses said",), text=None):
        file = self.folder / "schema.json"
        file.write_text(schema if isinstance(schema, str) else json.dumps(schema, ensure_ascii=False), encoding="utf-8")
        command = [self.program, *([] if text else prompts), "--json-schema", file, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, input=text)
        assert done.returncode == code, (schema, arguments, done.returncode, done.stderr)
        return done

    def texts(self, schema, *arguments, **options):
        return [json.loads(line)["text"] for line in self.run(schema, "--format", "json", "--no-echo", *arguments, **options).stdout.splitlines()]

    def keeping(self):
        whole = 0
        for schema in SCHEMAS:
            for temperature in (0, 1.5):
                texts = self.texts(schema, "-n", 300, "--temperature", temperature, "--samples", 4 if temperature else 1, "--seed", 7)
                for text in texts:
                    try:
                        value = json.loads(text)
                    except ValueError:
                        # What the context or -n has cut: of the endless ones only.
                        assert schema is True or "$ref" in json.dumps(schema) or "additionalProperties" in schema, (schema, text)
                        continue
                    assert keeps(schema, value), (schema, text)
                    whole += 1
        assert whole > 90, whole

    def spread(self):
        """All values that there are come up, and each as often as the model has it."""
        texts = self.texts({"enum": [1, 2, 3]}, "-n", 3, "--temperature", 1.5, "--samples", 40)
        assert set(texts) == {"1", "2", "3"}, texts

    def same(self):
        """With one thread or two, alone or in a batch, in one call or several: the same texts."""
        schema, options = SCHEMAS[0], ["-n", 200, "--temperature", 1.2, "--seed", 3]
        prompts = ("And Moses said", "In the beginning", "Blessed")
        together = self.texts(schema, *options, prompts=prompts)
        assert together == [self.texts(schema, *options, prompts=(one,))[0] for one in prompts]
        assert together == self.texts(schema, *options, "--threads", 1, prompts=prompts)
        assert together == self.texts(schema, *options, "--lines", text="\n".join(prompts) + "\n")

    def others(self):
        stopped = self.texts(SCHEMAS[2], "-n", 90, "--temperature", 0, "--stop", "e")
        assert "e" not in stopped[0] and stopped[0].startswith('"')
        told = json.loads(self.run(SCHEMAS[8], "-n", 9, "--format", "json", "--logprobs", 2).stdout)["logprobs"]
        # The model's own distribution, in which JSON is nothing likely.
        assert told[0]["id"] != told[0]["top"][0]["id"] and told[0]["logprob"] < told[0]["top"][0]["logprob"]

    def chat(self):
        checkpoint, file = self.folder / "checkpoint", self.folder / "schema.json"
        shutil.copytree(self.examples / "scripture", checkpoint)
        (checkpoint / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content }}\n{% endfor %}")
        subprocess.run([self.heddle, "build", "--cpu=native", checkpoint, "-o", self.folder / "chatting"], check=True, capture_output=True)
        file.write_text(json.dumps(SCHEMAS[0]))
        done = subprocess.run([self.folder / "chatting", "--chat", "And God said", "And Moses", "--json-schema", file, "--temperature", "1", "-n", "90"],
                              check=True, capture_output=True, text=True)
        decoder, rest, answers = json.JSONDecoder(), done.stdout, []
        while rest.strip():
            value, length = decoder.raw_decode(rest.lstrip())
            rest = rest.lstrip()[length:]
            answers.append(value)
        assert len(answers) == 2 and all(keeps(SCHEMAS[0], answer) for answer in answers), done.stdout

    def refusals(self):
        def wrong(schema, *arguments):
            return self.run(schema, *arguments, code=1).stderr
        assert "json_schema: #/properties/a/multipleOf: this keyword is not known here" in wrong({"properties": {"a": {"multipleOf": 2}}})
        assert "json_schema: no JSON value at byte 0" in wrong("")
        assert "found a zero byte, needed a JSON schema" in wrong("{\0}")
        assert "--json-schema does not go with a search with beams" in wrong(True, "--beams", 2, "--temperature", 0)
        missing = subprocess.run([self.program, "a", "--json-schema", self.folder / "none"], capture_output=True, text=True)
        assert missing.returncode == 1 and "none" in missing.stderr


tests = Tests(*sys.argv[1:])
for name in ("keeping", "spread", "same", "others", "chat", "refusals"):
    getattr(tests, name)()
