"""Files as torch.save writes them, in a zip file or in the form before PyTorch 1.6. Standard library alone."""
import struct
import zipfile

STORAGES = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage", "F64": "DoubleStorage", "I64": "LongStorage",
            "I32": "IntStorage", "U8": "ByteStorage", "BOOL": "BoolStorage"}
WIDTHS = {"F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}


class Tensor:
    """A view of the storage `key`, which has `data`."""

    def __init__(self, dtype, shape, data, key, first=0, strides=None):
        self.dtype, self.shape, self.data, self.key, self.first = dtype, shape, data, key, first
        self.strides = strides or row_major(shape)


def row_major(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= size
    return strides


def turned(dtype, shape, data, key):
    """A matrix that is stored the other way round."""
    rows, columns = shape
    width = WIDTHS[dtype]
    at = lambda r, c: data[(r * columns + c) * width:(r * columns + c + 1) * width]  # noqa: E731
    stored = b"".join(at(r, c) for c in range(columns) for r in range(rows))
    return Tensor(dtype, shape, stored, key, strides=[1, rows])


def name(module, name):
    return f"c{module}\n{name}\n".encode()


def instructions(value, legacy=False):
    """What makes a value."""
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return b"\x8a\x08" + struct.pack("<q", value)
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        items = b"".join(instructions(item, legacy) for item in value)
        return b"(" + items + b"t" if isinstance(value, tuple) else b"](" + items + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(instructions(key) + instructions(item, legacy) for key, item in value.items()) + b"u"
    count = len(value.data) // WIDTHS[value.dtype]
    address = (b"(" + instructions("storage") + name("torch", STORAGES[value.dtype]) + instructions(value.key) + instructions("cpu")
               + instructions(count) + (b"N" if legacy else b"") + b"tQ")
    return (name("torch._utils", "_rebuild_tensor_v2") + b"(" + address + instructions(value.first) + instructions(tuple(value.shape))
            + instructions(tuple(value.strides)) + instructions(False) + name("collections", "OrderedDict") + b")RtR")


def pickled(value, legacy=False):
    return b"\x80\x02" + instructions(value, legacy) + b"."


def tensors_in(value):
    for item in value.values() if isinstance(value, dict) else ():
        yield from [item] if isinstance(item, Tensor) else tensors_in(item)


def write(path, value, legacy=False):
    storages = {tensor.key: tensor for tensor in tensors_in(value)}
    if legacy:
        head = [0x1950a86a20f9469cfc6c .to_bytes(10, "little"), 1001, {"protocol_version": 1001, "little_endian": True}]
        parts = [b"\x80\x02\x8a\x0a" + head[0] + b".", *map(pickled, head[1:]), pickled(value, legacy), pickled(list(storages))]
        for tensor in storages.values():
            parts += [struct.pack("<q", len(tensor.data) // WIDTHS[tensor.dtype]), tensor.data]
        path.write_bytes(b"".join(parts))
        return
    with zipfile.ZipFile(path, "w") as file:
        entries = {"data.pkl": pickled(value), "byteorder": b"little", **{f"data/{key}": t.data for key, t in storages.items()},
                   "version": b"3\n"}
        for entry, data in entries.items():
            file.writestr(zipfile.ZipInfo(f"archive/{entry}"), data)
