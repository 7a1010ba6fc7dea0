"""CTranslate2, converted from the same checkpoint; only its encoders and the first token of its generators can be timed call by
call."""
import types

import ctranslate2
import numpy as np

import checkpoints
from engines import Base

TYPES = {"f32": "float32", "bf16": "bfloat16", "int8": "int8"}


class Converter(ctranslate2.converters.TransformersConverter):
    """Ids are all that is asked of a model here, and made-up checkpoints have no tokenizer: tokens are called by number."""

    def __init__(self, folder, vocabulary):
        super().__init__(str(folder))
        self.vocabulary = vocabulary

    def load_tokenizer(self, *_, **__):
        names = {str(i): i for i in range(self.vocabulary)}
        return types.SimpleNamespace(get_vocab=lambda: names, bos_token="1", eos_token="2", unk_token="0")


def convert(cell, store):
    folder = store / "ctranslate2" / f"{cell.model}-{cell.dtype}"
    if not folder.exists():
        Converter(checkpoints.folder(cell.model, store), cell.shape.V).convert(folder, quantization=TYPES[cell.dtype])
    return str(folder)


class Engine(Base):
    def __init__(self, cell, threads, store):
        if cell.dtype not in TYPES or cell.work not in ("encode", "prefill"):
            self.refuse(cell)
        self.cell, self.version = cell, f"ctranslate2 {ctranslate2.__version__}"
        kind = ctranslate2.Encoder if cell.work == "encode" else ctranslate2.Generator
        self.model = kind(convert(cell, store), device="cpu", compute_type=TYPES[cell.dtype], inter_threads=1,
                          intra_threads=threads)
        self.ids = checkpoints.inputs(cell).tolist()
        self.tokens = [[str(i) for i in row] for row in self.ids]

    def run(self):
        if self.cell.work == "encode":
            self.result = self.model.forward_batch(self.ids).last_hidden_state
        else:
            self.result = self.model.generate_batch(self.tokens, max_length=1, include_prompt_in_result=False,
                                                    return_logits_vocab=True)

    def output(self):
        if self.cell.work == "encode":
            return np.array(self.result.to(ctranslate2.DataType.float32))
        return np.stack([np.array(row.logits[0][0].to(ctranslate2.DataType.float32)) for row in self.result])
