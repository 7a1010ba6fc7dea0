"""Writes GGUF files, version 3, with the standard library alone: what llama.cpp's converters make of a checkpoint of transformers."""
import array
import math
import struct

ALIGNMENT = 32
F32, F16, Q8_0, Q4_1 = 0, 1, 8, 3


class Typed:
    """A value of another type than its kind in Python has by itself."""

    def __init__(self, number, form, *fields):
        self.number, self.form, self.fields = number, form, fields


def u16(value):
    return Typed(2, "<H", value)


def i32(value):
    return Typed(5, "<i", value)


def u8s(data):
    return Typed(9, f"<IQ{len(data)}s", 0, len(data), data)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def typed(value):
    """The number of its type, and its bytes."""
    if isinstance(value, Typed):
        return value.number, struct.pack(value.form, *value.fields)
    if isinstance(value, bool):
        return 7, struct.pack("<B", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, (str, bytes)):
        return 8, text(value)
    # Whole numbers of arrays have a sign.
    elements = [typed(i32(e) if isinstance(e, int) and not isinstance(e, bool) else e) for e in value]
    return 9, struct.pack("<IQ", elements[0][0] if elements else 5, len(elements)) + b"".join(data for _, data in elements)


def value(key, content):
    number, data = typed(content)
    return text(key) + struct.pack("<I", number) + data


def rounded(number, form):
    return struct.unpack(form, struct.pack(form, number))[0]


def blocks_q8_0(values):
    """Blocks of 32, and the numbers that they stand for."""
    data, numbers = bytearray(), array.array("f")
    for at in range(0, len(values), 32):
        block = values[at:at + 32]
        scale = rounded(max(map(abs, block)) / 127, "<e")
        integers = [max(-127, min(127, round(v / scale))) if scale else 0 for v in block]
        data += struct.pack("<e32b", scale, *integers)
        numbers.extend(scale * i for i in integers)
    return bytes(data), numbers


def blocks_q4_1(values):
    data, numbers = bytearray(), array.array("f")
    for at in range(0, len(values), 32):
        block = values[at:at + 32]
        scale, least = rounded((max(block) - min(block)) / 15, "<e"), rounded(min(block), "<e")
        integers = [max(0, min(15, round((v - least) / scale))) if scale else 0 for v in block]
        data += struct.pack("<ee16B", scale, least, *(integers[i] | integers[i + 16] << 4 for i in range(16)))
        numbers.extend(rounded(scale * i, "<f") + least for i in integers)
    return bytes(data), numbers


def halves(values):
    data = struct.pack(f"<{len(values)}e", *values)
    return data, array.array("f", struct.unpack(f"<{len(values)}e", data))


ENCODERS = {F32: lambda values: (values.tobytes(), values), F16: halves, Q8_0: blocks_q8_0, Q4_1: blocks_q4_1}


def encoded(values, kind):
    """The bytes of a tensor's elements, and the numbers that are in them."""
    return ENCODERS[kind](values)


def header(values, tensors, version=3):
    """values: key -> content. tensors: (name, shape, type, offset)."""
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(values))
    out += b"".join(value(key, content) for key, content in values.items())
    for name, shape, kind, offset in tensors:
        out += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), kind, offset)
    return out


def write(path, values, tensors):
    """tensors: name -> (shape, type, bytes)."""
    data, places = bytearray(), []
    for name, (shape, kind, content) in tensors.items():
        places.append((name, shape, kind, len(data)))
        data += content
        data += bytes(-len(data) % ALIGNMENT)
    head = header(values, places)
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + data)


def write_split(stem, values, tensors, count):
    """The same in `count` files; the paths."""
    names, paths = list(tensors), []
    for part in range(count):
        path = stem.with_name(f"{stem.name}-{part + 1:05}-of-{count:05}.gguf")
        own = names[part * len(names) // count:(part + 1) * len(names) // count]
        split = {"split.no": u16(part), "split.count": u16(count), "split.tensors.count": i32(len(names))}
        write(path, {**(values if part == 0 else {}), **split}, {name: tensors[name] for name in own})
        paths.append(path)
    return paths


def rows_of(values, count):
    width = len(values) // count
    return [values[i * width:(i + 1) * width] for i in range(count)]


def joined(rows):
    out = array.array("f")
    for row in rows:
        out.extend(row)
    return out


def transposed(values, rows):
    columns = len(values) // rows
    return array.array("f", (values[i * columns + j] for j in range(columns) for i in range(rows)))


def product(shape):
    return math.prod(shape)
