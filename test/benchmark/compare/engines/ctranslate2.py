"""CTranslate2, converted from the same checkpoint; of its generators only the first token can be timed."""
import types

import ctranslate2
import numpy as np

import checkpoints
from cells import SHAPES
from engines import Base

TYPES = {"f32": "float32", "bf16": "bfloat16", "int8": "int8"}


# Which text ends: unlike others of its models, these have to know while they search.
ENDS = {"marian": 0, "t5-small": 1}
# Tokens that it looks for by name.
NAMED = {("marian", SHAPES["marian"].V - 1): "<pad>", ("whisper-base", checkpoints.START_OF_TRANSCRIPT[0]): "<|startoftranscript|>",
         ("whisper-base", checkpoints.START_OF_TRANSCRIPT[-1]): "<|notimestamps|>"}


class Converter(ctranslate2.converters.TransformersConverter):
    """Ids are all that is asked of a model here, and made-up checkpoints have no tokenizer: tokens are called by number."""

    def __init__(self, folder, model, vocabulary):
        super().__init__(str(folder))
        self.model, self.end, self.vocabulary = model, ENDS.get(model, 2), vocabulary

    def load_tokenizer(self, *_, **__):
        names = {NAMED.get((self.model, i), str(i)): i for i in range(self.vocabulary)}
        return types.SimpleNamespace(get_vocab=lambda: names, convert_ids_to_tokens=str, bos_token="1", eos_token=str(self.end),
                                     pad_token="0", unk_token="<unk>")


def convert(cell, store):
    folder = store / "ctranslate2" / f"{cell.model}-{cell.dtype}"
    if not folder.exists():
        Converter(checkpoints.folder(cell.model, store), cell.model, cell.shape.V).convert(folder, quantization=TYPES[cell.dtype])
    return str(folder)


KINDS = {"encode": ctranslate2.Encoder, "prefill": ctranslate2.Generator, "search": ctranslate2.Translator,
         "listen": ctranslate2.models.Whisper}


class Engine(Base):
    def __init__(self, cell, threads, store):
        if cell.dtype not in TYPES or cell.work not in KINDS:
            self.refuse(cell)
        self.cell, self.version = cell, f"ctranslate2 {ctranslate2.__version__}"
        self.model = KINDS[cell.work](convert(cell, store), device="cpu", compute_type=TYPES[cell.dtype], inter_threads=1,
                                      intra_threads=threads)
        getattr(self, f"prepare_{cell.work}")()

    def tokens(self):
        return [[str(i) for i in row] for row in checkpoints.inputs(self.cell).tolist()]

    def prepare_encode(self):
        ids = checkpoints.inputs(self.cell).tolist()
        self.run = lambda: setattr(self, "result", self.model.forward_batch(ids).last_hidden_state)
        self.output = lambda: values(self.result)

    def first_logits(self, texts):
        return np.stack([values(text.logits[0][0]) for text in texts])

    def prepare_prefill(self):
        tokens, options = self.tokens(), dict(max_length=1, include_prompt_in_result=False, return_logits_vocab=True)
        self.run = lambda: setattr(self, "result", self.model.generate_batch(tokens, **options))
        self.output = lambda: self.first_logits(self.result)

    def prepare_search(self):
        tokens, length = self.tokens(), self.cell.target
        options = dict(beam_size=self.cell.beams, max_decoding_length=length, min_decoding_length=length, length_penalty=1)
        self.run = lambda: setattr(self, "result", self.model.translate_batch(tokens, **options))
        self.output = lambda: np.array([[int(i) for i in text.hypotheses[0]] for text in self.result], np.float32)

    def prepare_listen(self):
        sound, ids = checkpoints.inputs(self.cell)
        sound = ctranslate2.StorageView.from_array(sound)
        options = dict(beam_size=1, max_length=self.cell.target + 1, return_logits_vocab=True, suppress_blank=False, suppress_tokens=None)
        self.run = lambda: setattr(self, "result", self.model.generate(sound, ids.tolist(), **options))
        self.output = lambda: self.first_logits(self.result)


def values(view):
    return np.array(view.to(ctranslate2.DataType.float32))
