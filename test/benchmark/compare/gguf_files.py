"""gguf_files.py NAME=FILE.gguf … [--threads N] [--rounds N]: whole models from GGUF files, the program that Heddle compiles beside
llama.cpp (its Python package, compiled from source on this machine), as who uses them meets them.

Every round starts each engine anew, one after the other in an order that rotates; files are in the page cache. Given are a prompt
of ids and how many tokens are to follow, greedily. Figures are medians:

    first    ms from the start to the first token: of Heddle's program, from the start of its process; of llama.cpp from where it
             begins to load the model, Python and its imports not counted
    prompt   tokens a second of a prompt of 512 tokens, its model loaded
    decode   tokens a second behind 32 tokens, 128 of them
    memory   MB: the largest resident size of the process; of llama.cpp without what Python took before it loaded the model
    files    MB: the program; the GGUF file and llama.cpp's libraries
"""
import argparse
import ctypes
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

from turns import turns

PROMPT, LONG, NEW = 32, 512, 128
CONTEXT = LONG + NEW


def ids(count):
    return [100 + i * 37 % 4000 for i in range(count)]


#===--- In a process of its own: llama.cpp ---------------------------------------------------------------------------===


def silent(level, text, data):
    pass


def llama(path, threads):
    import llama_cpp as api

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    quiet = api.llama_log_callback(silent)
    api.llama_log_set(quiet, ctypes.c_void_p(0))
    api.llama_backend_init()
    start = time.perf_counter()
    model = api.llama_model_load_from_file(path.encode(), api.llama_model_default_params())
    parameters = api.llama_context_default_params()
    parameters.n_ctx = CONTEXT
    parameters.n_threads = parameters.n_threads_batch = threads
    context = api.llama_init_from_model(model, parameters)
    size = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model))
    memory = api.llama_get_memory(context)

    def feed(tokens):
        """The likeliest token behind them."""
        array = (ctypes.c_int32 * len(tokens))(*tokens)
        if api.llama_decode(context, api.llama_batch_get_one(array, len(tokens))):
            sys.exit("llama.cpp failed")
        logits = api.llama_get_logits_ith(context, -1)
        return largest(ctypes.addressof(logits.contents), size)

    token = feed(ids(PROMPT))
    first = time.perf_counter() - start
    begin = time.perf_counter()
    for _ in range(NEW):
        token = feed([token])
    decode = NEW / (time.perf_counter() - begin)
    api.llama_memory_clear(memory, True)
    begin = time.perf_counter()
    feed(ids(LONG))
    prompt = LONG / (time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"first": 1e3 * first, "prompt": prompt, "decode": decode, "memory": (peak - before) * 1024 / 1e6}))


def largest(address, count):
    import numpy

    return int(numpy.ctypeslib.as_array((ctypes.c_float * count).from_address(address)).argmax())


#===--- Heddle -------------------------------------------------------------------------------------------------------===


def run(program, threads, prompt, new):
    """Seconds to the first token that it writes, tokens a second from there on, and its largest resident size in bytes."""
    command = [program, "--ids", ",".join(map(str, ids(prompt))), "--no-echo", "-n", str(new), "--threads", str(threads),
               "--context", str(CONTEXT)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    begin = os.read(process.stdout.fileno(), 1 << 16)
    first = time.perf_counter()
    text = begin + process.stdout.read()
    end = time.perf_counter()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"error: {program} failed")
    count = text.count(b",")
    return first - start, count / (end - first), usage.ru_maxrss * 1024


def heddle(program, threads):
    first, decode, peak = run(program, threads, PROMPT, NEW + 1)
    long, _, long_peak = run(program, threads, LONG, 1)
    return {"first": 1e3 * first, "prompt": (LONG - PROMPT) / (long - first), "decode": decode, "memory": max(peak, long_peak) / 1e6}


#===--- Both ---------------------------------------------------------------------------------------------------------===


def libraries():
    """Bytes of those that a text model needs, each once."""
    import llama_cpp

    contents = {path.read_bytes() for path in (pathlib.Path(llama_cpp.__file__).parent / "lib").glob("*.so*") if "mtmd" not in path.name}
    return sum(map(len, contents))


def build(compiler, path, folder, name, *flags):
    program = folder / f"{name}{''.join(flags)}"
    subprocess.run([compiler, "build", path, "-o", program, *flags], check=True)
    return str(program)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="NAME=FILE.gguf")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--compiler", default=str(pathlib.Path(__file__).resolve().parents[3] / "build/bin/heddle"))
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/compare/gguf-files"), help="for the programs")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print("| model | threads | engine | first | prompt | decode | memory | files |\n" + "| --- " * 8 + "|")
    for name, path in (model.split("=", 1) for model in options.models):
        programs = {"Heddle": build(options.compiler, path, options.folder, name),
                    "heddle int8": build(options.compiler, path, options.folder, name, "--activations=int8")}
        sizes = {engine: os.stat(program).st_size / 1e6 for engine, program in programs.items()}
        sizes["llama.cpp"] = (os.stat(path).st_size + libraries()) / 1e6
        for threads in map(int, options.threads.split(",")):
            for engine, row in measure(programs, path, threads, options.rounds).items():
                cells = [name, threads, engine, f"{row['first']:.0f}", f"{row['prompt']:.0f}", f"{row['decode']:.0f}", f"{row['memory']:.0f}",
                         f"{sizes[engine]:.1f}"]
                print("|", " | ".join(map(str, cells)), "|", flush=True)


def measure(programs, path, threads, rounds):
    def ask_llama():
        command = [sys.executable, __file__, "--llama", path, str(threads)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    asked = {engine: lambda program=program: heddle(program, threads) for engine, program in programs.items()}
    asked["llama.cpp"] = ask_llama
    rows = {engine: [] for engine in asked}
    for engine in turns(asked, rounds):
        rows[engine].append(asked[engine]())
    return {engine: {key: statistics.median(row[key] for row in of) for key in of[0]} for engine, of in rows.items()}


if __name__ == "__main__":
    if sys.argv[1] == "--llama":
        llama(sys.argv[2], int(sys.argv[3]))
    else:
        main()
