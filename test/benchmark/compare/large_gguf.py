"""large_gguf.py FILE.gguf [--layers N]: a GGUF file with the sizes of Llama 2 7B and random blocks, in the types of Q4_K_M: 4.1 GB in a few
seconds. Then, unless --only-write:

    heddle build   seconds; the largest resident memory that belongs to no file
    first token    ms from the start of the program to its first token, its file in the page cache; the same memory; and how many
                   tokens a second follow

Needs numpy and gguf."""
import argparse
import os
import pathlib
import subprocess
import sys
import threading
import time

import gguf
import numpy as np

D, H, G, F, V, CONTEXT = 4096, 32, 32, 11008, 32000, 4096
TYPES = gguf.GGMLQuantizationType
POOL = 1 << 25  # random bytes, used again and again


def blocks(random, kind, count):
    """`count` blocks of random integers with scales that keep weights below some 0.05."""
    size = gguf.GGML_QUANT_SIZES[kind][1]
    data = np.frombuffer(random.bytes(count * size), np.uint8).reshape(count, size).copy()
    half = lambda limit: random.uniform(limit / 2, limit, count).astype(np.float16).view(np.uint8).reshape(count, 2)
    if kind == TYPES.Q4_K:  # d, dmin, …
        data[:, 0:2], data[:, 2:4] = half(6e-5), half(4e-4)
    elif kind == TYPES.Q6_K:  # …, d
        data[:, -2:] = half(1e-5)
    else:
        raise ValueError(kind)
    return data.ravel()


class Writer:
    def __init__(self, path, layers):
        self.random, self.pools, self.tensors = np.random.default_rng(7), {}, []
        w = self.writer = gguf.GGUFWriter(path, "llama")
        w.add_context_length(CONTEXT)
        w.add_embedding_length(D)
        w.add_block_count(layers)
        w.add_feed_forward_length(F)
        w.add_head_count(H)
        w.add_head_count_kv(G)
        w.add_vocab_size(V)
        w.add_layer_norm_rms_eps(1e-5)
        w.add_rope_dimension_count(D // H)
        w.add_rope_freq_base(10000.0)
        w.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
        w.add_tokenizer_model("no_vocab")

    def matrix(self, name, outputs, inputs, kind):
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        count = outputs * inputs // elements * size
        self.writer.add_tensor_info(name, (outputs, inputs // elements * size), np.dtype(np.uint8), count, raw_dtype=kind)
        self.tensors.append((kind, count))

    def ones(self, name, count):
        self.writer.add_tensor_info(name, (count,), np.dtype(np.float32), 4 * count)
        self.tensors.append((None, count))

    def data(self, kind, count):
        if kind is None:
            return np.ones(count, np.float32)
        if kind not in self.pools:
            self.pools[kind] = blocks(self.random, kind, POOL // gguf.GGML_QUANT_SIZES[kind][1])
        pool = self.pools[kind]
        return np.resize(pool, count)

    def close(self):
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_ti_data_to_file()
        for kind, count in self.tensors:
            self.writer.write_tensor_data(self.data(kind, count))
        self.writer.close()


def write(path, layers):
    w = Writer(path, layers)
    w.matrix("token_embd.weight", V, D, TYPES.Q4_K)
    w.matrix("output.weight", V, D, TYPES.Q6_K)
    w.ones("output_norm.weight", D)
    for l in range(layers):
        better = TYPES.Q6_K if l < layers // 8 or l >= 7 * layers // 8 or (l - layers // 8) % 3 == 2 else TYPES.Q4_K
        for name, outputs, inputs, kind in (("attn_q", D, D, TYPES.Q4_K), ("attn_k", G * D // H, D, TYPES.Q4_K),
                                            ("attn_v", G * D // H, D, better), ("attn_output", D, D, TYPES.Q4_K),
                                            ("ffn_gate", F, D, TYPES.Q4_K), ("ffn_up", F, D, TYPES.Q4_K), ("ffn_down", D, F, better)):
            w.matrix(f"blk.{l}.{name}.weight", outputs, inputs, kind)
        w.ones(f"blk.{l}.attn_norm.weight", D)
        w.ones(f"blk.{l}.ffn_norm.weight", D)
    w.close()


def own_memory(process):
    """Watches a process until it ends: the largest memory that belongs to no file, in bytes."""
    largest = [0]

    def watch():
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            for line in status.splitlines():
                if line.startswith(("RssAnon", "RssShmem")):
                    largest[0] = max(largest[0], int(line.split()[1]) * 1024)
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread, largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--only-write", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compiler", default=str(pathlib.Path(__file__).resolve().parents[3] / "build/bin/heddle"))
    options = parser.parse_args()
    if not options.file.exists():
        unfinished = options.file.with_suffix(".unfinished")
        write(unfinished, options.layers)
        unfinished.rename(options.file)
    print(f"file: {options.file.stat().st_size / 1e9:.2f} GB")
    if options.only_write:
        return
    program = options.file.with_suffix("")
    start = time.perf_counter()
    process = subprocess.Popen([options.compiler, "build", options.file, "-o", program])
    thread, memory = own_memory(process)
    thread.join()
    if process.returncode:
        sys.exit("error: the build failed")
    print(f"build: {time.perf_counter() - start:.1f} s, {memory[0] / 1e6:.0f} MB beside the mapped file, "
          f"program of {program.stat().st_size / 1e9:.2f} GB")
    for _ in range(3):
        run(program, options.threads)


def run(program, threads):
    start = time.perf_counter()
    process = subprocess.Popen([program, "--ids", "1,450,7483,310", "--no-echo", "-n", "33", "--threads", str(threads)], stdout=subprocess.PIPE)
    thread, memory = own_memory(process)
    begin = os.read(process.stdout.fileno(), 1 << 16)
    first = time.perf_counter()
    text = begin + process.stdout.read()
    end = time.perf_counter()
    thread.join()
    print(f"first token: {1e3 * (first - start):.0f} ms, then {text.count(b',') / (end - first):.1f} tokens a second, "
          f"{memory[0] / 1e6:.0f} MB beside the mapped file")


if __name__ == "__main__":
    main()
