#!/usr/bin/env python3
"""Makes beams.json: what generate() of transformers finds with beams, with models of this folder and a BART of
end-to-end/configurations, token for token and score for score.

    pip install torch==2.13.0 transformers==5.23.0
    python3 make_beams.py [MODEL ...]

Settings are drawn until each of them and most options of the runs change a text or a score, and until no decision is close:
texts have to stay what they are when every score strays by far more than f32 does. Each option shows in one model at least.
"""
import json
import pathlib
import random
import sys
import tempfile

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end-to-end/configurations"))
import checkpoint  # noqa: E402
import sample  # noqa: E402

PROMPTS = 4
STRAY = 3e-5                                 # of a score at each token; f32 strays by less than 5e-6
SCORES_DIFFER = 1e-3


def tokens(r, seen, count):
    return r.sample(seen, count)


# Of each model: where its settings stand, how they are drawn from tokens that it likes, and the options of each run.
CASES = {
    "gpt2": ("generation_config.json", lambda r, seen: {
        "eos_token_id": tokens(r, seen, 3), "max_new_tokens": 14, "num_beams": 4, "bad_words_ids": [tokens(r, seen, 1), tokens(r, seen, 2)],
        "no_repeat_ngram_size": 2}, [
            {}, {"num_return_sequences": 4}, {"num_beams": 3, "length_penalty": 2.5, "num_return_sequences": 2},
            {"early_stopping": True, "num_return_sequences": 3}, {"early_stopping": "never", "length_penalty": 0.5},
            {"length_penalty": -1.0, "num_return_sequences": 2}, {"repetition_penalty": 1.7}, {"num_beams": 8, "max_new_tokens": 23}]),
    "llama": ("config.json", lambda r, seen: {
        "eos_token_id": r.choice(seen), "max_length": 22, "min_length": 9, "num_beams": 3, "num_return_sequences": 2, "repetition_penalty": 0.8,
        "forced_eos_token_id": r.choice(seen), "begin_suppress_tokens": tokens(r, seen, 5), "suppress_tokens": tokens(r, seen, 2)}, [
            {}, {"num_beams": 2}, {"num_beams": 5, "num_return_sequences": 5, "early_stopping": True},
            {"length_penalty": 0.0, "early_stopping": "never"}, {"max_new_tokens": 4}]),
    "marian": ("config.json", lambda r, seen: {
        "eos_token_id": r.choice(seen), "decoder_start_token_id": r.choice(seen), "max_length": 16, "num_beams": 6, "renormalize_logits": True,
        "forced_eos_token_id": r.choice(seen), "bad_words_ids": [[i] for i in tokens(r, seen, 4)], "min_length": 5}, [
            {}, {"num_return_sequences": 6}, {"num_beams": 4, "early_stopping": True}, {"length_penalty": 3.0, "num_beams": 5},
            {"repetition_penalty": 1.4, "num_return_sequences": 2}]),
    "t5": ("generation_config.json", lambda r, seen: {
        "eos_token_id": tokens(r, seen, 4), "decoder_start_token_id": 0, "forced_bos_token_id": r.choice(seen), "max_new_tokens": 12,
        "min_new_tokens": 4, "num_beams": 4, "length_penalty": 0.6, "early_stopping": True, "no_repeat_ngram_size": 3}, [
            {}, {"early_stopping": False, "num_return_sequences": 4}, {"early_stopping": "never", "length_penalty": 1.5},
            {"num_beams": 7, "num_return_sequences": 3}]),
    "bart": ("generation_config.json", lambda r, seen: {
        "eos_token_id": 2, "forced_eos_token_id": 2, "decoder_start_token_id": 2, "forced_bos_token_id": 0, "max_length": 18, "min_length": 4,
        "num_beams": 4, "length_penalty": 2.0, "early_stopping": True, "no_repeat_ngram_size": 3, "suppress_tokens": tokens(r, seen, 2)}, [
            {}, {"num_return_sequences": 4, "early_stopping": False}, {"num_beams": 2, "length_penalty": 1.0}, {"max_new_tokens": 7}]),
}


class Strays(transformers.LogitsProcessor):
    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, ids, scores):
        return scores + (torch.rand(scores.shape, generator=self.generator) * 2 - 1) * STRAY


