#!/usr/bin/env python3
"""Makes translation.json: what generate() of transformers writes from one language into another, with tiny models whose weights follow
from their names (test/end-to-end/configurations/checkpoint.py) and the tokenizer `xlmr` of test/text/golden with tokens for languages.

    pip install torch==2.13.0 transformers==5.24.0
    python3 make_translation.py
"""
import json
import math
import pathlib
import sys
import tempfile

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, processors

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "end-to-end" / "configurations"))
import checkpoint  # noqa: E402

TEXTS = ["The first people of the world.", "they would make a place for the water", "no"]
SIZES = dict(d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=40,
             decoder_ffn_dim=40, max_position_embeddings=64, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2)
# Kind, class, languages: their first is the tokenizer's own; whether its token stands before a text or behind it.
KINDS = [("m2m_100", "M2M100ForConditionalGeneration", ["eng_Latn", "deu_Latn", "zho_Hans"], True),
         ("mbart", "MBartForConditionalGeneration", ["en_XX", "de_DE", "zh_CN"], False)]
ASKED = [(None, 1), (1, 0), (2, 1), (0, 2)]  # from and into, by number


def tokenizer_of(languages, before):
    tokenizer = Tokenizer.from_file(str(HERE.parent / "text/golden/xlmr.tokenizer.json"))
    tokenizer.add_special_tokens([AddedToken(language, special=True) for language in languages])
    around = [f"{languages[0]} $A </s>", f"$A </s> {languages[0]}"][not before]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=around, special_tokens=[(token, tokenizer.token_to_id(token)) for token in (languages[0], "</s>")])
    return tokenizer


def generate(model, ids, language):
    result = model.generate(torch.tensor([ids]), forced_bos_token_id=language, return_dict_in_generate=True, output_scores=True)
    closest = math.inf
    for scores in result.scores[1:]:
        best = scores[0].topk(2).values
        if best[1] > -math.inf:
            closest = min(closest, (best[0] - best[1]).item())
    return result.sequences[0].tolist(), closest


def main():
    cases = []
    for kind, architecture, languages, before in KINDS:
        tokenizer = tokenizer_of(languages, before)
        config = {"architectures": [architecture], "model_type": kind, "vocab_size": tokenizer.get_vocab_size(), **SIZES}
        generation = {"max_new_tokens": 12, "no_repeat_ngram_size": 2, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1, "decoder_start_token_id": 2}
        for seed in range(100):
            model = getattr(transformers, architecture)(transformers.AutoConfig.for_model(**config))
            shapes = {n: list(t.shape) for n, t in model.state_dict().items() if not n.endswith(("embed_tokens.weight", "lm_head.weight", "embed_positions.weights"))}
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder) / "model"
                checkpoint.write(folder, config, shapes, {n: f"{n} {seed}" for n in shapes})
                model = getattr(transformers, architecture).from_pretrained(folder).eval()
            model.generation_config = transformers.GenerationConfig(**generation)
            asked, closest = [], math.inf
            for source, target in ASKED:
                texts = []
                for text in TEXTS:
                    ids = tokenizer.encode(text).ids
                    own = tokenizer.token_to_id(languages[0])
                    ids = [tokenizer.token_to_id(languages[source or 0]) if i == own else i for i in ids]
                    written, near = generate(model, ids, tokenizer.token_to_id(languages[target]))
                    closest = min(closest, near)
                    texts.append(tokenizer.decode(written, skip_special_tokens=True))
                asked.append({"from": None if source is None else languages[source], "into": languages[target], "texts": texts})
            print(kind, seed, f"{closest:.1g}", asked[0]["texts"], flush=True)
            if closest > 1e-3 and len({str(a["texts"]) for a in asked}) == len(asked):
                break
        cases.append({"config": config, "generation": generation, "tensors": shapes, "seed": seed, "asked": asked,
                      "tokenizer": json.loads(tokenizer.to_str()),
                      "tokenizer_config": {"tokenizer_class": "PreTrainedTokenizerFast", "additional_special_tokens": languages, "eos_token": "</s>"}})
    first, *others = (case.pop("tokenizer") for case in cases)
    for case, tokenizer in zip(cases, [first, *others]):
        case["added_tokens"], case["post_processor"] = tokenizer["added_tokens"], tokenizer["post_processor"]
    (HERE / "translation.json").write_text(json.dumps({"texts": TEXTS, "cases": cases}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
