"""IREE, compiled ahead for this machine from the plain ONNX file."""
import importlib.metadata
import subprocess
import sys

import iree.runtime
import numpy as np

import checkpoints
import onnx_models
from engines import Base


def compiled(cell, threads, store):
    source = onnx_models.file(cell, store, fused=False)
    module = source.with_suffix(".vmfb")
    if not module.exists():
        imported = source.with_suffix(".mlir")
        subprocess.run([sys.executable, "-m", "iree.compiler.tools.import_onnx", source, "-o", imported], check=True)
        unfinished = module.with_suffix(".unfinished")
        subprocess.run([sys.executable, "-m", "iree.compiler.tools.scripts.iree_compile", imported, "-o", unfinished,
                        "--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
                        "--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O2", "--iree-opt-data-tiling",
                        "--iree-llvmcpu-fail-on-out-of-bounds-stack-allocation=false"], check=True)
        unfinished.rename(module)
    return module


class Engine(Base):
    def __init__(self, cell, threads, store):
        if cell.dtype != "f32" or cell.work == "decode" or cell.model not in onnx_models.MAKERS:
            self.refuse(cell)
        self.version = f"iree {importlib.metadata.version('iree-base-runtime')}"
        # Its pool of tasks takes a thread a core that the process may use; one thread runs without a pool.
        device = iree.runtime.get_device("local-sync" if threads == 1 else "local-task")
        config = iree.runtime.Config(device=device)
        module = iree.runtime.VmModule.mmap(config.vm_instance, str(compiled(cell, threads, store)))
        loaded = iree.runtime.load_vm_module(module, config)
        name = next(n for n in module.function_names if not n.startswith("__") and not n.endswith("$async"))
        self.function = getattr(loaded, name)
        ids = checkpoints.inputs(cell)
        feeds = ids if isinstance(ids, tuple) else [ids]
        self.inputs = [iree.runtime.asdevicearray(device, np.ascontiguousarray(values)) for values in feeds]

    def run(self):
        self.result = self.function(*self.inputs)

    def output(self):
        return np.asarray(self.result.to_host())
