"""gguf_types.py FILE.gguf [--text FILE] [--tokens N]: what llama.cpp's own narrow types cost on a text, to set beside `heddle verify`'s. The
weights of the file as f32 are one GGUF file more, which llama.cpp quantises to each type; printed are bits a weight of its matrices, the
mean KL divergence of the next token's probabilities to those in f32, and how often the likeliest token is the same.

Needs llama-cpp-python, gguf, numpy."""
import argparse
import ctypes
import pathlib
import tempfile

import gguf
import llama_cpp as api
import numpy as np

WINDOW = 512
TYPES = {"q4_0": 2, "q4_1": 3, "q5_0": 8, "q5_1": 9, "q8_0": 7, "q4_K": 14, "q5_K": 16, "q6_K": 18}  # llama_ftype


def as_floats(path, to):
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(to, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key not in ("general.architecture", "general.file_type", "general.quantization_version"):
            kind = field.types[0]
            writer.add_key_value(key, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantise(path, to, kind):
    parameters = api.llama_model_quantize_default_params()
    parameters.ftype, parameters.pure, parameters.allow_requantize = kind, True, True
    if api.llama_model_quantize(str(path).encode(), str(to).encode(), ctypes.byref(parameters)):
        raise RuntimeError(f"cannot quantise to {to}")


def logits(path, text, tokens):
    """Of every position of windows of the text but their last."""
    model = api.llama_model_load_from_file(str(path).encode(), api.llama_model_default_params())
    parameters = api.llama_context_default_params()
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = WINDOW
    context = api.llama_init_from_model(model, parameters)
    vocabulary = api.llama_model_get_vocab(model)
    size = api.llama_vocab_n_tokens(vocabulary)
    ids = (ctypes.c_int32 * len(text))()
    count = api.llama_tokenize(vocabulary, text, len(text), ids, len(ids), True, False)
    rows = []
    for begin in range(0, min(tokens, count) // WINDOW * WINDOW, WINDOW):
        api.llama_memory_clear(api.llama_get_memory(context), True)
        batch = api.llama_batch_init(WINDOW, 0, 1)
        batch.n_tokens = WINDOW
        for i in range(WINDOW):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = ids[begin + i], i, 1, 0, 1
        if api.llama_decode(context, batch):
            raise RuntimeError("llama.cpp failed")
        rows.append(np.ctypeslib.as_array(api.llama_get_logits(context), (WINDOW, size))[:-1].copy())
    api.llama_free(context)
    api.llama_model_free(model)
    return np.concatenate(rows)


def log_softmax(x):
    x = x.astype(np.float64) - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def bits(path):
    matrices = [tensor for tensor in gguf.GGUFReader(path).tensors if len(tensor.shape) > 1]
    return 8 * sum(int(tensor.n_bytes) for tensor in matrices) / sum(int(tensor.n_elements) for tensor in matrices)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[3] / "examples/sample.txt")
    parser.add_argument("--tokens", type=int, default=1024)
    options = parser.parse_args()
    text = options.text.read_bytes()
    quiet = api.llama_log_callback(lambda level, message, data: None)
    api.llama_log_set(quiet, ctypes.c_void_p(0))
    api.llama_backend_init()
    with tempfile.TemporaryDirectory() as folder:
        floats = pathlib.Path(folder) / "f32.gguf"
        as_floats(options.file, floats)
        expected = log_softmax(logits(floats, text, options.tokens))
        for name, kind in TYPES.items():
            narrow = pathlib.Path(folder) / f"{name}.gguf"
            try:
                quantise(floats, narrow, kind)
            except RuntimeError as error:
                print(f"{name:5} {error}")
                continue
            found = log_softmax(logits(narrow, text, options.tokens))
            divergence = (np.exp(expected) * (expected - found)).sum(-1)
            same = (expected.argmax(-1) == found.argmax(-1)).mean()
            print(f"{name:5} {bits(narrow):5.2f} bits   mean KL {divergence.mean():.3g}   likeliest the same in {100 * same:.1f}%", flush=True)
            narrow.unlink()


if __name__ == "__main__":
    main()
