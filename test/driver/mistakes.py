"""mistakes.py HEDDLE MISTAKES GOLDEN WORK: makes each kind of mistake, and looks for the topic behind its message, and for the message in that page."""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys

heddle, page, golden, work = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
CONFIG = json.loads((golden / "llama/config.json").read_text())
WEIGHTS = (golden / "llama/model.safetensors").read_bytes()
# By heading, with numbers left out.
SECTIONS = {section.split("\n")[0].lower().replace(" ", "-"): re.sub(r"\d+", "0", section) for section in page.read_text(encoding="utf-8").split("\n## ")}
count = 0


def heddle_fails(*arguments):
    found = subprocess.run([heddle, *arguments], capture_output=True, text=True, cwd=work)
    assert found.returncode == 1 and found.stderr.startswith("error: "), (arguments, found)
    return found.stderr.splitlines()


def check(topic, change, document="MISTAKES.md", of="llama"):
    """Of a checkpoint that `change` makes faulty: the error, then the note."""
    global count
    directory = work / f"{topic}{count}"
    shutil.copytree(golden / of, directory)
    change(directory)
    lines = heddle_fails("check", directory)
    assert re.fullmatch(rf"note: see /.*/{document} (#[\w-]+, )*#{topic}(, #[\w-]+)*", lines[-1]), (topic, lines)
    if document == page.name:
        said = re.sub(r"/\S*/(?=\w+\.heddle)", "", lines[0].replace(str(directory), "model"))
        assert "    " + re.sub(r"\d+", "0", said) + "\n" in SECTIONS[topic], (topic, said)
    count += 1


def config(**changed):
    return lambda directory: (directory / "config.json").write_text(json.dumps({**CONFIG, **changed}))


def text(name, written):
    return lambda directory: (directory / name).write_text(written)


def weights(change):
    """Writes the safetensors anew, with another header."""
    def write(directory):
        size, = struct.unpack("<Q", WEIGHTS[:8])
        header, data = json.loads(WEIGHTS[8:8 + size]), WEIGHTS[8 + size:]
        header.pop("__metadata__", None)
        data += change(header, len(data)) or b""
        written = json.dumps(header).encode()
        (directory / "model.safetensors").write_bytes(struct.pack("<Q", len(written)) + written + data)
    return write


def without(header, end):
    del header[max(header, key=lambda name: header[name]["data_offsets"])]
    return None


def renamed(old, new):
    def change(header, end):
        header[new] = header.pop(old)
    return change


def reshaped(header, end):
    header["model.embed_tokens.weight"]["shape"].reverse()


def retyped(header, end):
    header["model.norm.weight"]["dtype"] = "I16"


def added(name):
    def change(header, end):
        header[name] = {"dtype": "F32", "shape": [32], "data_offsets": [end, end + 128]}
        return bytes(128)
    return change


check("weights-that-are-not-found", lambda directory: (directory / "model.safetensors").unlink())
check("shards", lambda directory: ((directory / "model.safetensors").unlink(),
                                   text("model.safetensors.index.json", '{"weight_map": {"model.layers.2.mlp.up_proj.weight": "model-00002-of-00003.safetensors", "model.norm.weight": "model-00002-of-00003.safetensors"}}')(directory)))
check("damaged-files", lambda directory: (directory / "model.safetensors").write_bytes(WEIGHTS[:-100]))
check("damaged-files", text("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"))
check("json", text("config.json", '{"hidden_size": 32,,}'))
check("missing-tensors", weights(renamed("model.norm.weight", "model.norm.other")))
check("shapes-of-tensors", weights(reshaped))
check("types-of-tensors", weights(retyped))
check("tensors-left-over", weights(added("model.other")))
check("tensors-of-one-name", weights(added("norm.weight")))
check("quantised-weights", config(quantization_config={"quant_method": "hqq"}))
check("gguf-files", lambda directory: ((directory / "model.safetensors").unlink(), (directory / "model.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 9, 0, 0))))
check("files-of-pytorch", lambda directory: ((directory / "model.safetensors").unlink(), text("pytorch_model.bin", "no pickle")(directory)))
check("tokenizers", text("tokenizer.json", '{"model": {"type": "BPE", "vocab": 3, "merges": []}}'))
check("generation", text("generation_config.json", '{"guidance_scale": 1.5}'))
check("sentence-transformers", text("modules.json", '[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Dense"}]'))
check("pictures-and-sound", text("preprocessor_config.json", '{"image_processor_type": "ViTImageProcessor", "image_std": [0, 0, 0]}'), of="vit")
check("labels-and-masks", lambda directory: (directory / "config.json").write_text(json.dumps(
    {**json.loads((directory / "config.json").read_text()), "architectures": ["BertForSequenceClassification"], "id2label": {"0": "a", "7": "b"}})), of="bert")
check("config", config(new_setting=3), "REFERENCE.md")
check("model", config(architectures=["NewForCausalLM"]), "REFERENCE.md")
check("model", config(architectures=[]), "REFERENCE.md")
for arguments in (["--set", "Q=3"], ["--dim", "Q=3"], ["--ignore-config", "none"]):
    lines = heddle_fails("check", golden / "llama", *arguments)
    assert re.fullmatch(r"note: see /.*/REFERENCE.md #config", lines[-1]), lines
    count += 1
for arguments in (["--emitt=nn", "x"], ["x", "--emit=none"], ["x", "--test=a"], ["x", "y"], [], ["x", "--weights=a", "--random-weights"]):
    assert heddle_fails("build", *arguments)[-1] == "note: see heddle build --help", arguments
    count += 1
print(f"{count} mistakes, each with its place to read")
