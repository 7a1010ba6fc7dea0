"""import.py HEDDLE DIRECTORY FAMILY...: a tiny model of each family, built from its checkpoint and from the model file that
`heddle import` writes of it, gives answers with the same bits. GGUF-FAMILY: of a GGUF file. Standard library alone."""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE / "configurations")]
import checkpoint
import from_gguf
import program
import sample
from golden import Library, Rows


def write(name, folder):
    """The checkpoint, and its case."""
    shutil.rmtree(folder, ignore_errors=True)
    if name.startswith("gguf-"):
        folder.mkdir(parents=True)
        return from_gguf.write(name[5:], folder)
    case = sample.read(name)[0]
    checkpoint.write(folder / "model", case["config"], case["tensors"], case["copies"])
    return folder / "model", case


def answers(heddle, arguments, output, case):
    built = subprocess.run([heddle, "build", "--cpu=generic", *arguments, "-o", output], capture_output=True, text=True)
    if built.returncode:
        sys.exit(f"{arguments[0]}: {built.stderr}")
    library = Library(output)
    found = program.call_all(library, program.Batch.of(case["inputs"]),
                             {entry: answer for entry, answer in case["expected"].items() if library.has(entry)})
    return {entry: Rows.pack(rows).tobytes() for entry, rows in found.items()}


def main():
    heddle, directory, families = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    for name in families:
        folder = directory / name
        model, case = write(name, folder)
        file = folder / "imported.heddle"
        subprocess.run([heddle, "import", model, "-o", file], check=True)
        one = answers(heddle, [model], folder / "model.so", case)
        other = answers(heddle, [file, "--weights", model], folder / "imported.so", case)
        print(f"{name}: {'the same bits' if one and one == other else 'other bits'}:", *one)


if __name__ == "__main__":
    main()
