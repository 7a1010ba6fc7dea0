#!/usr/bin/env python3
"""Writes Inputs/sounds and what transformers makes of them: Inputs/sounds/CASE/SOUND.npy, f32 [mels frames].

    python3 make_sounds.py        # needs transformers 5

Tones and noise, stored in every way. Another rate is brought to 16000 by the formula of
runtime/media/Resample.cpp, written down once more.
"""
import json
import math
import pathlib
import struct

import numpy as np
from transformers import WhisperFeatureExtractor

HERE = pathlib.Path(__file__).parent / "Inputs/sounds"
SETTINGS = {"feature_extractor_type": "WhisperFeatureExtractor", "chunk_length": 1, "feature_size": 40}
CASES = {
    "tiny": (SETTINGS, None),
    "large": ({**SETTINGS, "feature_size": 128, "chunk_length": 2, "padding_value": 0.25, "nb_max_frames": 3000}, ["mono16.wav"]),
    "other": ({**SETTINGS, "n_fft": 360, "hop_length": 100, "dither": 0.0, "return_attention_mask": False}, ["mono16.wav"]),
}


def tones(rate, seconds=0.8):
    """A sum of tones below 7 kHz, each with its own beginning."""
    t = np.arange(int(rate * seconds)) / rate
    sound = sum(a * np.sin(2 * np.pi * f * t + f) for f, a in [(110, 0.3), (440, 0.2), (1337, 0.1), (5000, 0.05), (6800, 0.02)])
    return sound * np.minimum(1, t * 20)


def noisy(rate, seconds):
    noise = np.random.default_rng(5).normal(0, 0.02, int(rate * seconds))
    return np.clip(tones(rate, seconds) + noise, -1, 1)


def wav(name, rate, kind, bits, channels, data, extensible=False):
    header = struct.pack("<HHIIHH", 0xfffe if extensible else kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    if extensible:
        header += struct.pack("<HHIH", 22, bits, 0, kind) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = b"fmt " + struct.pack("<I", len(header)) + header + b"LIST" + struct.pack("<I", 3) + b"odd\0"
    chunks += b"data" + struct.pack("<I", len(data)) + data
    (HERE / name).write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def whole(sound, bits):
    return np.clip(np.round(sound * 2 ** (bits - 1)), -2 ** (bits - 1), 2 ** (bits - 1) - 1).astype(np.int64)


def packed(numbers, bits):
    width = bits // 8
    return b"".join(int(number).to_bytes(width, "little", signed=True) for number in numbers.reshape(-1))


def resample(sound, rate, to=16000):
    """runtime/media/Resample.cpp."""
    common = math.gcd(rate, to)
    a, b = rate // common, to // common
    cut, beta, zeros = 0.9475937167399596 * min(1, b / a), 14.769656459379492, 64
    places = np.arange(-(-len(sound) * b // a)) * a / b
    result = []
    for place in places:
        k = np.arange(max(0, math.ceil(place - zeros / cut)), min(len(sound), math.floor(place + zeros / cut) + 1))
        x = (k - place) * cut
        result.append(np.sum(sound[k] * cut * np.sinc(x) * np.i0(beta * np.sqrt(np.maximum(0, 1 - (x / zeros) ** 2))) / np.i0(beta)))
    return np.array(result)


def write_sounds():
    """Name of the file: the samples that it stands for, at 16000 a second."""
    HERE.mkdir(parents=True, exist_ok=True)
    sounds = {}
    mono = whole(noisy(16000, 0.7), 16)
    wav("mono16.wav", 16000, 1, 16, 1, packed(mono, 16))
    sounds["mono16.wav"] = mono / 2 ** 15
    two = np.stack([whole(noisy(16000, 0.4), 24), whole(tones(16000, 0.4), 24)], 1)
    wav("stereo24.wav", 16000, 1, 24, 2, packed(two, 24), extensible=True)
    sounds["stereo24.wav"] = two.mean(1) / 2 ** 23
    bytes_ = whole(noisy(16000, 0.3), 8)
    wav("mono8.wav", 16000, 1, 8, 1, (bytes_ + 128).astype(np.uint8).tobytes())
    sounds["mono8.wav"] = bytes_ / 2 ** 7
    long = whole(noisy(16000, 0.2), 32)
    wav("mono32.wav", 16000, 1, 32, 1, packed(long, 32))
    sounds["mono32.wav"] = long / 2 ** 31
    wav("float32.wav", 16000, 3, 32, 1, tones(16000, 0.3).astype("<f4").tobytes())
    sounds["float32.wav"] = tones(16000, 0.3)
    for rate, seconds in [(48000, 0.25), (22050, 0.2), (8000, 0.5)]:
        slow = tones(rate, seconds).astype("<f8")
        wav(f"rate{rate}.wav", rate, 3, 64, 1, slow.tobytes())
        sounds[f"rate{rate}.wav"] = resample(slow, rate)
    # What no sound is.
    whole_file = (HERE / "mono16.wav").read_bytes()
    (HERE / "cut.wav").write_bytes(whole_file[:1000])
    (HERE / "text.wav").write_text("no sound\n")
    wav("law.wav", 8000, 7, 8, 1, bytes(80))
    wav("infinite.wav", 16000, 3, 32, 1, struct.pack("<3f", 0, 1, math.inf))
    wav("long.wav", 16000, 1, 8, 1, bytes(17600))
    wav("none.wav", 16000, 1, 16, 0, bytes(2))
    return sounds


def main():
    sounds = write_sounds()
    for case, (settings, names) in CASES.items():
        (HERE / case).mkdir(exist_ok=True)
        (HERE / case / "preprocessor_config.json").write_text(json.dumps(settings, indent=1) + "\n")
        (HERE / case / "config.json").write_text('{"architectures": ["Waves"]}\n')
        extract = WhisperFeatureExtractor.from_dict(settings)
        for name in names or sorted(sounds):
            features = extract(sounds[name].astype(np.float32), sampling_rate=16000, return_tensors="np")["input_features"]
            np.save(HERE / case / f"{name}.npy", features[0].astype(np.float32))


if __name__ == "__main__":
    main()
