#!/usr/bin/env python3
"""includes.py ROOT: includes point down, as the project's README draws the rooms.

    driver → explain → {pipeline, the six} → {dialects, files} → LLVM and MLIR; the six never include each other. lsp stands beside the driver
    and includes language and checkpoint of the six. The runtime stands alone:
    of its headers the compiler includes those that say `Shared with the compiler` at their head.

includes.py ROOT --self-test adds a forbidden include of every kind, each of which has to be found.
"""
import pathlib
import re
import sys

SIX = ["language", "checkpoint", "transforms", "conversion", "microkernels", "codegen"]
ROOMS = [f"compiler/{room}" for room in ["files", *SIX, "pipeline", "explain", "driver", "lsp"]] + ["dialects/scalar", "dialects/kernel", "dialects/nn", "dialects/program", "dialects/plugin", "runtime"]
BELOW = {
    "dialects/scalar": [],
    "dialects/kernel": ["dialects/scalar"],
    "dialects/nn": ["dialects/kernel", "dialects/scalar"],
    "dialects/program": ["dialects/nn", "dialects/kernel"],
    "dialects/plugin": [],
    "compiler/files": [],
    "runtime": [],
}
for six in SIX:
    BELOW[f"compiler/{six}"] = ["dialects/program", "dialects/nn", "dialects/kernel", "dialects/scalar", "compiler/files"]
BELOW["compiler/pipeline"] = [f"compiler/{six}" for six in SIX] + ["dialects/plugin"] + BELOW["compiler/language"]
BELOW["compiler/explain"] = ["compiler/pipeline", *BELOW["compiler/pipeline"]]
BELOW["compiler/driver"] = ["compiler/explain", *BELOW["compiler/explain"]]
BELOW["compiler/lsp"] = ["compiler/language", "compiler/checkpoint", *BELOW["compiler/language"]]

# Folders of the runtime, each of which may be left out of a program with what stands before it here.
RUNTIME = ["runtime/serve", "runtime/main", "runtime/chat", "runtime/generate", "runtime/text", "runtime/media"]
SHARED = "Shared with the compiler"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', flags=re.M)


def room_of(name):
    return next((room for room in ROOMS if name.startswith(room + "/")), None)


def is_shared(text):
    """Whether the comment at a header's head says that the compiler includes it too."""
    return SHARED in text[:text.find("#ifndef")].replace("\n// ", " ").replace("\n * ", " ")


def fault_of(name, quote, included, files):
    """What is wrong with a file's include, or nothing."""
    room, target = room_of(name), room_of(included)
    if room is None:
        return "the file is in no room"
    if room == "runtime":
        if re.match(r"(llvm|mlir|compiler|dialects)/", included):
            return "the runtime stands alone"
        for index, folder in enumerate(RUNTIME):
            above = RUNTIME[:index]
            if name.startswith(folder + "/") and any(included.startswith(other + "/") for other in above):
                return f"{folder} may be in programs without {', '.join(above)}"
    if quote == '"' and target is None and not re.match(r"(llvm|mlir|lld)/", included):
        return "no file of a room; includes start at the project's root"
    if room == "runtime" or target in (None, room):
        return None
    if target == "runtime":
        return None if is_shared(files.get(included, "")) else f"the header does not say `{SHARED}` at its head"
    if target not in BELOW[room]:
        return f"{room} may include {', '.join(BELOW[room]) or 'no other room'}"
    return None


def faults(files):
    """A line for every include that points where it may not."""
    found = []
    for name, text in sorted(files.items()):
        for quote, included in INCLUDE.findall(text):
            fault = fault_of(name, quote, included, files)
            if not fault and name.startswith("runtime/") and is_shared(text) and included.startswith("runtime/"):
                if not is_shared(files.get(included, "")):
                    fault = f"is part of what the compiler includes, and does not say `{SHARED}`"
            if fault:
                found.append(f"{name} includes {included}: {fault}")
    return found


def read(root):
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8")
            for top in ["compiler", "dialects", "runtime"] for path in root.glob(f"{top}/**/*") if path.suffix in {".h", ".cpp", ".c", ".inc"}}


FORBIDDEN = [
    ("compiler/files/Message.cpp", "dialects/nn/NN.h"),
    ("compiler/language/Parser.cpp", "compiler/checkpoint/Json.h"),
    ("compiler/checkpoint/Json.cpp", "compiler/language/Language.h"),
    ("compiler/transforms/PlanMemory.cpp", "compiler/conversion/Passes.h"),
    ("compiler/conversion/NNToKernel.cpp", "compiler/microkernels/Tuning.h"),
    ("compiler/microkernels/Tasks.cpp", "compiler/codegen/Target.h"),
    ("compiler/codegen/Object.cpp", "compiler/pipeline/Options.h"),
    ("compiler/pipeline/Pipeline.cpp", "compiler/driver/CommandLine.h"),
    ("compiler/lsp/Model.cpp", "compiler/pipeline/Pipeline.h"),
    ("compiler/driver/Check.cpp", "compiler/lsp/Model.h"),
    ("compiler/explain/Recorder.cpp", "compiler/driver/Compilation.h"),
    ("compiler/pipeline/Observe.cpp", "compiler/explain/PassLog.h"),
    ("dialects/nn/NN.cpp", "compiler/transforms/Passes.h"),
    ("dialects/kernel/Layout.h", "dialects/nn/NN.h"),
    ("dialects/nn/NN.h", "dialects/program/Program.h"),
    ("compiler/codegen/Program.h", "runtime/Session.h"),
    ("compiler/driver/Build.cpp", "runtime/heddle_internals.h"),
    ("runtime/Session.cpp", "dialects/kernel/Layout.h"),
    ("runtime/text/Regex.cpp", "runtime/main/Commands.h"),
    ("runtime/text/Sampler.cpp", "runtime/generate/TokenRules.h"),
    ("runtime/abi.h", "runtime/Session.h"),
    ("compiler/language/Parser.cpp", "Lexer.h"),
    ("compiler/room/File.cpp", "dialects/nn/NN.h"),
]


def self_test(files):
    for name, included in FORBIDDEN:
        text = f'#include "{included}"\n'
        # Behind the head, which says what a header is.
        changed = {**files, name: files.get(name, "") + text}
        new = [fault for fault in faults(changed) if fault.startswith(f"{name} includes {included}: ")]
        if len(new) != 1:
            sys.exit(f"{name} including {included}: found {new}, needed one fault")
    print(f"{len(FORBIDDEN)} forbidden includes, each found")


def main():
    files = read(pathlib.Path(sys.argv[1]).resolve())
    if "--self-test" in sys.argv:
        return self_test(files)
    found = faults(files)
    print("\n".join(found))
    print(f"{sum(len(INCLUDE.findall(text)) for text in files.values())} includes in {len(files)} files, "
          f"{'not all' if found else 'all'} of them pointing down")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
