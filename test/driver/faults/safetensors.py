"""Safetensors files, to be changed in every wrong way."""

import json
import struct


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


class Safetensors:
    """with Safetensors() as s: change s.header or s.data; it is written back."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        content = read(self.path)
        size, = struct.unpack("<Q", content[:8])
        self.header = json.loads(content[8:8 + size])
        self.data = content[8 + size:]
        return self

    def __exit__(self, *_):
        header = json.dumps(self.header).encode()
        write(self.path, struct.pack("<Q", len(header)) + header + self.data)

    def append(self, name, dtype, shape, data):
        begin = len(self.data)
        self.data += data
        self.header[name] = {"dtype": dtype, "shape": shape,
                             "data_offsets": [begin, len(self.data)]}

    def remove(self, name):
        """Takes a tensor out, with its bytes."""
        begin, end = self.header.pop(name)["data_offsets"]
        self.data = self.data[:begin] + self.data[end:]
        for tensor in self.header.values():
            offsets = tensor.get("data_offsets")
            if offsets and offsets[0] >= end:
                tensor["data_offsets"] = [o - (end - begin) for o in offsets]
