"""make_gguf.py: what the package `gguf` says of its format, into gguf/. Needs numpy and gguf (pip install gguf).

blocks.gguf: of each type that Heddle reads a tensor of random blocks, TYPE, and beside it TYPE.expected, what dequantize() makes of
it; and a value of each type of metadata. names.json: what the package calls the tensors of the committed cases of
test/end-to-end/configurations, family by family.
"""
import json
import pathlib
import re
import sys

import gguf
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "gguf"
sys.path.append(str(HERE.parent / "end-to-end" / "configurations"))
import sample

# Where the f16 scales of a block stand: random bits would be infinite, or no numbers, now and then.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2],
          "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0], "TQ1_0": [52], "TQ2_0": [64], "MXFP4": []}

FAMILIES = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gemma": "gemma", "gemma2": "gemma2", "gemma3": "gemma3",
            "phi": "phi2", "phi3": "phi3", "gpt2": "gpt2", "gptneox": "gptneox", "bloom": "bloom", "falcon": "falcon", "mpt": "mpt",
            "starcoder2": "starcoder2", "stablelm": "stablelm", "olmo": "olmo", "olmo2": "olmo2", "granite": "granite",
            "cohere": "command-r", "bert": "bert", "nomic-bert": "nomic-bert", "t5": "t5", "mamba": "mamba", "mixtral": "llama",
            "qwen2moe": "qwen2moe", "qwen3moe": "qwen3moe", "deepseek2": "deepseek2"}


def write_blocks():
    draw = np.random.default_rng(7)
    writer = gguf.GGUFWriter(FOLDER / "blocks.gguf", "llama")
    writer.add_uint8("test.u8", 200)
    writer.add_int8("test.i8", -100)
    writer.add_uint16("test.u16", 60000)
    writer.add_int16("test.i16", -30000)
    writer.add_uint32("test.u32", 4000000000)
    writer.add_int32("test.i32", -2000000000)
    writer.add_uint64("test.u64", 1 << 62)
    writer.add_int64("test.i64", -(1 << 62))
    writer.add_float32("test.f32", 0.5)
    writer.add_float64("test.f64", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "é\n")
    writer.add_array("test.numbers", [3, 1, 2])
    writer.add_array("test.strings", ["a", "", "b c"])
    for name, places in SCALES.items():
        kind = gguf.GGMLQuantizationType[name]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        rows, blocks = 2, 1 if elements == 256 else 3
        data = draw.integers(0, 256, (rows, blocks, size), dtype=np.uint8)
        for place in places:
            scales = (draw.standard_normal((rows, blocks, 1)) * 0.1).astype(np.float16)
            scales[0, 0, 0] = np.float16(3e-6)  # subnormal
            data[:, :, place:place + 2] = scales.view(np.uint8)
        data = data.reshape(rows, blocks * size)
        writer.add_tensor(name, data, raw_dtype=kind)
        writer.add_tensor(name + ".expected", gguf.dequantize(data, kind).astype(np.float32))
    numbers = draw.standard_normal((2, 5))
    for name, kind in {"F16": np.float16, "F32": np.float32, "F64": np.float64}.items():
        writer.add_tensor(name, numbers.astype(kind))
        writer.add_tensor(name + ".expected", numbers.astype(kind).astype(np.float32))
    bits = numbers.astype(np.float32).view(np.uint32) >> 16
    writer.add_tensor("BF16", bits.astype(np.uint16).view(np.uint8).reshape(2, 10), raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.add_tensor("BF16.expected", (bits << 16).astype(np.uint32).view(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_names():
    found = {}
    numbers = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}
    for family, architecture in FAMILIES.items():
        names = gguf.get_tensor_name_map(numbers[architecture], 8)
        tensors = {name for case in sample.read(family) for name in case["tensors"]}
        endings = (".weight", ".bias")
        stored = {name: names.get_name(name, try_suffixes=endings) or
                  names.get_name(name.removeprefix("transformer."), try_suffixes=endings) for name in sorted(tensors)}
        found[family] = {starred(name): starred(other) for name, other in stored.items() if other}
    text = ",\n".join(f'"{family}": {json.dumps(names, indent=1)}' for family, names in found.items())
    (FOLDER / "names.json").write_text("{" + text + "}\n")


def starred(name):
    """A layer's number is the first."""
    return re.sub(r"\.\d+\.", ".*.", name, count=1)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write_blocks()
    write_names()