def generate(model, prompts, settings, strays=None):
    """By prompt: its texts, the new ids of each, and their scores."""
    returned = min(settings.get("num_return_sequences", 1), settings["num_beams"])
    model.generation_config = transformers.GenerationConfig(**{"pad_token_id": 1, **settings, "num_return_sequences": returned})
    start = 1 if model.config.is_encoder_decoder else None
    found = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        result = model.generate(ids, attention_mask=torch.ones_like(ids), return_dict_in_generate=True, output_scores=True,
                                logits_processor=[Strays(strays)] if strays is not None else None)
        lengths = (result.beam_indices >= 0).sum(1).tolist()
        texts = [ids[(start or len(prompt)):][:length] for ids, length in zip(result.sequences.tolist(), lengths)]
        found.append((texts, result.sequences_scores.tolist()))
    return found


def texts_of(found):
    return [texts for texts, _ in found]


def differ(a, b):
    return texts_of(a) != texts_of(b) or any(abs(x - y) > SCORES_DIFFER for (_, p), (_, q) in zip(a, b) for x, y in zip(p, q))


def holds(model, prompts, settings, runs):
    """What each run finds, or None if something cannot be told from what it is not, or a decision is close."""
    found, shown = [], set()
    for run in runs:
        whole = {**settings, **run}
        answer = generate(model, prompts, whole)
        if any(texts_of(generate(model, prompts, whole, seed)) != texts_of(answer) for seed in range(2)):
            print("  close:", run, flush=True)
            return None
        if run and not (shows := {key for key in run if differ(answer, generate(
                model, prompts, {**settings, **{k: v for k, v in run.items() if k != key}}))}):
            print("  without effect:", run, flush=True)
            return None
        shown |= {f"{key} {run[key]}" for key in run if key in shows}
        found.append(answer)
    for key in settings:
        if key in ("num_return_sequences", "decoder_start_token_id", "early_stopping"):
            continue
        others = {"max_length": 30} if key.startswith("max") else {"num_beams": 2} if key == "num_beams" else {}
        rest = {**{k: v for k, v in settings.items() if k != key}, **others}
        if all(not differ(answer, generate(model, prompts, {**rest, **run})) for answer, run in zip(found, runs) if key not in run):
            print("  without effect:", key, flush=True)
            return None
    return found, sorted(shown)


def load(name):
    auto = transformers.AutoModelForCausalLM if name in ("gpt2", "llama") else transformers.AutoModelForSeq2SeqLM
    with tempfile.TemporaryDirectory() as folder:
        source = HERE / name
        if name == "bart":
            case = sample.read("bart")[0]
            source = pathlib.Path(folder) / "bart"
            checkpoint.write(source, case["config"], case["tensors"], case["copies"])
        return auto.from_pretrained(source, dtype=torch.float32).eval()


def make(name, place, draw, runs):
    model = load(name)
    vocabulary = model.config.vocab_size
    for seed in range(1000):
        r = random.Random(f"{name} beams {seed}")
        prompts = [r.choices(range(3, vocabulary), k=length) for length in r.sample([1, 2, 3, 4, 5, 8, 11], PROMPTS)]
        plain = {"max_new_tokens": 8, "decoder_start_token_id": 0, "no_repeat_ngram_size": 2, "num_beams": 3, "num_return_sequences": 3}
        seen = sorted({i for texts in texts_of(generate(model, prompts, plain)) for text in texts for i in text if i > 2})
        if len(seen) < 9:
            continue
        settings = draw(r, seen)
        held = holds(model, prompts, settings, runs)
        if held:
            found, shown = held
            print(f"{name:8} seed {seed}", flush=True)
            return {"model": name, "place": place, "settings": settings, "prompts": prompts, "shown": shown, "runs": [
                {"options": run, "texts": texts_of(answer), "scores": [[float(f"{s:.7g}") for s in scores] for _, scores in answer]}
                for run, answer in zip(runs, found)]}
    raise SystemExit(f"{name}: no settings found")


def main():
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    wanted = sys.argv[1:] or CASES
    place = HERE / "beams.json"
    known = {case["model"]: case for case in json.loads(place.read_text())} if place.exists() else {}
    known.update({name: make(name, *CASES[name]) for name in wanted})
    shown = {option for case in known.values() for option in case["shown"]}
    hidden = {f"{key} {value}" for *_, runs in CASES.values() for run in runs for key, value in run.items()} - shown
    if hidden and len(known) == len(CASES):
        raise SystemExit(f"without effect in every model: {sorted(hidden)}")
    place.write_text("[\n" + ",\n".join(json.dumps(known[name]) for name in CASES if name in known) + "\n]\n")


if __name__ == "__main__":
    main()
