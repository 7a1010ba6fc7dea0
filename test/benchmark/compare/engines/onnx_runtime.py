"""ONNX Runtime on its fused operators, inputs and outputs bound once; int8 is its own dynamic quantisation of the file."""
import numpy as np
import onnx
import onnxruntime

import checkpoints
import onnx_models
from engines import Base


class Engine(Base):
    def __init__(self, cell, threads, store):
        if cell.dtype not in ("f32", "int8") or cell.model not in onnx_models.MAKERS:
            self.refuse(cell)
        self.cell, self.version = cell, f"onnxruntime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        fused = cell.work != "translate"  # no fused operator covers its attention over another sequence's length
        path = onnx_models.file(cell, store, fused)
        if cell.dtype == "int8":
            path = quantised(path)
        self.session = onnxruntime.InferenceSession(path, options,
                                                    providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        for name, values in self.feeds(store).items():
            self.binding.bind_cpu_input(name, values)
        for output in self.session.get_outputs():
            self.binding.bind_output(output.name)

    def feeds(self, store):
        cell, ids = self.cell, checkpoints.inputs(self.cell)
        if isinstance(ids, tuple):
            return dict(zip(("source", "target"), ids))
        if cell.work != "decode":
            return {"pixel_values" if cell.work == "classify" else "input_ids": ids}
        feeds = {"input_ids": np.full((cell.batch, 1), checkpoints.NEXT_TOKEN, np.int64)}
        for l, layer in enumerate(prompt_cache(cell, store)):
            feeds[f"past.{l}"] = layer
        return feeds

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def output(self):
        return self.binding.copy_outputs_to_cpu()[0]


def quantised(path):
    result = path.with_suffix(".int8.onnx")
    if not result.exists():
        from onnxruntime.quantization import QuantType, quantize_dynamic
        quantize_dynamic(path, result, per_channel=True, weight_type=QuantType.QInt8,
                         extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})
    return result


def prompt_cache(cell, store):
    """Keys and values of the prompt, [2 B H S K] a layer; computed with PyTorch, since they are input, not work."""
    import torch
    from engines import torch_models
    with torch.inference_mode():
        cache = torch_models.load(cell, store)(torch.from_numpy(checkpoints.inputs(cell)), use_cache=True).past_key_values
    return [torch.stack([layer.keys, layer.values]).numpy() for layer in cache.layers]
