"""from_quantised.py HEDDLE DIRECTORY FAMILY...: a tiny model of each family whose matrices are stored as GPTQ, AWQ, compressed-tensors or FP8 store them,
and the same model with the weights that they mean. Both build the same program with the same weights, bit for bit. Standard library
alone."""
import array
import json
import math
import pathlib
import random
import shutil
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE / "configurations")]
import checkpoint
import sample
import torch_file as torch

GROUP = 8
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def half(number):
    return struct.unpack("<e", struct.pack("<e", number))[0]


def e4m3(byte):
    exponent, mantissa = byte >> 3 & 15, byte & 7
    value = math.ldexp(mantissa, -9) if exponent == 0 else math.ldexp(8 + mantissa, exponent - 10)
    return -value if byte & 128 else value


def words(rows, order=range(8)):
    """Rows of integers of 4 bits, eight to a word."""
    return array.array("I", (sum(row[first + column] << 4 * place for place, column in enumerate(order))
                             for row in rows for first in range(0, len(row), 8))).tobytes()


def turned(rows):
    return list(map(list, zip(*rows)))


class Layer:
    """Random integers [in][out], zero points and scales [group][out]."""

    def __init__(self, name, outputs, inputs, reordered):
        self.draw, self.outputs, self.inputs = random.Random(name), outputs, inputs
        groups = inputs // GROUP
        self.q = self.table(inputs, lambda: self.draw.randrange(16))
        self.zeros = self.table(groups, lambda: self.draw.randrange(1, 16))
        self.scales = self.table(groups, lambda: half(self.draw.uniform(0.1, 0.6) / math.sqrt(inputs)))
        self.order = [i // GROUP for i in range(inputs)]
        if reordered:
            self.draw.shuffle(self.order)

    def table(self, rows, draw):
        return [[draw() for _ in range(self.outputs)] for _ in range(rows)]

    def weights(self):
        return array.array("f", (self.scales[self.order[i]][o] * (self.q[i][o] - self.zeros[self.order[i]][o])
                                 for o in range(self.outputs) for i in range(self.inputs)))

    def scale_tensor(self):
        return "F16", [len(self.scales), self.outputs], b"".join(struct.pack("<e", s) for row in self.scales for s in row)

    def gptq(self, less):
        # Words run along the inputs: those of the matrix the other way round, turned back.
        along = array.array("I", words(turned(self.q)))
        count = self.inputs // 8
        stored = array.array("I", (along[o * count + p] for p in range(count) for o in range(self.outputs))).tobytes()
        return {"qweight": ("I32", [count, self.outputs], stored),
                "qzeros": ("I32", [len(self.zeros), self.outputs // 8], words([[z - less for z in row] for row in self.zeros])),
                "scales": self.scale_tensor(), "g_idx": ("I32", [self.inputs], array.array("i", self.order).tobytes())}

    def awq(self):
        return {"qweight": ("I32", [self.inputs, self.outputs // 8], words(self.q, AWQ_ORDER)),
                "qzeros": ("I32", [len(self.zeros), self.outputs // 8], words(self.zeros, AWQ_ORDER)), "scales": self.scale_tensor()}


    def compressed(self):
        groups = len(self.scales)
        zeros = array.array("I", words(self.zeros))
        count = self.outputs // 8
        return {"weight_packed": ("I32", [self.outputs, self.inputs // 8], words(turned(self.q))),
                "weight_scale": ("F16", [self.outputs, groups], b"".join(struct.pack("<e", s) for row in turned(self.scales) for s in row)),
                "weight_zero_point": ("I32", [count, groups],
                                      array.array("I", (zeros[g * count + p] for p in range(count) for g in range(groups))).tobytes()),
                "weight_shape": ("I64", [2], struct.pack("<qq", self.outputs, self.inputs))}


def fp8(name, outputs, inputs, block=(16, 12)):
    """A matrix of F8_E4M3, its scales, and the weights."""
    draw = random.Random(name)
    data = bytes(draw.choice([b for b in range(256) if b & 127 != 127]) for _ in range(outputs * inputs))
    width = -(-inputs // block[1])
    scales = array.array("f", (draw.uniform(0.001, 0.004) for _ in range(-(-outputs // block[0]) * width)))
    single = lambda number: struct.unpack("<f", struct.pack("<f", number))[0]  # noqa: E731
    weights = array.array("f", (single(e4m3(data[o * inputs + i]) * scales[o // block[0] * width + i // block[1]])
                                for o in range(outputs) for i in range(inputs)))
    return ("F8_E4M3", [outputs, inputs], data), ("F32", [len(scales) // width, width], scales.tobytes()), weights


FORMS = {
    "gptq": ({"quant_method": "gptq", "bits": 4, "group_size": GROUP, "desc_act": False, "sym": False}, "safetensors"),
    "gptq_v2": ({"quant_method": "gptq", "bits": 4, "group_size": GROUP, "desc_act": True, "checkpoint_format": "gptq_v2"}, "safetensors"),
    "awq": ({"quant_method": "awq", "bits": 4, "group_size": GROUP, "zero_point": True, "version": "GEMM"}, "torch"),
    "compressed": ({"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ["lm_head"], "config_groups": {
        "group_0": {"targets": ["Linear"], "weights": {"num_bits": 4, "symmetric": False, "strategy": "group", "group_size": GROUP}}}}, "safetensors"),
    "fp8": ({"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [16, 12]}, "safetensors"),
}


def quantised(form, name, shape):
    """The stored tensors of one matrix, and its weights."""
    base = name.removesuffix("weight")
    if form == "fp8":
        weights, scales, meant = fp8(name, *shape)
        return {name: weights, f"{name}_scale_inv": scales}, meant
    layer = Layer(name, *shape, reordered=form == "gptq_v2")
    makers = {"awq": layer.awq, "compressed": layer.compressed}
    stored = makers[form]() if form in makers else layer.gptq(less=form == "gptq")
    return {base + part: tensor for part, tensor in stored.items()}, layer.weights()


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def is_layer(name, shape):
    return len(shape) == 2 and ".layers." in name and name.endswith("weight") and all(size % 8 == 0 for size in shape)


def write(folder, form, case):
    """folder/stored as the form has it, folder/meant with its weights; how many matrices are quantised."""
    quantisation, container = FORMS[form]
    stored, meant, count = {}, {}, 0
    for name, shape in case["tensors"].items():
        if is_layer(name, shape):
            parts, weights = quantised(form, name, shape)
            stored.update(parts)
            count += 1
        else:
            weights = checkpoint.values(case["copies"].get(name, name), shape)
            stored[name] = ("F32", shape, weights.tobytes())
        meant[name] = (shape, weights)
    shutil.rmtree(folder, ignore_errors=True)
    checkpoint.write_values(folder / "meant", case["config"], meant)
    (folder / "stored").mkdir()
    (folder / "stored" / "config.json").write_text(json.dumps({**case["config"], "quantization_config": quantisation}))
    if container == "torch":
        torch.write(folder / "stored" / "pytorch_model.bin",
                    {name: torch.Tensor(*tensor, str(i)) for i, (name, tensor) in enumerate(stored.items())})
    else:
        write_safetensors(folder / "stored" / "model.safetensors", stored)
    return count


def built(heddle, folder, output):
    ran = subprocess.run([heddle, "build", folder, "--emit=so", "--cpu=generic", "--name=model", "-o", output], capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"{folder}: {ran.stderr}")
    return output.read_bytes()


def main():
    heddle, directory, families = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    failed = False
    for family in families:
        case = sample.read(family)[0]
        for form in FORMS:
            count = write(directory / family, form, case)
            programs = [built(heddle, directory / family / side, directory / "program.so") for side in ("stored", "meant")]
            same = programs[0] == programs[1] and count > 3
            print(f"{family} {form}: {count} matrices, {'the same program' if same else 'another program'}")
            failed |= not same
    return failed


if __name__ == "__main__":
    sys.exit(main())
