"""Whether a value keeps to a schema, for tests that have no jsonschema: check-schemas holds it against that."""
import re


def types_of(value):
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, (int, float)):
        return {"number", "integer"} if value == int(value) else {"number"}
    return {{str: "string", list: "array", dict: "object"}[type(value)]}


def same(left, right):
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


def is_date(text):
    import datetime
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


FORMATS = {"date": is_date, "uuid": lambda text: re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)}


def keeps(schema, value, root=None):
    """Raises no error: what of a schema is unknown here is a KeyError."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        return schema
    return all(KEYWORDS[word](schema, wanted, value, root) for word, wanted in schema.items())


def reference(_, place, value, root):
    found = root
    for part in place.split("/")[1:]:
        found = found[part]
    return keeps(found, value, root)


def items(schema, wanted, value, root):
    return not isinstance(value, list) or all(keeps(wanted, item, root) for item in value[len(schema.get("prefixItems", [])):])


def prefix(_, wanted, value, root):
    return not isinstance(value, list) or all(keeps(one, item, root) for one, item in zip(wanted, value))


def properties(_, wanted, value, root):
    return not isinstance(value, dict) or all(keeps(one, value[name], root) for name, one in wanted.items() if name in value)


def others(schema, wanted, value, root):
    return not isinstance(value, dict) or all(keeps(wanted, value[name], root) for name in value.keys() - schema.get("properties", {}).keys())


def of(kind, test):
    return lambda schema, wanted, value, root: not types_of(value) & kind or bool(test(wanted, value))


TEXT, NUMBER, LIST, OBJECT = {"string"}, {"number"}, {"array"}, {"object"}
KEYWORDS = {
    "type": lambda schema, wanted, value, root: bool(types_of(value) & set([wanted] if isinstance(wanted, str) else wanted)),
    "enum": lambda schema, wanted, value, root: any(same(one, value) for one in wanted),
    "const": lambda schema, wanted, value, root: same(wanted, value),
    "anyOf": lambda schema, wanted, value, root: any(keeps(one, value, root) for one in wanted),
    "oneOf": lambda schema, wanted, value, root: sum(keeps(one, value, root) for one in wanted) == 1,
    "allOf": lambda schema, wanted, value, root: all(keeps(one, value, root) for one in wanted),
    "$ref": reference, "items": items, "prefixItems": prefix, "properties": properties, "additionalProperties": others,
    "required": of(OBJECT, lambda wanted, value: set(wanted) <= value.keys()),
    "minItems": of(LIST, lambda wanted, value: len(value) >= wanted),
    "maxItems": of(LIST, lambda wanted, value: len(value) <= wanted),
    "minLength": of(TEXT, lambda wanted, value: len(value) >= wanted),
    "maxLength": of(TEXT, lambda wanted, value: len(value) <= wanted),
    "pattern": of(TEXT, lambda wanted, value: re.search(wanted, value)),
    "format": of(TEXT, lambda wanted, value: FORMATS[wanted](value)),
    "minimum": of(NUMBER, lambda wanted, value: value >= wanted),
    "maximum": of(NUMBER, lambda wanted, value: value <= wanted),
    "exclusiveMinimum": of(NUMBER, lambda wanted, value: value > wanted),
    "exclusiveMaximum": of(NUMBER, lambda wanted, value: value < wanted),
    "$defs": lambda schema, wanted, value, root: True,
    "title": lambda schema, wanted, value, root: True,
    "description": lambda schema, wanted, value, root: True,
}
