"""torch.compile with frozen (constant, packed) weights: the fastest of PyTorch's modes for inference on a CPU."""
import os

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
import torch._inductor.config

from engines import torch_eager


class Engine(torch_eager.Engine):
    def __init__(self, cell, threads, store):
        if cell.work in ("decode", "search") or cell.dtype == "int8":
            self.refuse(cell)  # recompiles for every length of the cache
        torch._inductor.config.freezing = True
        super().__init__(cell, threads, store)
        self.version += " compile"

    def compiled(self, model):
        return torch.compile(model, dynamic=False)
