#!/usr/bin/env python3
"""Makes times.json and times-tokenizer.json: what Whisper's generate() writes with times, of short sounds and of a long one, with a tiny
model whose weights follow from their names (test/end-to-end/configurations/checkpoint.py).

    pip install torch==2.13.0 transformers==5.24.0
    python3 make_times.py

The model reads a second at once. Weights are drawn again until no decision is close, and windows end in every way that there is.
"""
import json
import math
import pathlib
import sys
import tempfile

import numpy as np
import torch
import transformers

import make_speech as speech
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "end-to-end/Inputs"))
from long_sound import long_sound  # noqa: E402
from make_speech import END, HERE, ID, NO_TIMES

TIMES = [f"<|{i / 50:.2f}|>" for i in range(51)]
CONFIG = {**speech.CONFIG, "vocab_size": speech.CONFIG["vocab_size"] + len(TIMES), "max_target_positions": 60}
COMMON = {**speech.COMMON, "max_new_tokens": 40}
CASES = [
    ({**COMMON, **speech.LANGUAGES, "suppress_tokens": [3, 5, *(i for i in ID.values() if i != END)]}, {}),
    ({**COMMON, **speech.LANGUAGES, "max_initial_timestamp_index": 4, "no_repeat_ngram_size": 2}, {"language": "fr", "task": "translate"}),
    ({**COMMON, "forced_decoder_ids": [[1, NO_TIMES]], "is_multilingual": False, "max_initial_timestamp_index": 10}, {}),
]
CLOSEST = 5e-4


def load(seed):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = transformers.WhisperConfig(**CONFIG)
        shapes = {n: list(t.shape) for n, t in transformers.WhisperForConditionalGeneration(config).state_dict().items() if n != "proj_out.weight"}
        speech.checkpoint.write(folder / "model", CONFIG, shapes, {n: f"{n} {seed}" for n in shapes})
        return transformers.WhisperForConditionalGeneration.from_pretrained(folder / "model", dtype=torch.float32).eval(), shapes


class Margins(transformers.LogitsProcessor):
    """How close the closest decision is, also that between times and words."""
    closest = math.inf

    def __call__(self, ids, scores):
        best = scores[0].topk(2).values
        if best[1] > -math.inf:
            self.closest = min(self.closest, (best[0] - best[1]).item())
        return scores


def write(model, extract, sound, settings, asked):
    model.generation_config = transformers.GenerationConfig(**json.loads(json.dumps(settings)))
    is_long = len(sound) > 16000
    features = extract(sound, sampling_rate=16000, return_tensors="pt", **({"truncation": False, "padding": "longest", "return_attention_mask": True}
                                                                            if is_long else {}))
    margins = []
    generate = transformers.GenerationMixin.generate

    def noting(self, *words, **options):
        result = generate(self, *words, **{**options, "return_dict_in_generate": True, "output_logits": True, "output_scores": True})
        margins.append(result.scores)
        return result
    transformers.GenerationMixin.generate = noting
    try:
        result = model.generate(**features, return_timestamps=True, return_segments=True, return_dict_in_generate=True, **asked)
    finally:
        transformers.GenerationMixin.generate = generate
    closest = math.inf
    for scores in (score[0] for window in margins for score in window):
        best = scores.topk(2).values
        words, times = scores[:NO_TIMES + 1], scores[NO_TIMES + 1:]
        if best[1] > -math.inf:
            closest = min(closest, (best[0] - best[1]).item())
        if words.max() > -math.inf and times.max() > -math.inf:
            closest = min(closest, abs(words.max() - times.logsumexp(0)).item())
    return [{"start": round(float(s["start"]), 2), "end": round(float(s["end"]), 2), "ids": s["tokens"].tolist()} for s in result["segments"][0]], closest, len(margins)


def main():
    tokenizer = speech.make_tokenizer()
    tokenizer.add_tokens(TIMES)
    extract = transformers.WhisperFeatureExtractor.from_dict(speech.FEATURES)
    sounds = {name: speech.samples(name).astype(np.float32) for name in speech.SOUNDS[:2]}
    sounds["long"] = np.array(long_sound(), np.float32) / 32768
    for seed in range(3000):
        model, shapes = load(seed)
        found = [[write(model, extract, sound, *case) for sound in sounds.values()] for case in CASES]
        closest = min(c for case in found for _, c, _ in case)
        windows = [n for case in found for _, _, n in case]
        counts = [len(segments) for case in found for segments, _, _ in case]
        print(seed, f"{closest:.1g}", windows, counts, flush=True)
        if closest >= CLOSEST and max(windows) < 40 and sum(counts) >= sum(windows) + 8:
            break

    def shown(segments):
        return [{"start": s["start"], "end": s["end"], "text": tokenizer.decode([i for i in s["ids"] if i <= NO_TIMES], skip_special_tokens=True)}
                for s in segments]
    result = {"config": CONFIG, "preprocessor": speech.FEATURES, "tensors": shapes, "seed": seed, "sounds": list(sounds),  "cases": [{"settings": settings, "asked": asked, "segments": [shown(segments) for segments, _, _ in case]}
                        for (settings, asked), case in zip(CASES, found)]}
    (HERE / "times.json").write_text(json.dumps(result, ensure_ascii=False) + "\n")
    tokenizer.save(str(HERE / "times-tokenizer.json"))


if __name__ == "__main__":
    main()
