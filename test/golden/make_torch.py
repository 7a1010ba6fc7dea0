"""make_torch.py: what torch.save writes of tensors of all types and orders, into torch/. Needs torch and safetensors.

Each *.bin and *.pt holds some of the tensors of expected.safetensors under the same names, there in row-major order: in a zip file and
in the form before PyTorch 1.6, by several protocols of pickle, alone and within other dictionaries.
"""
import collections
import io
import pathlib
import pickle
import struct

import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).resolve().parent / "torch"


def numbers(dtype, *shape):
    draw = torch.Generator().manual_seed(len(shape) * 7 + sum(shape))
    if dtype.is_floating_point:
        return (torch.rand(shape, generator=draw, dtype=torch.float64) * 8 - 4).to(dtype)
    return torch.randint(0, 2 if dtype == torch.bool else 100, shape, generator=draw).to(dtype)


def types():
    names = ["float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"]
    return {name: numbers(getattr(torch, name), 3, 5) for name in names}


def newer_types():
    """Those without a storage of their own."""
    every = torch.arange(256, dtype=torch.uint8)
    return {"float8_e4m3fn": every.view(torch.float8_e4m3fn), "float8_e5m2": every.view(torch.float8_e5m2),
            "uint16": numbers(torch.int16, 4).view(torch.uint16)}


def views():
    base = numbers(torch.float32, 60, 30)
    return {"whole": base, "turned": base.T, "rows": base[7:9], "columns": base[:, 3:8], "thin": base[::25, 1:2],
            "steps": base[::7, ::3], "expanded": base[2, None, :4].expand(3, 4), "flat": base.reshape(-1)[11:],
            "permuted": numbers(torch.float32, 2, 3, 4, 5).permute(2, 0, 3, 1), "halves": numbers(torch.bfloat16, 6, 8)[1::2].T,
            "scalar": base[4, 4], "empty": base[:0], "one": base[5:6, 5:6].T}


def module():
    """Its state_dict is an OrderedDict with versions (_metadata), and has a weight under two names."""
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.LayerNorm(6), torch.nn.Linear(4, 6, bias=False))
    model[2].weight = model[0].weight
    return model


def legacy_with_view(tensor, first, count):
    """The form of PyTorch before 0.4: an address says which part of a storage a storage is."""
    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if isinstance(thing, Storage):
                return ("storage", torch.FloatStorage, "7", "cpu", tensor.numel(), ("8", first, count))
            return None

    class View:
        def __reduce__(self):
            return torch._utils._rebuild_tensor, (Storage(), 1, (2, 2), (1, 2))

    file = io.BytesIO()
    for thing in (0x1950a86a20f9469cfc6c, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}):
        pickle.dump(thing, file, protocol=2)
    Pickler(file, protocol=2).dump({"part": View()})
    pickle.dump(["7"], file, protocol=2)
    file.write(struct.pack("<q", tensor.numel()) + tensor.numpy().tobytes())
    return file.getvalue()


def main():
    FOLDER.mkdir(exist_ok=True)
    model = module()
    state = model.state_dict()
    parameters = {"parameter": torch.nn.Parameter(numbers(torch.float32, 2, 3)), "frozen": torch.nn.Parameter(numbers(torch.float16, 3), False)}
    optimizer = torch.optim.Adam(model.parameters())
    sum(p.sum() for p in model.parameters()).backward()
    optimizer.step()
    training = {"epoch": 3, "loss": 0.25, "name": "ü", "state_dict": state, "optimizer": optimizer.state_dict(), "none": None,
                "flags": [True, False, (1, -2**40, 2**70), b"\0"]}
    old = numbers(torch.float32, 12)
    torch.save({**types(), **newer_types()}, FOLDER / "types.bin")
    torch.save(types(), FOLDER / "types-legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(collections.OrderedDict(views()), FOLDER / "views.pt", pickle_protocol=4)
    torch.save(views(), FOLDER / "views-legacy.pt", _use_new_zipfile_serialization=False, pickle_protocol=5)
    torch.save(state, FOLDER / "module.bin")
    torch.save(state, FOLDER / "module-legacy.bin", _use_new_zipfile_serialization=False, pickle_protocol=4)
    torch.save(training, FOLDER / "training.pt", pickle_protocol=3)
    torch.save(training, FOLDER / "training-legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(parameters, FOLDER / "parameters.bin", pickle_protocol=5)
    (FOLDER / "part-legacy.bin").write_bytes(legacy_with_view(old, 3, 6))
    part = torch.load(FOLDER / "part-legacy.bin")["part"]
    assert torch.equal(part, old[4:8].reshape(2, 2).T)
    expected = {**types(), **newer_types(), **views(), **model.state_dict(), **parameters, "part": part}
    save_file({name: tensor.detach().clone(memory_format=torch.contiguous_format).contiguous() for name, tensor in expected.items()}, FOLDER / "expected.safetensors")


if __name__ == "__main__":
    main()
