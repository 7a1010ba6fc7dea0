#!/usr/bin/env python3
"""processors.py HEDDLE MODEL WORK [--sound]: what heddle says of each of these files preprocessor_config.json."""
import json
import pathlib
import subprocess
import sys

VIT = {"image_processor_type": "ViTImageProcessor"}
WHISPER = {"feature_extractor_type": "WhisperFeatureExtractor"}
SOUND = [
    {"feature_extractor_type": "Wav2Vec2FeatureExtractor"},
    {**WHISPER, "dither": 0.1},
    {**WHISPER, "n_fft": 406},
    {**WHISPER, "hop_length": 0},
]
PICTURES = [
    {"image_processor_type": "LlavaNextImageProcessor"},
    {**VIT, "do_thumbnail": True},
    {**VIT, "do_pad": True, "pad_size": 9},
    {**VIT, "size": {"longest_edge": 9}},
    {**VIT, "image_mean": [0.5]},
    {"size": 20},
    {**VIT, "size": {"height": 0, "width": 9}},
    {**VIT, "resample": 6},
    {**VIT, "image_std": [0.5, 0, 0.5]},
    {"image_processor_type": "ConvNextImageProcessor", "size": 200, "crop_pct": 0},
]


def main():
    heddle, model, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    work.mkdir(parents=True, exist_ok=True)
    (work / "config.json").write_text('{"architectures": ["Pixels"]}')
    for settings in SOUND if "--sound" in sys.argv else PICTURES:
        (work / "preprocessor_config.json").write_text(json.dumps(settings))
        done = subprocess.run([heddle, "build", model, "--config", work / "config.json", "--emit=header", "-o", work / "pixels.h"],
                              capture_output=True, text=True)
        said = [line for line in done.stderr.splitlines() if line.startswith(("note", "error")) and not line.startswith("note: see ")]
        if len(said) != 1 or (done.returncode == 0) != said[0].startswith("note"):
            sys.exit(f"{settings}: found exit code {done.returncode} and {done.stderr}, needed one note or one error")
        print(json.dumps(settings), said[0])


if __name__ == "__main__":
    main()
