#!/usr/bin/env python3
"""torch_faults.py HEDDLE GOLDEN DIRECTORY: a small checkpoint as pytorch_model.bin, damaged in every way that is told below, and
built. What a pickle would call in Python does not happen."""

import os
import pathlib
import pickle
import sys
import zipfile

import refused
from safetensors import Safetensors, read, write

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
import torch_file as torch  # noqa: E402

HEDDLE, GOLDEN, DIRECTORY = map(os.path.abspath, sys.argv[1:])
WEIGHTS = "model/pytorch_model.bin"
AT = "error: model/pytorch_model.bin: "
PICKLE = AT + "data.pkl: byte …: "
NEEDED = ", needed tensors and what holds them: nothing else of a pickle is read, and nothing of it is run"


def tensors():
    file = Safetensors(GOLDEN + "/gpt2/model.safetensors").__enter__()  # and no more: leaving writes
    return {name: torch.Tensor(about["dtype"], about["shape"], file.data[slice(*about["data_offsets"])], str(number))
            for number, (name, about) in enumerate(file.header.items()) if name != "__metadata__"}


def prepare():
    refused.copy_checkpoint(GOLDEN + "/gpt2")
    os.remove("model/model.safetensors")
    torch.write(pathlib.Path(WEIGHTS), tensors())


mistakes = refused.Mistakes(prepare)
mistake = mistakes.add


def edit(change, legacy=False):
    value = tensors()
    torch.write(pathlib.Path(WEIGHTS), change(value) or value, legacy)


def archive(entries, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(WEIGHTS, "w", method) as file:
        for name, data in entries.items():
            file.writestr(name, data)


class Called:
    """What makes the file `ran` where a pickle is run."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


ATTACKS = {"system": Called(os.system, "touch ran"), "eval": Called(eval, "open('ran', 'w')"), "open": Called(open, "ran", "w"),
           "exec": Called(exec, "open('ran', 'w')"), "import": Called(__import__, "antigravity"), "getattr": Called(getattr, "x", "y")}


def add_attack(name, attack, protocol, legacy):
    function = attack.call[0]
    module = {"builtins": "__builtin__" if protocol == 2 else "builtins"}.get(function.__module__, function.__module__)

    def make():
        value = pickle.dumps({"weight": attack}, protocol)
        if legacy:
            write(WEIGHTS, torch.pickled(0)[:2] + b"\x8a\x0a" + (0x1950a86a20f9469cfc6c).to_bytes(10, "little") + b"."
                  + torch.pickled(1001) + torch.pickled({"little_endian": True}) + value)
        else:
            archive({"x/data.pkl": value})
    make.__name__ = f"attack-{name}-{protocol}{'-legacy' if legacy else ''}"
    mistake((AT + "byte …: " if legacy else PICKLE) + f"found {module}.{function.__name__}" + NEEDED)(make)


for attack_name, attack_call in ATTACKS.items():
    for pickle_protocol, is_legacy in ((2, True), (4, False)):
        add_attack(attack_name, attack_call, pickle_protocol, is_legacy)


@mistake(PICKLE + "found instruction INST, needed an instruction that torch.save writes")
def attack_of_protocol_1():
    archive({"x/data.pkl": b"\x80\x02(" + torch.instructions("touch ran") + b"ios\nsystem\n."})


@mistake(AT + "truncated: found no end of a zip file, needed its list of entries")
def zip_cut_off():
    write(WEIGHTS, read(WEIGHTS)[:-300])


@mistake(AT + "truncated: found no end of a zip file, needed its list of entries")
def zip_of_a_head_alone():
    write(WEIGHTS, read(WEIGHTS)[:100])


@mistake(AT + "entry data.pkl: found it compressed (method 8), needed it stored, as torch.save writes it")
def zip_compressed():
    archive({"x/data.pkl": torch.pickled({})}, zipfile.ZIP_DEFLATED)


@mistake(AT + "found a zip file without data.pkl, needed one that torch.save wrote")
def zip_of_something_else():
    archive({"keras/config.json": "{}"})


@mistake(AT + "found a TorchScript program, needed a dictionary of tensors: save model.state_dict()")
def torchscript():
    archive({"x/data.pkl": torch.pickled({}), "x/constants.pkl": torch.pickled(()), "x/code/__torch__.py": ""})


@mistake(AT + "found byteorder big, needed a little-endian file")
def big_endian():
    archive({"x/data.pkl": torch.pickled({}), "x/byteorder": "big"})


@mistake(AT + "tensor …: found no entry data/…, needed its storage")
def storage_missing():
    archive({"x/data.pkl": torch.pickled(tensors())})


@mistake(AT + "tensor …: found … bytes in data/…, needed …")
def storage_short():
    with zipfile.ZipFile(WEIGHTS) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    entries["archive/data/3"] = entries["archive/data/3"][:-4]
    archive(entries)


@mistake("error: model: tensor wte.weight: found none, needed [97, 32] at …")
def tensor_missing():
    edit(lambda value: {name: tensor for name, tensor in value.items() if name != "transformer.wte.weight"})


@mistake(AT + "tensor transformer.wte.weight: found [8], needed [97, 32]…")
def tensor_of_another_shape():
    edit(lambda value: value.update({"transformer.wte.weight": torch.Tensor("F32", [8], bytes(32), "w")}))


@mistake(PICKLE + "entry epoch: found the integer 3 among tensors, needed a tensor")
def number_among_tensors():
    edit(lambda value: value.update(epoch=3))


@mistake(PICKLE + "found dictionaries of tensors under ema, model, needed one: save that of the model alone")
def two_models():
    edit(lambda value: {"ema": value, "model": value})


@mistake(PICKLE + "found a list, needed a dictionary of tensors")
def list_of_tensors():
    archive({"x/data.pkl": torch.pickled([1, 2])})


@mistake(AT + "storage …: truncated: found … bytes, needed …")
def legacy_cut_off():
    edit(lambda value: None, legacy=True)
    write(WEIGHTS, read(WEIGHTS)[:-1])


@mistake(AT + "found 1 bytes behind the last storage, needed none")
def legacy_with_more():
    edit(lambda value: None, legacy=True)
    write(WEIGHTS, read(WEIGHTS) + b"x")


@mistake("error: model/pytorch_model-00002-of-00002.bin: missing shard: needed for 1 tensor, the first of them a")
def shard_missing():
    os.remove(WEIGHTS)
    write("model/pytorch_model.bin.index.json", '{"weight_map": {"a": "pytorch_model-00002-of-00002.bin"}}')


sys.exit(mistakes.run(HEDDLE, DIRECTORY))
