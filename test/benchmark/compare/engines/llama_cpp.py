"""llama.cpp, compiled from source on this machine by llama-cpp-python; weights in a GGUF file of the cell's type."""
import ctypes

import llama_cpp
import numpy as np

import checkpoints
import gguf_models
from engines import Base


class Engine(Base):
    def __init__(self, cell, threads, store):
        if cell.dtype == "int8" or cell.work in ("classify", "translate"):
            self.refuse(cell)
        self.cell, self.version = cell, f"llama-cpp-python {llama_cpp.__version__}"
        llama_cpp.llama_backend_init()
        parameters = llama_cpp.llama_model_default_params()
        path = gguf_models.file(cell, store)
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.model:
            raise RuntimeError(f"cannot load {path}")
        self.context = llama_cpp.llama_init_from_model(self.model, self.parameters(threads))
        if not self.context:
            raise RuntimeError("no context")
        ids = checkpoints.inputs(cell)
        if cell.work == "decode":
            self.decode(self.batch(ids, 0))
            ids = np.full((cell.batch, 1), checkpoints.NEXT_TOKEN)
        self.kept = cell.length if cell.work == "decode" else 0
        self.tokens = self.batch(ids, self.kept)

    def parameters(self, threads):
        cell, parameters = self.cell, llama_cpp.llama_context_default_params()
        tokens = cell.batch * cell.length
        parameters.n_ctx = max(512, cell.batch * (cell.length + 1))
        parameters.n_batch = parameters.n_ubatch = max(512, tokens)
        parameters.n_seq_max = cell.batch
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.embeddings = cell.work == "encode"
        if cell.work == "encode":
            parameters.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_NONE
        return parameters

    def batch(self, ids, position):
        """Rows one after the other; logits are asked of the last token of each, hidden states of all."""
        rows, length = ids.shape
        batch = llama_cpp.llama_batch_init(rows * length, 0, 1)
        batch.n_tokens = rows * length
        for i, token in enumerate(ids.ravel()):
            row, at = divmod(i, length)
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = int(token), position + at, 1, row
            batch.logits[i] = self.cell.work == "encode" or at == length - 1
        return batch

    def decode(self, batch):
        call = llama_cpp.llama_encode if self.cell.work == "encode" else llama_cpp.llama_decode
        if call(self.context, batch):
            raise RuntimeError("llama.cpp failed")

    def run(self):
        self.decode(self.tokens)
        self.results()  # waits for them

    def results(self):
        encode = self.cell.work == "encode"
        get = llama_cpp.llama_get_embeddings if encode else llama_cpp.llama_get_logits
        return ctypes.cast(get(self.context), ctypes.POINTER(ctypes.c_float))

    def after(self):
        if self.cell.work != "encode":
            memory = llama_cpp.llama_get_memory(self.context)
            for row in range(self.cell.batch):
                llama_cpp.llama_memory_seq_rm(memory, row, self.kept, -1)

    def output(self):
        cell = self.cell
        self.decode(self.tokens)
        shape = (cell.batch, cell.length, cell.shape.D) if cell.work == "encode" else (cell.batch, cell.shape.V)
        values = np.ctypeslib.as_array(self.results(), shape).copy()
        self.after()
        return values
