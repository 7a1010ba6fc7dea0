"""The cells' models as PyTorch has them: Hugging Face's classes, and torch.nn.Transformer."""
import torch
import transformers

import checkpoints

Q_K_V = ("q_proj", "k_proj", "v_proj")


class Transformer(torch.nn.Module):
    """nn.Transformer between embeddings and a head."""

    def __init__(self, shape):
        super().__init__()
        self.src_tok_emb = torch.nn.ModuleDict({"embedding": torch.nn.Embedding(shape.V, shape.D)})
        self.tgt_tok_emb = torch.nn.ModuleDict({"embedding": torch.nn.Embedding(shape.V, shape.D)})
        self.transformer = torch.nn.Transformer(shape.D, shape.H, shape.L, shape.L, shape.F, batch_first=True)
        self.generator = torch.nn.Linear(shape.D, shape.V)

    def forward(self, source, target, mask):
        source, target = self.src_tok_emb["embedding"](source), self.tgt_tok_emb["embedding"](target)
        return self.generator(self.transformer(source, target, tgt_mask=mask, tgt_is_causal=True))


def torch_names(tensors):
    """q, k and v joined, as torch keeps them; the layers below `transformer.`"""
    joined = {}
    for name, values in tensors.items():
        outer = name if name.split(".")[0] in ("src_tok_emb", "tgt_tok_emb", "generator") else f"transformer.{name}"
        if ".q_proj." in name:
            parts = [torch.from_numpy(tensors[name.replace("q_proj", part)]) for part in Q_K_V]
            joined[outer.replace("q_proj.", "in_proj_")] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            joined[outer] = torch.from_numpy(values)
    return joined


def load(cell, store):
    """In the cell's type."""
    model = load_f32(cell, store)
    if cell.dtype in ("bf16", "stored"):  # the nearest it has
        return model.to(torch.bfloat16)
    if cell.dtype == "int8":
        return torch.ao.quantization.quantize_dynamic(convert_conv1d(model), {torch.nn.Linear}, torch.qint8)
    return model


def convert_conv1d(model):
    """GPT-2's Conv1D as the Linear it is, so that PyTorch can quantise it."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, transformers.pytorch_utils.Conv1D):
                inputs, outputs = child.weight.shape
                linear = torch.nn.Linear(inputs, outputs)
                linear.weight.data, linear.bias.data = child.weight.data.T.contiguous(), child.bias.data
                setattr(module, name, linear)
    return model


def load_f32(cell, store):
    transformers.utils.logging.set_verbosity_error()
    if cell.work == "translate":
        model = Transformer(cell.shape)
        model.load_state_dict(torch_names(checkpoints.load(cell.model, store)))
        return model.eval()
    family = {"encode": transformers.AutoModel, "classify": transformers.AutoModelForImageClassification,
              "search": transformers.AutoModelForSeq2SeqLM, "listen": transformers.AutoModelForSpeechSeq2Seq}.get(
        cell.work, transformers.AutoModelForCausalLM)
    folder = checkpoints.folder(cell.model, store)
    return family.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
