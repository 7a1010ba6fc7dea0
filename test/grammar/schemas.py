"""Schemas at random, in the ways of published ones."""
import random

NAMES = ["a", "b", "name", "id", "größe", "x-y", "a b", 'na"me', "tags", "kind", "items", "value_1"]
PATTERNS = [r"^[a-z]{2,5}$", r"^\d{3}-\d{4}$", r"foo", r"^a|b$", r"^(ab|cd)*$", r"^[^\d\s]+$", r"^\S+@\S+\.[a-z]{2,3}$", r"^[A-Z]\w*$",
            r"^.{3}$", r"[äöü]{2}", r"^(?:x|y{2,3}?)+\.$", r"^\u0041[\x41-\x43]?$", r'^"quoted\\$']
VALUES = ["red", "green", 'bl"ue', 1, 2.5, None, True, "é\n", [1, {"a": 2}], {"k": []}]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def bounds(self, low, width):
        bounds = {}
        if self.chance(.6):
            bounds[self.random.choice(["minimum", "exclusiveMinimum"])] = low
        if self.chance(.6):
            bounds[self.random.choice(["maximum", "exclusiveMaximum"])] = round(low + width, 3)
        return bounds

    def string(self):
        kind, least = self.random.randrange(5), self.random.randrange(6)
        if kind == 0:
            return {"type": "string", "pattern": self.random.choice(PATTERNS)}
        if kind == 1:
            return {"type": "string", "format": self.random.choice(["date", "date-time", "time", "duration", "uuid", "ipv4", "ipv6", "hostname", "email", "uri"])}
        if kind == 2:
            return {"type": "string", "pattern": r"^(?:[a-d]{2}|\d)*$", "minLength": least, "maxLength": least + 2}
        lengths = {"minLength": least, "maxLength": least + self.random.randrange(8)}
        return {"type": "string", **{key: lengths[key] for key in lengths if self.chance(.6)}}

    def scalar(self):
        kind = self.random.randrange(8)
        if kind == 0:
            return {"type": "integer", **self.bounds(self.random.randrange(-200, 200), self.random.randrange(1, 300))}
        if kind == 1:
            low = round(self.random.uniform(-20, 20), self.random.randrange(4))
            return {"type": "number", **self.bounds(low, round(self.random.uniform(.01, 30), 3))}
        if kind == 2:
            return {"type": "boolean"}
        if kind == 3:
            return {"enum": self.random.sample(VALUES, self.random.randrange(1, 5))}
        if kind == 4:
            return {"const": self.random.choice(["x", 5, None, {"a": [1, 2], "b": {}}, [], -1.5])}
        return self.string()

    def object(self, levels):
        names = self.random.sample(NAMES, self.random.randrange(5))
        schema = {"type": "object", "properties": {name: self.schema(levels - 1) for name in names}}
        if names and self.chance(.8):
            schema["required"] = self.random.sample(names, self.random.randrange(len(names) + 1))
        others = self.random.random()
        if others < .6:
            schema["additionalProperties"] = False if others < .3 else self.schema(levels - 1) if others < .5 else True
        if self.chance(.1):
            del schema["type"]
        return schema

    def array(self, levels):
        schema, least = {"type": "array"}, self.random.randrange(3)
        if self.chance(.8):
            schema["items"] = self.schema(levels - 1)
        if self.chance(.25):
            schema["prefixItems"] = [self.schema(levels - 1) for _ in range(self.random.randrange(1, 3))]
        if self.chance(.4):
            schema["minItems"] = least
        if self.chance(.7):
            schema["maxItems"] = least + self.random.randrange(4)
        return schema

    def one_of(self, levels):
        if self.chance(.5):
            return {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}][:self.random.randrange(1, 4)]}
        return {"oneOf": [{"type": "object", "properties": {"kind": {"const": name}, "v": self.schema(levels - 1)}, "required": ["kind"]}
                          for name in "abc"[:self.random.randrange(1, 4)]]}

    def all_of(self, levels):
        return {"allOf": [{"type": "object", "properties": {"a": self.schema(levels - 1)}, "required": ["a"]},
                          {"type": "object", "properties": {"b": self.schema(levels - 1), "a": {}}, "required": self.random.choice([[], ["b"]])}]}

    def several(self):
        types = self.random.sample(["string", "null", "integer", "array", "object", "boolean", "number"], self.random.randrange(1, 4))
        return {"type": types, "maxLength": 3, "minimum": 2, "maxItems": 2}

    def schema(self, levels):
        if levels <= 0 or self.chance(.25):
            return self.scalar()
        kind = self.random.randrange(9)
        if kind <= 2:
            return self.object(levels)
        if kind <= 4:
            return self.array(levels)
        if kind == 5:
            return {"anyOf": [self.schema(levels - 1) for _ in range(self.random.randrange(1, 4))]}
        if kind == 6:
            return self.one_of(levels)
        if kind == 7:
            return self.all_of(levels)
        return {"$ref": "#/$defs/" + self.random.choice(["node", "leaf"])} if self.chance(.5) else self.several()

    def whole(self):
        node = {"type": "object", "required": ["v"], "properties": {
            "v": self.scalar(), "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 2}}}
        return {**self.schema(3), "$defs": {"node": node, "leaf": self.scalar()}}
