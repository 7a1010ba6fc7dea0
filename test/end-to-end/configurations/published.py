"""config.json as it is published with well-known models, and the names and shapes of their tensors: heddle has to take all of
them, count as many parameters, and need no memory for pairs of tokens.

    python3 test/end-to-end/configurations/published.py            what ./check runs
    python3 test/end-to-end/configurations/published.py --write    the tensors anew, from transformers

published.json: per model its config.json, its tensors and `unused`, those that a program does without. No weight is there:
the files below are holes."""
import argparse
import json
import math
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FILE = HERE / "published.json"
sys.path.insert(0, str(HERE))
import sample  # noqa: E402


def read():
    models = json.loads(FILE.read_text())
    for model in models.values():
        model["tensors"] = sample.expanded(model["tensors"])
    return models


def parameters(model):
    return sum(math.prod(shape) for name, shape in model["tensors"].items() if name not in model.get("unused", ()))


def write_checkpoint(folder, model):
    """As large as the model's, and empty: the file system keeps no block of it."""
    (folder / "config.json").write_text(json.dumps(model["config"]))
    header, end = {}, 0
    for name, shape in model["tensors"].items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)


def check(heddle, name, model):
    """What is wrong, or None."""
    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(pathlib.Path(folder), model)
        checked = subprocess.run([heddle, "check", folder], capture_output=True, text=True)
    counted = re.search(r"^parameters: ([\d,]+)", checked.stdout, re.M)
    if checked.returncode or not counted:
        return checked.stderr.strip()
    found, needed = int(counted[1].replace(",", "")), parameters(model)
    if found != needed:
        return f"found {found:,} parameters, needed {needed:,}"
    # T, S and M count tokens: nothing is stored of every pair of them.
    memory = checked.stdout.split("\nmemory\n")[1]
    pairs = re.search(r".*[MST](\*[MST]|\^).*", memory)
    return f"found memory of pairs of tokens: {pairs[0].strip()}" if pairs else None


def write():
    """Tensors as save_pretrained names them, without those that are tied to others."""
    import torch
    import transformers
    from transformers.core_model_loading import revert_weight_conversion
    models = json.loads(FILE.read_text())
    for name, model in models.items():
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "config.json").write_text(json.dumps(model["config"]))
            config = transformers.AutoConfig.from_pretrained(folder)
        with torch.device("meta"):
            whole = getattr(transformers, model["config"]["architectures"][0])(config)
        whole.tie_weights()
        stored = {key: value for key, value in whole.state_dict().items() if key not in whole.all_tied_weights_keys}
        tensors = {key: list(value.shape) for key, value in revert_weight_conversion(whole, stored).items()}
        model["tensors"] = sample.shortened(tensors | model.get("more", {}))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(model, separators=(',', ':'))}" for name, model in models.items())
    FILE.write_text("{\n" + lines + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--heddle", type=pathlib.Path, default=HERE.parents[2] / "build/bin/heddle", help="the compiler")
    parser.add_argument("--write", action="store_true", help="the tensors anew; needs torch and transformers")
    options = parser.parse_args()
    if options.write:
        return write()
    models, failed = read(), 0
    for name, model in models.items():
        wrong = check(options.heddle, name, model)
        failed += wrong is not None
        print(f"{name:34} {model['config']['architectures'][0]:36} {parameters(model):>17,} {wrong or ''}", flush=True)
    architectures = {model["config"]["architectures"][0] for model in models.values()}
    print(f"{len(models)} models of {len(architectures)} architectures, {failed} wrong")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
