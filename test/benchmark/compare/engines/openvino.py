"""OpenVINO's CPU plugin, held to the cell's type (by itself it would compute in bf16 where the machine can)."""
import openvino

import checkpoints
import onnx_models
from engines import Base


class Engine(Base):
    def __init__(self, cell, threads, store):
        if cell.dtype not in ("f32", "bf16") or cell.work == "decode" or cell.model not in onnx_models.MAKERS:
            self.refuse(cell)
        self.version = f"openvino {openvino.__version__.split('-')[0]}"
        core = openvino.Core()
        model = core.compile_model(core.read_model(onnx_models.file(cell, store, fused=False)), "CPU", {
            "INFERENCE_PRECISION_HINT": cell.dtype, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(threads), "ENABLE_CPU_PINNING": "NO"})
        ids = checkpoints.inputs(cell)
        feeds = ids if isinstance(ids, tuple) else [ids]
        self.request = model.create_infer_request()
        for i, values in enumerate(feeds):
            self.request.set_input_tensor(i, openvino.Tensor(values))

    def run(self):
        self.request.infer()

    def output(self):
        return self.request.get_output_tensor(0).data.copy()
