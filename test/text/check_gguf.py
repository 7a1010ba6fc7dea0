"""check_gguf.py TOOL GOLDEN FOLDER: the tokenizers of GGUF files give the ids of what they were made of. Standard library alone."""
import base64
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "end-to-end"))
import gguf_file

KEYS = {"context_length": 8, "embedding_length": 8, "feed_forward_length": 32, "block_count": 1, "attention.head_count": 1,
        "attention.layer_norm_epsilon": 1e-5}


def write(path, values):
    gguf_file.write(path, {"general.architecture": "gpt2", **{f"gpt2.{key}": content for key, content in KEYS.items()},
                           **{f"tokenizer.ggml.{key}": content for key, content in values.items()}}, {})


def byte_pairs(described, pre):
    model, special = described["model"], {token["content"] for token in described["added_tokens"]}
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return {"model": "gpt2", "pre": pre, "tokens": tokens, "token_type": [3 if token in special else 1 for token in tokens],
            "bos_token_id": 0, "merges": [" ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"]]}


def main():
    tool, golden, folder = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "model.gguf"
    for name, pre in (("gpt2", "gpt-2"), ("llama3", "llama-bpe")):
        write(file, byte_pairs(json.loads((golden / f"{name}.tokenizer.json").read_text()), pre))
        subprocess.run([tool, "check", file, golden / "texts.json", golden / f"{name}.golden.json"])
    for case in json.loads((golden / "pieces.json").read_text()):
        charsmap = base64.b64decode(case["charsmap"])
        write(file, {"model": case["model"], **case["values"], "unknown_token_id": case["unknown"], "remove_extra_whitespaces": True,
                     **({"precompiled_charsmap": gguf_file.u8s(charsmap)} if charsmap else {})})
        found = subprocess.run([tool, "encode", file, "bare"], input="\n".join(case["texts"]).encode(), capture_output=True)
        sys.stdout.write(found.stderr.decode())
        lines = found.stdout.decode().splitlines()
        wrong = [text for text, ids, line in zip(case["texts"], case["ids"], lines) if ids != line]
        print(f"{case['model']}: {len(lines)} of {len(case['texts'])} texts, {len(wrong)} wrong", *wrong[:5], sep="\n  ")


if __name__ == "__main__":
    main()
