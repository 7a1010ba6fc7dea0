"""pairs.py FOLDER: weights of a small BertForSequenceClassification. Standard library alone."""
import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "configurations"))
import checkpoint

D, F = 32, 48
LAYER = {"attention.self.query": (D, D), "attention.self.key": (D, D), "attention.self.value": (D, D), "attention.output.dense": (D, D),
         "attention.output.LayerNorm": (D,), "intermediate.dense": (F, D), "output.dense": (D, F), "output.LayerNorm": (D,)}


def main():
    folder = pathlib.Path(sys.argv[1])
    shapes = {f"bert.encoder.layer.0.{name}": shape for name, shape in LAYER.items()}
    shapes |= {"bert.embeddings.LayerNorm": (D,), "bert.pooler.dense": (D, D), "classifier": (3, D)}
    tensors = {f"bert.embeddings.{name}_embeddings.weight": [rows, D] for name, rows in (("word", 720), ("position", 64), ("token_type", 2))}
    for name, shape in shapes.items():
        tensors |= {f"{name}.weight": list(shape), f"{name}.bias": [shape[0]]}
    checkpoint.write(folder, json.loads((folder / "config.json").read_text()), tensors, {})


if __name__ == "__main__":
    main()
