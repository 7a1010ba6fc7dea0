"""A program compiled by Heddle, as a shared library called through its C interface."""
import ctypes
import os
import pathlib
import subprocess
import sys

import numpy as np

import cells
import checkpoints
from engines import Base

int64, int32, pointer = ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p
PACKAGE = pathlib.Path(__file__).resolve().parents[4] / "runtime" / "python"
ENTRIES = {"encode": "encode", "prefill": "step", "decode": "step", "classify": "classify", "translate": "translate"}
NAMES = {"minilm": "bert", "bert-base": "bert", "gpt2": "gpt2", "llama-1.1b": "llama", "smollm2": "llama", "vit-base": "vit",
         "transformer": "nn_transformer", "whisper-base": "whisper"}


KEEPING = ("prefill", "decode", "translate", "listen")  # whose sessions keep something from call to call
WEIGHTS = {"bf16": "--dtype=bf16", "int8": "--quant=i8", "q8": "--quant=q8", "q4": "--quant=q4"} | dict.fromkeys(cells.GGUF, "--activations=int8")
TYPES = {"f32": ["--dtype=f32"], "stored": ["--dtype=stored"]} | {dtype: [weights, "--cache=bf16"] for dtype, weights in WEIGHTS.items()}


def source(cell, store):
    if cell.dtype not in cells.GGUF:
        return checkpoints.folder(cell.model, store)
    import gguf_models

    return gguf_models.file(cell, store)


def build(compiler, cell, library, cpu, store):
    """Compiles the cell's program, unless the one there is newer than the compiler."""
    if library.exists() and library.stat().st_mtime > compiler.stat().st_mtime:
        return
    library.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "build", source(cell, store), *TYPES[cell.dtype], f"--cpu={cpu}", "-o", library], check=True)


def address(array):
    return array.ctypes.data_as(pointer)


class Engine(Base):
    cpu, compiler, programs = "native", "HEDDLE_COMPARE_COMPILER", "heddle"

    def __init__(self, cell, threads, store):
        self.cell = cell
        compiler = pathlib.Path(os.environ[self.compiler])
        library = store / self.programs / f"{cell.model}-{cell.dtype}-{self.cpu}.so"
        build(compiler, cell, library, self.cpu, store)
        self.version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
        if cell.work == "search":
            self.prepare_search(library, threads)
            return
        self.library, self.name = ctypes.CDLL(str(library)), NAMES[cell.model]
        model = self.function("open", pointer, ctypes.c_char_p, int32)(None, threads)
        if model and self.function("use_huge_pages", int32, pointer)(model):
            raise RuntimeError(self.error())
        # A picture is one, and so is sound.
        tokens = 1 if cell.work == "classify" else cell.target if cell.work == "listen" else cell.length + cell.target
        context = tokens + 1 if cell.work in KEEPING else 0
        self.session = model and self.function("session_open", pointer, pointer, int64, int64, int64)(
            model, cell.batch, cell.batch * tokens, context)
        if not self.session:
            raise RuntimeError(self.error())
        self.prepare()

    def function(self, name, result, *types):
        function = getattr(self.library, f"{self.name}_{name}")
        function.restype, function.argtypes = result, types
        return function

    def error(self):
        return self.function("last_error", ctypes.c_char_p)().decode()

    def call(self, lengths, inputs, outputs, entry=None):
        """A closure with everything converted, so that a timed call is the C call and no more. Arrays of lengths precede
        the inputs; then, in programs whose sessions keep something, the session's rows (NULL: in order)."""
        lengths = [np.full(self.cell.batch, n, np.int64) for n in lengths]
        arrays = lengths + ([None] if self.cell.work in KEEPING else []) + inputs + outputs
        self.held = getattr(self, "held", []) + [arrays]
        function = self.function(entry or ENTRIES[self.cell.work], int32, pointer, int64, *[pointer] * len(arrays))
        arguments = [self.session, self.cell.batch] + [None if a is None else address(a) for a in arrays]

        def run():
            if function(*arguments):
                raise RuntimeError(self.error())
        return run

    def prepare_search(self, library, threads):
        """By the Python package, which does nothing between one token and the next."""
        sys.path.insert(0, str(PACKAGE))
        import heddle

        model, cell = heddle.load(library, threads=threads), self.cell
        model.use_huge_pages()
        session = model.session(rows=cell.batch * cell.beams, context=max(cell.length, cell.target + 1))
        ids = checkpoints.inputs(cell).tolist()

        def run():
            found = [[] for _ in ids]
            session.generate(ids, beams=cell.beams, max_tokens=cell.target, length_penalty=1, early_stopping="no",
                             on_token=lambda token: token.id < 0 or found[token.row].append(token.id))
            self.result = np.array(found, np.float32)
        self.run = run

    def prepare_listen(self, sound, ids):
        encode = self.call([], [sound], [], "encode")
        self.result = np.empty((self.cell.batch, self.cell.shape.V), np.float32)
        step = self.call([self.cell.target], [np.ascontiguousarray(ids, np.int32)], [self.result], "step")
        self.kept, self.rewind = 0, self.function("session_rewind", int32, pointer, int64, int64)

        def run():
            encode()
            step()
        self.run = run

    def prepare(self):
        cell, ids = self.cell, checkpoints.inputs(self.cell)
        if cell.work == "translate":
            source, target = (np.ascontiguousarray(x, np.int32) for x in ids)
            self.result = np.empty((cell.batch, cell.target, cell.shape.V), np.float32)
            self.run = self.call([cell.length, cell.target], [source, target], [self.result])
            return
        if cell.work == "listen":
            self.prepare_listen(*ids)
            return
        if cell.work == "classify":
            self.result = np.empty((cell.batch, cell.shape.V), np.float32)
            self.run = self.call([], [ids], [self.result])
            return
        ids = ids.astype(np.int32)
        if cell.work == "encode":
            self.result = np.empty((cell.batch, cell.length, cell.shape.D), np.float32)
            types = np.zeros_like(ids)
            self.run = self.call([cell.length], [ids, types], [self.result])
            return
        self.result = np.empty((cell.batch, cell.shape.V), np.float32)
        self.run = self.call([cell.length], [ids], [self.result])
        self.kept = 0
        self.rewind = self.function("session_rewind", int32, pointer, int64, int64)
        if cell.work == "decode":
            self.run()
            self.kept = cell.length
            token = np.full((cell.batch, 1), checkpoints.NEXT_TOKEN, np.int32)
            self.run = self.call([1], [token], [self.result])

    def after(self):
        if self.cell.work in ("prefill", "decode", "listen"):
            for row in range(self.cell.batch):
                self.rewind(self.session, row, self.kept)

    def output(self):
        return self.result
