"""The cells' models as PyTorch has them: Hugging Face's classes, and torch.nn.Transformer."""
import torch
import transformers

import checkpoints

Q_K_V = ("q_proj", "k_proj", "v_proj")


class Transformer(torch.nn.Module):
    """nn.Transformer between embeddings and a head."""

    def __init__(self, shape):
        super().__init__()
        self.source = torch.nn.Embedding(shape.V, shape.D)
        self.target = torch.nn.Embedding(shape.V, shape.D)
        self.transformer = torch.nn.Transformer(shape.D, shape.H, shape.L, shape.L, shape.F, batch_first=True)
        self.head = torch.nn.Linear(shape.D, shape.V)

    def forward(self, source, target, mask):
        return self.head(self.transformer(self.source(source), self.target(target), tgt_mask=mask, tgt_is_causal=True))


def torch_names(tensors):
    """q, k and v joined, as torch keeps them; the layers below `transformer.`"""
    joined = {}
    for name, values in tensors.items():
        outer = name if name.split(".")[0] in ("source", "target", "head") else f"transformer.{name}"
        if ".q_proj." in name:
            parts = [torch.from_numpy(tensors[name.replace("q_proj", part)]) for part in Q_K_V]
            joined[outer.replace("q_proj.", "in_proj_")] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            joined[outer] = torch.from_numpy(values)
    return joined


def load(cell, store):
    transformers.utils.logging.set_verbosity_error()
    if cell.work == "translate":
        model = Transformer(cell.shape)
        model.load_state_dict(torch_names(checkpoints.load(cell.model, store)))
        return model.eval()
    family = transformers.AutoModel if cell.work == "encode" else transformers.AutoModelForCausalLM
    folder = checkpoints.folder(cell.model, store)
    return family.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
