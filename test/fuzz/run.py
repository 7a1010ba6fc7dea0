#!/usr/bin/env python3
"""Runs fuzz targets: first every seed, then what libFuzzer makes of them. README.md describes the targets.

    run.py --bin build/bin --work build/test/fuzz --seconds 60 [NAME...]

Exits with 1 if a target crashed, hung (25 s) or needed over 1 GB; the input that did it is named. What new inputs reached
is kept under WORK/corpus/NAME for the next run, except with --runs, which executes the same inputs wherever it runs."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

MODULES = ["test/dialects/nn/*.mlir", "test/dialects/*.mlir", "test/transforms/*.mlir", "test/pipeline/*.mlir"]

# Where a target's seeds are, beside seeds/NAME: globs in the source tree. A pair is one seed, joined by a zero byte.
SEEDS = {
    "chat": ["test/chat/templates/*/*.jinja"],
    "generation": ["test/golden/*/config.json"],
    "gguf": ["test/golden/gguf/blocks.gguf"],
    "json": ["test/golden/*/config.json"],
    "lsp": ["examples/models/*.heddle", "test/language/*.heddle"],
    "media": ["test/media/Inputs/pictures/*.png", "test/media/Inputs/pictures/*.jpg", "test/media/Inputs/sounds/mono*.wav"],
    "model": [(f"examples/models/{model}.heddle", f"test/golden/{golden}/config.json") for model, golden in (
        ("bert", "bert"), ("glm", "glm"), ("glm4", "glm4"), ("gpt2", "gpt2"), ("llama", "llama"), ("llama", "llama3-rope"),
        ("llama", "qwen3"), ("mixtral", "mixtral"), ("t5", "t5"), ("transformer", "marian"), ("vit", "vit"))]
    + ["examples/models/unet.heddle", "test/language/*.heddle"],
    "modules": MODULES,
    "npy": ["test/golden/ids_*.npy", "test/golden/lengths_ragged.npy"],
    "parser": ["examples/models/*.heddle", "test/language/*.heddle"],
    "preprocessor": ["test/media/Inputs/*/*/preprocessor_config.json"],
    "passes": MODULES,
    "torch": ["test/golden/torch/*.bin", "test/golden/torch/*.pt"],
    "quantised": [(f"test/golden/quantised/{form}/config.json", f"test/golden/quantised/{form}/model.safetensors")
                  for form in ("gptq-reordered", "gptq-2", "awq", "compressed-zeros", "compressed-8", "fp8", "fp8-tensor")],
    "tokenizer": ["test/text/golden/*.tokenizer.json", "test/text/Inputs/*.json"],
}

# Words of the formats that a target reads.
DICTIONARIES = {
    "chat": ["chat", "json"],
    "generation": ["json", "generation"],
    "gguf": ["gguf"],
    "json": ["json"],
    "lsp": ["model"],
    "model": ["model", "json"],
    "parser": ["model"],
    "preprocessor": ["json"],
    "quantised": ["json", "quantised", "safetensors"],
    "regex": ["regex"],
    "safetensors": ["json", "safetensors"],
    "schema": ["json", "schema"],
    "sentences": ["json", "sentences"],
    "older-files": ["json", "tokenizer"],
    "tokenizer": ["json", "tokenizer"],
    "torch": ["torch"],
}


def write_seeds(name, folder):
    """Gathers the seeds of a target in one folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    own = sorted((HERE / "seeds" / name).glob("*"))
    for number, source in enumerate([own, *SEEDS.get(name, [])]):
        if isinstance(source, tuple):
            (folder / f"{number}").write_bytes(b"\0".join((ROOT / path).read_bytes() for path in source))
            continue
        paths = source if isinstance(source, list) else sorted(ROOT.glob(source))
        for path in paths:
            shutil.copy(path, folder / f"{number}-{'-'.join(path.relative_to(ROOT).parts)}")


def run(name, options):
    """Returns the line to report, and whether all was well."""
    corpus, seeds, found = (options.work / kind / name for kind in ("corpus", "seeds", "found"))
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    write_seeds(name, seeds)
    command = [options.bin / f"fuzz-{name}", "-timeout=25", "-rss_limit_mb=1024", "-print_final_stats=1", "-close_fd_mask=3",
               f"-seed={options.seed}", f"-artifact_prefix={found}/"]
    if options.runs:
        # Of a folder libFuzzer takes the files in the order that the file system has them; what compared values were, it
        # learns from, and some are addresses, as are keys of hash tables. Not every machine allows fixed ones.
        if subprocess.run(["setarch", "-R", "true"], capture_output=True).returncode == 0:
            command = ["setarch", "-R", *command]
        command += [f"-runs={options.runs}", "-reload=0", "-use_cmp=0", "-purge_allocator_interval=-1"]
        if inputs := sorted(seeds.iterdir()):
            names = options.work / f"{name}.seeds"
            names.write_text(",".join(map(str, inputs)))
            command.append(f"-seed_inputs=@{names}")
    else:
        command += [f"-max_total_time={options.seconds}", corpus, seeds]
    if name in DICTIONARIES:
        words = options.work / f"{name}.dict"
        words.write_text("".join((HERE / "dictionaries" / f"{part}.txt").read_text() for part in DICTIONARIES[name]))
        command.append(f"-dict={words}")
    # LLVM allocates from arenas that were compiled without sanitizers.
    environment = dict(os.environ, ASAN_OPTIONS="allow_user_poisoning=0:detect_leaks=1", UBSAN_OPTIONS="print_stacktrace=1")
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=environment)
    count = re.search(r"number_of_executed_units: (\d+)", ran.stderr)
    coverage = re.findall(r"cov: (\d+)", ran.stderr)
    line = f"{name}: {count[1] if count else 'no'} executions, coverage {coverage[-1] if coverage else 'none'}"
    if ran.returncode == 0 and count:
        return line, True
    report = [text for text in ran.stderr.splitlines() if not re.match(r"#\d+\s|INFO: ", text)]
    return "\n".join([f"{line}: failed", *report[:60], *report[60:][-6:]]), False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where the targets were built")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where corpora and findings are kept")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, help="executions of each target from the seeds alone, in place of seconds")
    parser.add_argument("names", nargs="*", help="targets; none: all")
    options = parser.parse_args()
    names = options.names or sorted(path.name[5:] for path in options.bin.glob("fuzz-*"))
    good = bool(names)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for line, passed in pool.map(lambda name: run(name, options), names):
            print(line, flush=True)
            good = good and passed
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
