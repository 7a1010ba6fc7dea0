#!/usr/bin/env python3
"""Makes speech.json and speech-tokenizer.json: what Whisper's generate() writes of the sounds of test/media, token for token, with a tiny
model whose weights follow from their names (test/end-to-end/configurations/checkpoint.py).

    pip install torch==2.13.0 transformers==5.23.0
    python3 make_speech.py

Model by model the weights are drawn again until no decision is close and the languages that are heard differ.
"""
import json
import math
import pathlib
import struct
import sys
import tempfile

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "end-to-end" / "configurations"))
import checkpoint  # noqa: E402

SOUNDS = ["mono16.wav", "mono32.wav", "mono8.wav"]
CLOSEST = 2e-3
torch.set_num_threads(1)
WORDS = ["Ġ", *"abcdefghijklmnopqrstuvwxyz", "Ġt", "Ġth", "in", "er", "Ġs", "ing"]
MERGES = [("Ġ", "t"), ("Ġt", "h"), ("i", "n"), ("e", "r"), ("Ġ", "s"), ("in", "g")]
SPECIALS = ["<|endoftext|>", "<|startoftranscript|>", "<|de|>", "<|en|>", "<|fr|>", "<|translate|>", "<|transcribe|>", "<|notimestamps|>"]
ID = {name: len(WORDS) + i for i, name in enumerate(SPECIALS)}
END, START, NO_TIMES = ID["<|endoftext|>"], ID["<|startoftranscript|>"], ID["<|notimestamps|>"]
CONFIG = dict(
    architectures=["WhisperForConditionalGeneration"], model_type="whisper", vocab_size=len(WORDS) + len(SPECIALS), d_model=36, encoder_layers=2,
    decoder_layers=2, encoder_attention_heads=3, decoder_attention_heads=2, encoder_ffn_dim=40, decoder_ffn_dim=24, num_mel_bins=40,
    max_source_positions=50, max_target_positions=40, pad_token_id=END, bos_token_id=END, eos_token_id=END, decoder_start_token_id=START)
FEATURES = {"feature_extractor_type": "WhisperFeatureExtractor", "chunk_length": 1, "feature_size": 40}
LANGUAGES = {"lang_to_id": {name: ID[name] for name in ["<|de|>", "<|en|>", "<|fr|>"]}, "is_multilingual": True,
             "task_to_id": {"transcribe": ID["<|transcribe|>"], "translate": ID["<|translate|>"]}}
COMMON = {"bos_token_id": END, "eos_token_id": END, "pad_token_id": END, "decoder_start_token_id": START, "no_timestamps_token_id": NO_TIMES}

# generation_config.json, what a caller asks for.
CASES = [
    ({**COMMON, **LANGUAGES, "forced_decoder_ids": [[1, None], [2, ID["<|transcribe|>"]]], "max_length": 14, "no_repeat_ngram_size": 1,
      "suppress_tokens": [3, 5, *(i for i in ID.values() if i != END)],
      "begin_suppress_tokens": [0, END]}, {}),
    ({**COMMON, **LANGUAGES, "max_length": 12, "no_repeat_ngram_size": 2, "suppress_tokens": [2, 4]}, {"language": "fr", "task": "translate"}),
    ({**COMMON, **LANGUAGES, "max_new_tokens": 9, "repetition_penalty": 1.5}, {"language": "de"}),
    ({**COMMON, **LANGUAGES, "max_new_tokens": 7}, {}),
    ({**COMMON, "forced_decoder_ids": [[1, NO_TIMES]], "max_new_tokens": 8, "is_multilingual": False}, {}),
]


def make_tokenizer():
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(WORDS)}, MERGES))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIALS)
    return tokenizer


def samples(name):
    """Of a WAV file with one channel."""
    data = (HERE.parent / "media/Inputs/sounds" / name).read_bytes()
    bits, at = struct.unpack("<H", data[34:36])[0], data.index(b"data") + 8
    if bits == 8:
        return (np.frombuffer(data[at:], "u1").astype(np.float32) - 128) / 128
    return np.frombuffer(data[at:], f"<i{bits // 8}").astype(np.float64) / 2 ** (bits - 1)


def load(seed):
    """The model, and names and shapes of its tensors."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = transformers.WhisperConfig(**CONFIG)
        shapes = {n: list(t.shape) for n, t in transformers.WhisperForConditionalGeneration(config).state_dict().items() if n != "proj_out.weight"}
        names = {n: f"{n} {seed}" for n in shapes}
        checkpoint.write(folder / "model", CONFIG, shapes, names)
        return transformers.WhisperForConditionalGeneration.from_pretrained(folder / "model", dtype=torch.float32).eval(), shapes, names


def write(model, features, settings, asked):
    """The ids of each sound behind its opening, and how close the closest decision is."""
    model.generation_config = transformers.GenerationConfig(**json.loads(json.dumps(settings)))
    texts, closest, openings = [], math.inf, []
    for row in features:
        result = model.generate(row[None], return_dict_in_generate=True, output_scores=True, **asked)
        ids = result.sequences[0].tolist()
        count = len(result.scores)
        openings.append(ids[:len(ids) - count])
        texts.append(ids[len(ids) - count:])
        for scores in result.scores:
            best = scores[0].topk(2).values
            if best[1] > -math.inf:
                closest = min(closest, (best[0] - best[1]).item())
    return texts, closest, openings


def main():
    tokenizer = make_tokenizer()
    extract = transformers.WhisperFeatureExtractor.from_dict(FEATURES)
    features = torch.tensor(np.concatenate([
        extract(samples(name).astype(np.float32), sampling_rate=16000, return_tensors="np")["input_features"] for name in SOUNDS]))
    for seed in range(1000):
        model, shapes, names = load(seed)
        model.generation_config = transformers.GenerationConfig(**COMMON, **LANGUAGES)
        if len(set(model.detect_language(features).tolist())) < 2:
            continue
        found = [write(model, features, *case) for case in CASES]
        print(seed, [f"{closest:.1g}" for _, closest, _ in found], [text for texts, _, _ in found for text in texts][:3])
        if min(closest for _, closest, _ in found) >= CLOSEST and len({str(texts) for texts, _, _ in found}) == len(CASES):
            break
    result = {"config": CONFIG, "preprocessor": FEATURES, "tensors": shapes, "seed": seed, "sounds": SOUNDS, "cases": [
        {"settings": settings, "asked": asked, "ids": texts, "texts": [tokenizer.decode(ids, skip_special_tokens=True) for ids in texts]}
        for (settings, asked), (texts, _, _) in zip(CASES, found)]}
    (HERE / "speech.json").write_text(json.dumps(result, ensure_ascii=False) + "\n")
    tokenizer.save(str(HERE / "speech-tokenizer.json"))


if __name__ == "__main__":
    main()
