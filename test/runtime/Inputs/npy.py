"""npy.py FILE TYPE SHAPE NUMBER...: writes an array with the standard library alone, e.g. `npy.py x.npy i4 2,3 1 2 3 4 5 6`."""
import struct
import sys

path, kind, shape, *numbers = sys.argv[1:]
code = {"i4": "i", "i8": "q", "f4": "f", "f8": "d"}[kind]
values = [float(n) if kind[0] == "f" else int(n) for n in numbers]
header = f"{{'descr': '<{kind}', 'fortran_order': False, 'shape': ({shape},), }}\n".encode()
with open(path, "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}{code}", *values))
