#!/usr/bin/env python3
"""Compares two .npy files, with the standard library alone.

    golden_compare.py EXPECTED FOUND                      # every value within 1e-4 of its row's largest value
    golden_compare.py EXPECTED FOUND --relative 1e-5
    golden_compare.py EXPECTED FOUND --bits               # the same bits
    golden_compare.py EXPECTED FOUND --rows 23:35         # EXPECTED against rows 23..34 of FOUND (numpy slice)
    golden_compare.py EXPECTED FOUND --expected-rows 7:   # rows of EXPECTED against FOUND

A row is what the last axis holds; all axes before it count as one ([2 3 5] is six rows of 5, as [6 5] is). Prints the
largest difference and where it lies; exit code 1 when the files differ.
"""
import argparse
import array
import ast
import math
import struct
import sys

TYPES = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q"}


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)


def read_npy(path):
    """shape, values as array.array, C order. Formats 1.0 to 3.0, little endian."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        fail(f"error: {path}: {error.strerror}")
    if content[:6] != b"\x93NUMPY":
        fail(f"error: {path}: found no .npy header")
    width, kind = (2, "<H") if content[6] == 1 else (4, "<I")
    start = 8 + width
    end = start + struct.unpack(kind, content[8:start])[0]
    header = ast.literal_eval(content[start:end].decode("utf-8"))
    if header["fortran_order"] or header["descr"] not in TYPES:
        fail(f"error: {path}: found {header}, needed C order and one of {', '.join(TYPES)}")
    values = array.array(TYPES[header["descr"]])
    if len(content) - end != math.prod(header["shape"]) * values.itemsize:
        fail(f"error: {path}: found {len(content) - end} bytes of values, needed shape {header['shape']}")
    values.frombytes(content[end:])
    return header["shape"], values


def take(path, rows):
    """width of a row, values of the rows chosen."""
    shape, values = read_npy(path)
    width = shape[-1] if shape else 1
    if rows:
        start, _, stop = rows.partition(":")
        first, last, _ = slice(int(start) if start else None, int(stop) if stop else None).indices(len(values) // width)
        if last <= first or (stop and int(stop) > len(values) // width):
            fail(f"error: {path}: has {len(values) // width} rows, needed {rows}")
        values = values[first * width:last * width]
    return width, values


def compare(expected, found, width, relative):
    """Largest |difference| / max |row|, and where. A value that is no number counts as infinitely far."""
    worst, where = 0.0, None
    for start in range(0, len(expected), width):
        row = expected[start:start + width]
        scale = max(map(abs, row)) or 1.0
        for column, (e, f) in enumerate(zip(row, found[start:start + width])):
            error = abs(e - f) / scale if math.isfinite(f) and math.isfinite(e) else math.inf
            if error > worst:
                worst, where = error, (start // width, column, e, f)
    return worst, where, worst <= relative


def main():
    options = argparse.ArgumentParser(description="compare two .npy files")
    options.add_argument("expected")
    options.add_argument("found")
    options.add_argument("--relative", type=float, default=1e-4)
    options.add_argument("--bits", action="store_true")
    options.add_argument("--rows", help="rows of FOUND, as START:STOP")
    options.add_argument("--expected-rows", help="rows of EXPECTED, as START:STOP")
    o = options.parse_args()
    width, expected = take(o.expected, o.expected_rows)
    found_width, found = take(o.found, o.rows)
    if (width, len(expected)) != (found_width, len(found)):
        fail(f"error: {o.found}: found {len(found) // found_width} rows of {found_width}, "
             f"needed {len(expected) // width} of {width}")
    if o.bits and (expected.typecode, expected.tobytes()) == (found.typecode, found.tobytes()):
        print(f"the same {len(expected)} values, bit for bit")
        return
    worst, where, close = compare(expected, found, width, o.relative)
    place = "row {}, column {}: expected {:.9g}, found {:.9g}".format(*where) if where else "no value differs in size"
    print(f"largest difference {worst:.3g} of the row's largest value; {place}")
    sys.exit(0 if close and not o.bits else 1)


if __name__ == "__main__":
    main()
