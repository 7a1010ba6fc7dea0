"""stored.py CHECKPOINT OUT TYPE... [--torch]: a checkpoint whose tensors are rounded to these types by turns, F32, F16 or BF16, in a
directory of safetensors or in a file of PyTorch. NumPy."""
import pathlib
import shutil
import sys

import numpy as np

import safetensors_file
import torch_file


def floats(dtype, data):
    if dtype == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, {"F32": np.float32, "F16": np.float16}[dtype]).astype(np.float32)


def rounded(values, dtype):
    """To bf16 towards zero."""
    if dtype == "BF16":
        return (values.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return values.astype({"F32": np.float32, "F16": np.float16}[dtype]).tobytes()


def main():
    arguments = [a for a in sys.argv[1:] if a != "--torch"]
    source, out, types = pathlib.Path(arguments[0]), pathlib.Path(arguments[1]), arguments[2:]
    out.mkdir()
    shutil.copy(source / "config.json", out)
    matrices, tensors = 0, {}
    for name, dtype, shape, data in safetensors_file.read(source / "model.safetensors"):
        to = types[matrices % len(types)]
        matrices += len(shape) > 1
        tensors[name] = to, shape, rounded(floats(dtype, data), to)
    if "--torch" in sys.argv:
        torch_file.write(out / "pytorch_model.bin",
                         {name: torch_file.Tensor(*tensor, str(i)) for i, (name, tensor) in enumerate(tensors.items())})
    else:
        safetensors_file.write(out / "model.safetensors", tensors)


if __name__ == "__main__":
    main()
