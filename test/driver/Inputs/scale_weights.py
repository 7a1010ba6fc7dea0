#!/usr/bin/env python3
"""scale_weights.py SOURCE COPY TENSOR FACTOR: a copy of a checkpoint in which all elements of one f32 tensor
are FACTOR times as large."""

import array
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "faults"))
from safetensors import Safetensors

source, copy, name, factor = sys.argv[1:]
shutil.copytree(source, copy)
with Safetensors(copy + "/model.safetensors") as file:
    begin, end = file.header[name]["data_offsets"]
    elements = array.array("f", file.data[begin:end])
    file.data = file.data[:begin] + array.array("f", [x * float(factor) for x in elements]).tobytes() + file.data[end:]
