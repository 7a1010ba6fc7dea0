#!/usr/bin/env python3
"""Makes answers.json: what pipelines of transformers answer with tiny models whose weights follow from their names
(test/end-to-end/configurations/checkpoint.py) and the tokenizers of test/text/golden.

    pip install torch==2.13.0 transformers==5.24.0 pillow
    pip install --target OLDER transformers==4.57.1        the last with a pipeline that answers questions
    python3 make_answers.py OLDER

A case is a checkpoint, and what is asked of it with the answers; names and numbers are those of the program's JSON lines.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import safetensors.torch
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "end-to-end" / "configurations"))
import checkpoint  # noqa: E402

TEXTS = ["The first people of the world.", "they would make a place for the water near my house", "Übergröße, naïve café!", "a"]
PAIRS = ["what would they make?", "We made a place in the house.", "no", "The water is cold, and the house of the old man is near it. " * 6]
CONTEXT = ("In the light of the day they would find a good place. The old man said that the water near the house was high. "
           "You say, how many people know of this? Some do not know what a father can do with his son by the side of a great animal. ")
SPECIALS = {"bert": {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]", "pad_token": "[PAD]", "unk_token": "[UNK]"},
            "roberta": {"add_prefix_space": True, "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>", "pad_token": "<pad>", "unk_token": "<unk>"}}
SIZES = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40, max_position_embeddings=66, pad_token_id=1)
LIVELY = {"bert": 23, "roberta": 17}  # seeds that give the tokens of a text several labels, some of them several times on end
NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
torch.set_num_threads(1)


def labels(names):
    return {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}


def text_case(kind, architecture, config, asked, seed=0):
    """A model of texts; kind: bert or roberta."""
    tokenizer = json.loads((HERE.parent / f"text/golden/{kind}.tokenizer.json").read_text())
    size = max([*tokenizer["model"]["vocab"].values(), *(token["id"] for token in tokenizer["added_tokens"])]) + 1
    whole = {"architectures": [architecture], "model_type": kind, "vocab_size": size, **SIZES, **config}
    return {"config": whole, "tokenizer": kind, "seed": seed, "asked": asked, "files": {
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, **SPECIALS[kind],
                                  "model_input_names": ["input_ids", *(["token_type_ids"] if kind == "bert" else []), "attention_mask"]}}}


def write(folder, case):
    """The checkpoint in `folder`; notes names and shapes of its tensors."""
    config = transformers.AutoConfig.for_model(**json.loads(json.dumps(case["config"])))
    model = getattr(transformers, case["config"]["architectures"][0])(config)
    tensors = model.state_dict()
    if not case["tokenizer"]:  # as it is published
        model.save_pretrained(folder / "saved")
        tensors = safetensors.torch.load_file(folder / "saved/model.safetensors")
    case["tensors"] = {name: list(tensor.shape) for name, tensor in tensors.items()
                       if not name.endswith(("position_ids", "token_type_ids", "decoder.weight", "decoder.bias"))}
    names = {name: f"{name} {case['seed']}" for name in case["tensors"]}
    checkpoint.write(folder, case["config"], case["tensors"], names)
    for name, content in case["files"].items():
        (folder / name).write_text(json.dumps(content))
    if case["tokenizer"]:
        (folder / "tokenizer.json").write_text((HERE.parent / f"text/golden/{case['tokenizer']}.tokenizer.json").read_text())


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value


def classify(pipe, text, pair=None):
    found = pipe({"text": text, "text_pair": pair} if pair else text, top_k=3, truncation=True)
    return {"text": text, **({"pair": pair} if pair else {}), "labels": [{"label": f["label"], "score": f["score"]} for f in found]}


def rank(pipe, text, pairs):
    """One number each, best first."""
    found = [(pipe({"text": text, "text_pair": pair}, top_k=1, truncation=True)[0]["score"], i) for i, pair in enumerate(pairs)]
    return [{"text": text, "pair": pairs[i], "index": i, "score": score} for score, i in sorted(found, key=lambda f: -f[0])]


def tag(pipe, text):
    return {"text": text, "spans": [{"label": f["entity_group"], "score": float(f["score"]), "start": f["start"], "end": f["end"],
                                     "text": text[f["start"]:f["end"]]} for f in pipe(text)]}


def fill(pipe, text):
    found = pipe(text, top_k=4)
    return {"text": text, "masks": [[{"score": f["score"], "token": f["token"], "word": f["token_str"], "text": f["sequence"]} for f in mask]
                                    for mask in ([found] if isinstance(found[0], dict) else found)]}


def answer(pipe, question, context):
    found = pipe(question=question, context=context, top_k=3)
    return {"text": question, "pair": context, "answers": [{"score": f["score"], "start": f["start"], "end": f["end"], "text": f["answer"]} for f in found]}


def pairs_of(text, pairs):
    return [text, *(word for pair in pairs for word in ("--pair", pair))]


def text_cases():
    for kind, name in (("bert", "Bert"), ("roberta", "Roberta")):
        sequence = f"{name}ForSequenceClassification"
        texts = [([text, "--top", "3"], lambda pipe, text=text: [classify(pipe, text)]) for text in TEXTS]
        pairs = [([TEXTS[0], "--pair", pair, "--top", "3"], lambda pipe, pair=pair: [classify(pipe, TEXTS[0], pair)]) for pair in PAIRS]
        yield "text-classification", text_case(kind, sequence, labels(["bad", "so so", "good", "best"]), [*texts, *pairs], seed=3)
        yield "text-classification", text_case(kind, sequence, {**labels(["a", "b", "c"]), "problem_type": "multi_label_classification"}, texts, seed=1)
        yield "text-classification", text_case(kind, sequence, {**labels(["stars"]), "problem_type": "regression"}, texts)
        yield "text-classification", text_case(
            kind, sequence, labels(["fits"]), [(pairs_of(TEXTS[1], PAIRS), lambda pipe: rank(pipe, TEXTS[1], PAIRS))])
        texts = TEXTS + [CONTEXT[:150]]
        yield "token-classification", text_case(
            kind, f"{name}ForTokenClassification", {**labels(NAMES), "num_hidden_layers": 1}, seed=LIVELY[kind], asked=[([text], lambda pipe, text=text: [tag(pipe, text)]) for text in texts])
        mask = SPECIALS[kind]["mask_token"]
        yield "fill-mask", text_case(kind, f"{name}ForMaskedLM", {}, [
            ([text, "--top", "4"], lambda pipe, text=text: [fill(pipe, text)])
            for text in (f"the {mask} of the people", f"They {mask} would make {mask} of it.", f"{mask}")])


def question_cases():
    for kind, name in (("bert", "Bert"), ("roberta", "Roberta")):
        yield "question-answering", text_case(kind, f"{name}ForQuestionAnswering", {}, [
            (["--text", question, "--pair", context, "--top", "3"], lambda pipe, q=question, c=context: [answer(pipe, q, c)])
            for question, context in (("who said it?", CONTEXT), ("How many people?", CONTEXT[55:120]), ("where", "naïve café, Übergröße. " + CONTEXT * 2))])


PICTURES = [str(HERE.parent / "media/Inputs/pictures" / name) for name in ("rgb.png", "baseline.jpg")]
TOWER = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40)
MIDDLE = {"do_resize": True, "do_rescale": True, "do_normalize": True, "image_mean": [0.5, 0.4, 0.6], "image_std": [0.3, 0.25, 0.2]}


def see(pipe, path):
    return {"labels": [{"label": f["label"], "score": f["score"]} for f in pipe(path, top_k=3)]}


def compare(pipe, path, texts):
    found = pipe(path, candidate_labels=texts, hypothesis_template="{}")
    return {"labels": [{"label": f["label"], "score": f["score"]} for f in found]}


def given(path):
    return "%media/" + str(pathlib.Path(path).relative_to(HERE.parent / "media/Inputs"))


def picture_cases():
    labels_of = labels(["cat", "dog", "house", "river", "tree"])
    yield "image-classification", {
        "config": {"architectures": ["ViTForImageClassification"], "model_type": "vit", "image_size": 16, "patch_size": 4, **TOWER, **labels_of},
        "tokenizer": None, "seed": 0, "files": {"preprocessor_config.json": {
            "image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}, "resample": 2, **MIDDLE}},
        "asked": [([given(path), "--top", "3"], lambda pipe, path=path: [see(pipe, path)]) for path in PICTURES]
        + [([*map(given, PICTURES), "--top", "3"], lambda pipe: [see(pipe, path) for path in PICTURES])]}
    texts = ["an old man", "the light of day", "a big animal near the house"]
    size = lambda kind: {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}, "do_center_crop": True, "do_convert_rgb": True} \
        if kind == "clip" else {"size": {"height": 16, "width": 16}}
    ids = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}  # of Bert's tokenizer
    vocabulary = text_case("bert", "", {}, [])["config"]["vocab_size"]
    for kind, name in (("clip", "CLIP"), ("siglip", "Siglip")):
        words = {**TOWER, "vocab_size": vocabulary, "max_position_embeddings": 64, **ids}
        tower = {**TOWER, "image_size": 16, "patch_size": 4}
        yield "zero-shot-image-classification", {
            "config": {"architectures": [f"{name}Model"], "model_type": kind, **({"projection_dim": 24} if kind == "clip" else {}), "text_config": {"model_type": f"{kind}_text_model", **words},
                       "vision_config": {"model_type": f"{kind}_vision_model", **tower}},
            "tokenizer": "bert", "seed": 2, "files": {
                "preprocessor_config.json": {"image_processor_type": f"{name}ImageProcessor", "resample": 3, **size(kind), **MIDDLE},
                "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, **SPECIALS["bert"],
                                          "model_input_names": ["input_ids", "attention_mask"] if kind == "clip" else ["input_ids"]}},
            "asked": [([given(path), *(word for text in texts for word in ("--text", text))], lambda pipe, path=path: [compare(pipe, path, texts)])
                      for path in PICTURES]}


def run(cases):
    results = []
    for task, case in cases:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            write(folder, case)
            options = {"aggregation_strategy": "simple"} if task == "token-classification" else {}
            pipe = transformers.pipeline(task, model=str(folder), device="cpu", **options)
            case["asked"] = [{"words": words, "answers": rounded(compute(pipe))} for words, compute in case["asked"]]
            results.append(case)
    return results


def main():
    if sys.argv[1] == "--questions":
        return print(json.dumps(run(question_cases())))
    found = run(text_cases())
    older = subprocess.run([sys.executable, __file__, "--questions"], check=True, capture_output=True, text=True,
                           env={**os.environ, "PYTHONPATH": sys.argv[1]})
    found += json.loads(older.stdout) + run(picture_cases())
    (HERE / "answers.json").write_text("[" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in found) + "]\n")


if __name__ == "__main__":
    main()
