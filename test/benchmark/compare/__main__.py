"""Whole models, Heddle beside its peers, on this machine, in one run:

    python3 test/benchmark/compare                      every cell, one thread and two
    python3 test/benchmark/compare minilm --threads 1   cells with `minilm` in their names
    python3 test/benchmark/compare --before ../old/build --engines heddle     beside an earlier build of itself

See ../README.md for what is measured and how to read it."""
import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
ENGINES = ["heddle", "heddle_avx2", "torch_eager", "torch_compile", "onnx_runtime", "openvino", "llama_cpp", "ctranslate2", "iree"]


def arguments():
    parser = argparse.ArgumentParser(prog="compare", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cells", nargs="*", metavar="WORD", help="only cells with all of these words in their names")
    parser.add_argument("--engines", default=",".join(ENGINES), help="of %(default)s")
    parser.add_argument("--threads", default="1,2", help="numbers of threads (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of every engine (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.4, help="timed in one turn (default: %(default)s)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="where bin/heddle is (default: build/)")
    parser.add_argument("--before", type=pathlib.Path, help="another build folder, whose programs are timed beside ours")
    parser.add_argument("--output", type=pathlib.Path, help="the results' folder (default: BUILD/compare/results)")
    parser.add_argument("--continue", dest="continues", action="store_true", help="keep what the results' folder has, and measure the rest")
    parser.add_argument("--this-python", action="store_true", help="use the packages of this Python, install nothing")
    return parser.parse_args()


def enter_environment(folder):
    """Continues in a virtual environment with the peers, installed when first needed."""
    python = folder / "bin" / "python"
    installed = folder / "installed"
    wanted = (pathlib.Path(__file__).parent / "requirements.txt").read_text()
    if not installed.exists() or installed.read_text() != wanted:
        print("installing the peers", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        for package in filter(None, (line.split("#")[0].strip() for line in wanted.splitlines())):
            # One by one: a peer that this Python has no wheel of is missing from the table, no more.
            # llama.cpp is compiled for this machine.
            subprocess.run([python, "-m", "pip", "install", "-q", "--only-binary", ":all:", "--no-binary", "llama-cpp-python", package])
        installed.write_text(wanted)
    os.execv(python, [python, *sys.argv, "--this-python"])


def compiler_of(build):
    compiler = build / "bin" / "heddle"
    if not compiler.exists():
        sys.exit(f"error: found no {compiler}, needed the compiler; .ci/setup builds it")
    return str(compiler.resolve())


def main():
    options = arguments()
    engines = options.engines.split(",")
    os.environ["HEDDLE_COMPARE_COMPILER"] = compiler_of(options.build)
    if options.before:
        os.environ["HEDDLE_COMPARE_BEFORE"] = compiler_of(options.before)
        engines.append("heddle_before")
    store = (options.build / "compare").resolve()
    if not options.this_python:
        enter_environment(store / "venv")

    from cells import CELLS
    import measure
    import report
    chosen = [cell for cell in CELLS if all(word in cell.name for word in options.cells)]
    if not chosen:
        sys.exit(f"error: found no cell named {' '.join(options.cells)}, needed one of: "
                 + ", ".join(cell.name for cell in CELLS))
    results = report.Results(options.output or store / "results", CELLS, options.continues)
    for cell in chosen:
        missing = [threads for threads in map(int, options.threads.split(",")) if not results.has(cell, threads)]
        expected = measure.expected_of(cell, store) if missing else None
        for threads in missing:
            results.add(cell, threads, measure.cell(cell, threads, expected, engines, store, options.rounds, options.seconds))
    results.finish()


if __name__ == "__main__":
    main()
