"""from_torch.py HEDDLE DIRECTORY FAMILY...: a tiny model of each family as safetensors and in every form of PyTorch: zip files and
those before them, in shards, within a dictionary of training, as views that are turned or parts of one storage. Each builds the same
program with the same weights, bit for bit; of families behind the first two forms are tried. Standard library alone."""
import array
import json
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE / "configurations"), str(HERE.parent / "driver" / "faults")]
import checkpoint
import sample
import torch_file as torch
from safetensors import Safetensors


def plain(tensors):
    return {name: torch.Tensor(dtype, shape, data, str(i)) for i, (name, (dtype, shape, data)) in enumerate(tensors.items())}


def turned(tensors):
    return {name: torch.turned(*tensor, str(i)) if len(tensor[1]) == 2 else torch.Tensor(*tensor, str(i))
            for i, (name, tensor) in enumerate(tensors.items())}


def of_one_storage(tensors):
    """All of F32, one behind the other."""
    whole, found = b"".join(data for _, _, data in tensors.values()), {}
    first = 0
    for name, (dtype, shape, data) in tensors.items():
        found[name] = torch.Tensor(dtype, shape, whole, "all", first)
        first += len(data) // 4
    return found


def of_doubles(tensors):
    return {name: ("F64", shape, array.array("d", array.array("f", data)).tobytes()) for name, (_, shape, data) in tensors.items()}


def write_shards(folder, tensors):
    names = list(tensors)
    shards = {f"pytorch_model-{i + 1:05}-of-00002.bin": names[i::2] for i in range(2)}
    for number, (shard, part) in enumerate(shards.items()):
        torch.write(folder / shard, {name: plain(tensors)[name] for name in part}, legacy=number == 1)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(
        {"metadata": {}, "weight_map": {name: shard for shard, part in shards.items() for name in part}}))


def write_forms(folder, tensors, every):
    """Writes one form after the other, and yields its name and the arguments that name the weights."""
    model = folder / "pytorch_model.bin"
    forms = {"of one storage": (of_one_storage(tensors), False),
             "of training": ({"epoch": 3, "state_dict": turned(tensors), "optimizer": {"state": {}, "lr": [1, 2]}}, True)}
    if every:
        forms |= {"of F64": (plain(of_doubles(tensors)), False)}
        forms |= {"a zip file": (plain(tensors), False), "before 1.6": (plain(tensors), True), "turned": (turned(tensors), False)}
    for form, (value, legacy) in forms.items():
        torch.write(model, value, legacy)
        yield form, []
    if not every:
        return
    other = model.rename(folder / "weights.pt")
    (folder / "others.pth").write_bytes(other.read_bytes())
    yield "named", [f"--weights={other}"]
    other.unlink()
    yield "the only one of another name", []
    (folder / "others.pth").unlink()
    write_shards(folder, tensors)
    yield "shards", []


def built(heddle, folder, arguments, output):
    ran = subprocess.run([heddle, "build", folder, *arguments, "--emit=so", "--cpu=generic", "--name=model", "-o", output], capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"{folder} {arguments}: {ran.stderr}")
    return output.read_bytes()


def tensors_of(path):
    file = Safetensors(str(path)).__enter__()  # and no more: leaving writes
    return {name: (about["dtype"], about["shape"], bytes(file.data[slice(*about["data_offsets"])]))
            for name, about in file.header.items() if name != "__metadata__"}


def main():
    heddle, directory, families = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    failed = False
    for family in families:
        case = sample.read(family)[0]
        folder = directory / family
        shutil.rmtree(folder, ignore_errors=True)
        checkpoint.write(folder, case["config"], case["tensors"], case["copies"])
        wanted = built(heddle, folder, [], directory / "program.so")
        tensors = tensors_of(folder / "model.safetensors")
        (folder / "model.safetensors").unlink()
        other = [form for form, arguments in write_forms(folder, tensors, family == families[0])
                 if built(heddle, folder, arguments, directory / "program.so") != wanted]
        print(f"{family}: {'other programs: ' + ', '.join(other) if other else 'the same program of each form'}")
        failed |= bool(other)
    return failed


if __name__ == "__main__":
    sys.exit(main())
