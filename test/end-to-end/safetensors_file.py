"""Safetensors files, tensors as bytes in the order of the file. Standard library alone."""
import json
import struct


def read(path):
    """(name, type, shape, bytes) of each tensor."""
    data = path.read_bytes()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        yield name, tensor["dtype"], tensor["shape"], data[8 + size + begin:8 + size + end]


def write(path, tensors):
    """tensors: name -> (type, shape, bytes)."""
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
