"""make_quantised.py [PACKAGES]: layers as GPTQ, AWQ, compressed-tensors and FP8 store them, and the weights that they mean, into quantised/. Needs numpy,
torch, safetensors and transformers.

Each folder has a config.json, model.safetensors, and expected.safetensors with (q - zero) * scale of each layer in f32, which numpy
computes from the published formulas. Where PACKAGES is a folder with autoawq 0.2.9, gptqmodel 7.7.0 and compressed_tensors 0.20.1
unpacked, their own Python unpacks the same tensors to the same numbers; transformers' Fp8Dequantize always does.
"""
import ast
import json
import math
import pathlib
import sys
from typing import Literal

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file

FOLDER = pathlib.Path(__file__).resolve().parent / "quantised"
OUTPUTS, INPUTS = 48, 64
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]
draw = np.random.default_rng(5)


def packed(integers, bits, order=None):
    """Along the last axis, several to a word of 32 bits."""
    together = 32 // bits
    words = np.zeros((*integers.shape[:-1], integers.shape[-1] // together), np.uint32)
    for place, column in enumerate(order or range(together)):
        words |= integers[..., column::together].astype(np.uint32) << np.uint32(bits * place)
    return words.view(np.int32)


def layer(bits, group, reordered=False):
    """Integers [in, out], zero points and scales [groups, out], the group of each input, and what they mean [out, in]."""
    size = group if group > 0 else INPUTS
    groups = INPUTS // size
    q = draw.integers(0, 2**bits, (INPUTS, OUTPUTS))
    zeros = draw.integers(1, 2**bits, (groups, OUTPUTS))
    scales = (draw.random((groups, OUTPUTS)) * 0.1 + 0.001).astype(np.float16)
    order = draw.permutation(np.arange(INPUTS) // size) if reordered else np.arange(INPUTS) // size
    weight = scales[order].astype(np.float32) * (q - zeros[order]).astype(np.float32)
    return q, zeros, scales, order.astype(np.int32), np.ascontiguousarray(weight.T)


def gptq(bits, group, reordered, version):
    q, zeros, scales, order, weight = layer(bits, group, reordered)
    stored = {"qweight": packed(q.T, bits).T, "qzeros": packed(zeros - 1 if version == 1 else zeros, bits), "scales": scales, "g_idx": order}
    return {name: np.ascontiguousarray(part) for name, part in stored.items()}, weight


def awq(group):
    q, zeros, scales, _, weight = layer(4, group)
    return {"qweight": packed(q, 4, AWQ_ORDER), "qzeros": packed(zeros, 4, AWQ_ORDER), "scales": scales}, weight


def compressed(bits, group, symmetric, reordered):
    q, zeros, scales, order, weight = layer(bits, group, reordered)
    if symmetric:
        zeros = np.full_like(zeros, 2**(bits - 1))
        weight = np.ascontiguousarray((scales[order].astype(np.float32) * (q - zeros[order]).astype(np.float32)).T)
    stored = {"weight_packed": packed(q.T, bits), "weight_scale": scales.T, "weight_shape": np.array([OUTPUTS, INPUTS])}
    if not symmetric:
        stored["weight_zero_point"] = packed(zeros, bits).T
    if reordered:
        stored["weight_g_idx"] = order
    return {name: np.ascontiguousarray(part) for name, part in stored.items()}, weight


def write(name, quantisation, layers):
    """layers: name -> (stored tensors, weight)."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["Nothing"], "quantization_config": quantisation}, indent=2) + "\n")
    plain = {"norm.weight": draw.random(5).astype(np.float32)}
    save_file({f"{name}.{part}": tensor for name, (stored, _) in layers.items() for part, tensor in stored.items()} | plain,
              folder / "model.safetensors")
    save_file({f"{name}.weight": weight for name, (_, weight) in layers.items()} | plain, folder / "expected.safetensors")


def write_fp8():
    """Blocks of 16 by 32 that do not divide the matrix, one scale a tensor, several matrices."""
    def matrix(shape, grid, block):
        weight = (torch.rand(shape) * 8 - 4).to(torch.float8_e4m3fn)
        scale = torch.rand(grid) * 0.1 + 0.01
        wide = scale.repeat_interleave(block[0], -2).repeat_interleave(block[1], -1)[..., :shape[-2], :shape[-1]]
        return weight, scale, weight.float() * wide

    torch.manual_seed(3)
    for name, block, tensors in (("fp8", [16, 32], {"a.weight": matrix((40, 80), (3, 3), (16, 32)), "b.weight": matrix((32, 64), (2, 2), (16, 32)),
                                                    "experts.up": matrix((2, 32, 40), (2, 2, 2), (16, 32))}),
                                 ("fp8-tensor", None, {"a.weight": matrix((6, 10), (1, 1), (6, 10))})):
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        quantisation = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": block, "modules_to_not_convert": ["lm_head"]}
        (folder / "config.json").write_text(json.dumps({"architectures": ["Nothing"], "quantization_config": quantisation}, indent=2) + "\n")
        stored = {name: weight for name, (weight, _, _) in tensors.items()}
        stored |= {f"{name}_scale_inv": scale if block else scale.reshape(()) for name, (_, scale, _) in tensors.items()}
        save_torch_file(stored | {"norm.weight": torch.ones(3)}, folder / "model.safetensors")
        save_torch_file({name: wide.contiguous() for name, (_, _, wide) in tensors.items()} | {"norm.weight": torch.ones(3)}, folder / "expected.safetensors")
        for _, (weight, scale, wide) in tensors.items():
            if block and all(size % side == 0 for size, side in zip(weight.shape[-2:], block)):
                from transformers.integrations.finegrained_fp8 import Fp8Dequantize
                assert torch.equal(Fp8Dequantize(None)._dequantize_one(weight, scale, torch.float32), wide)


def functions_of(path, *names, **others):
    """Functions of a file whose imports are not there; `others` are names that they need."""
    tree = ast.parse(path.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in names
             or isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in names]
    space = {"torch": torch, "t": torch, "_torch_right_shift": torch.bitwise_right_shift, **others}
    exec(compile(ast.Module(nodes, []), str(path), "exec"), space)
    return space


def check_gptq(packages, bits, stored, weight, version):
    """gptqmodel reads the second version; of the first it makes the second."""
    unpack = functions_of(packages / "gptqmodel-7.7.0/gptqmodel/nn_modules/qlinear/__init__.py", "dequantize_weight", "_dequantize_from_codes")
    class Module:
        planar, maxq, pack_factor, dequant_dtype, in_features = False, 2**bits - 1, 32 // bits, torch.int32, INPUTS
        _init_wf_unsqueeze_buffers = qzero_format = staticmethod(lambda **_: None)
        _dequantize_from_codes = unpack["_dequantize_from_codes"]

    module = Module()
    module.bits = bits
    shifts = torch.arange(0, 32, bits, dtype=torch.int32)
    module.wf_unsqueeze_zero, module.wf_unsqueeze_neg_one = shifts[None, None], shifts[None, :, None]
    for name, part in stored.items():
        setattr(module, name, torch.nn.Parameter(torch.from_numpy(part.astype(np.float32) if name == "scales" else part.copy()), requires_grad=False))
    if version == 1:
        log = type("Log", (), {"info": type("Info", (), {"once": staticmethod(lambda *_: None)})})
        convert = functions_of(packages / "gptqmodel-7.7.0/gptqmodel/utils/model.py", "convert_gptq_v1_to_v2_format_module",
                               BaseQuantLinear=Module, log=log, nn=torch.nn)
        convert["convert_gptq_v1_to_v2_format_module"](module, bits, torch.int32)
    assert np.array_equal(unpack["dequantize_weight"](module).numpy().T, weight)


def check_awq(packages, group, stored, weight):
    space = functions_of(packages / "autoawq-0.2.9/awq/utils/packing_utils.py", "AWQ_REVERSE_ORDER", "unpack_awq", "reverse_awq_order", "dequantize_gemm")
    parts = {name: torch.from_numpy(part.astype(np.float32) if name == "scales" else part) for name, part in stored.items()}
    assert np.array_equal(space["dequantize_gemm"](parts["qweight"], parts["qzeros"], parts["scales"], 4, group).numpy().T, weight)


def check_compressed(packages, bits, stored, weight):
    space = functions_of(packages / "compressed_tensors/compressors/pack_quantized/helpers.py", "unpack_from_int32", Literal=Literal, math=math, sys=sys)
    unpack, groups = space["unpack_from_int32"], stored["weight_scale"].shape[1]
    q = unpack(torch.from_numpy(stored["weight_packed"]), bits, torch.Size([OUTPUTS, INPUTS])).numpy().astype(np.float32)
    zeros = np.zeros((OUTPUTS, groups), np.float32)
    if "weight_zero_point" in stored:
        zeros = unpack(torch.from_numpy(stored["weight_zero_point"]), bits, torch.Size([OUTPUTS, groups]), packed_dim=0).numpy().astype(np.float32)
    order = stored.get("weight_g_idx", np.arange(INPUTS) * groups // INPUTS)
    assert np.array_equal(stored["weight_scale"].astype(np.float32)[:, order] * (q - zeros[:, order]), weight)


def main():
    packages = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    cases = {"gptq": (4, 32, False, 1), "gptq-reordered": (4, 16, True, 1), "gptq-v2": (4, 16, True, 2), "gptq-8": (8, -1, False, 1), "gptq-2": (2, 32, True, 2)}
    for name, (bits, group, reordered, version) in cases.items():
        layers = {part: gptq(bits, group, reordered, version) for part in ("a", "b.c")}
        write(name, {"quant_method": "gptq", "bits": bits, "group_size": group, "desc_act": reordered, "sym": False, "damp_percent": 0.01,
                     **({"checkpoint_format": "gptq_v2"} if version == 2 else {"checkpoint_format": "gptq"})}, layers)
        for stored, weight in layers.values() if packages else ():
            check_gptq(packages, bits, stored, weight, version)
    layers = {part: awq(32) for part in ("a", "b.c")}
    write("awq", {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True, "version": "gemm"}, layers)
    for stored, weight in layers.values() if packages else ():
        check_awq(packages, 32, stored, weight)
    for name, (bits, group, symmetric, reordered) in {"compressed": (4, 32, True, False), "compressed-zeros": (4, 16, False, True),
                                                      "compressed-8": (8, -1, True, False)}.items():
        layers = {part: compressed(bits, group, symmetric, reordered) for part in ("a", "b.c")}
        weights = {"num_bits": bits, "type": "int", "symmetric": symmetric, "strategy": "group" if group > 0 else "channel", "dynamic": False,
                   "group_size": group if group > 0 else None, "actorder": "group" if reordered else None}
        write(name, {"quant_method": "compressed-tensors", "format": "pack-quantized", "quantization_status": "compressed", "ignore": ["lm_head"],
                     "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights, "input_activations": None}}}, layers)
        for stored, weight in layers.values() if packages else ():
            check_compressed(packages, bits, stored, weight)
    write_fp8()


if __name__ == "__main__":
    main()
