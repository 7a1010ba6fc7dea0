#!/usr/bin/env python3
"""Makes stop_strings.json: what generate() of transformers writes with examples/scripture where generation_config.json has stop_strings.

Needs torch and transformers:

    python3 make_stop_strings.py
"""
import json
import pathlib

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTURE = HERE.parents[1] / "examples" / "scripture"
PROMPTS = ["And God said unto", "In the beginning"]


def main():
    model = transformers.AutoModelForCausalLM.from_pretrained(SCRIPTURE, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(SCRIPTURE)

    def write(prompt, **settings):
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        settings = transformers.GenerationConfig(max_new_tokens=40, do_sample=False, eos_token_id=model.generation_config.eos_token_id, pad_token_id=0, **settings)
        with torch.no_grad():
            return model.generate(ids, generation_config=settings, tokenizer=tokenizer)[0, ids.shape[1]:].tolist()

    whole = tokenizer.decode(write(PROMPTS[0]))
    stops = [[whole[begin:begin + 7]] for begin in (1, 40)]
    # Of several the first; one that the prompt ends with, one that begins in it, and one that never comes.
    stops += [[whole[30:34], whole[20:23]], ["unto"], ["unto" + whole[:3]], ["beginning" + tokenizer.decode(write(PROMPTS[1]))[:2]], ["#"]]
    cases = [{"stops": stop, "prompt": prompt, "ids": write(prompt, stop_strings=stop)} for stop in stops for prompt in PROMPTS]
    (HERE / "stop_strings.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


main()
