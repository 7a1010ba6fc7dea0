"""Every `def Name : Pass<"flag"` of compiler/ROOM/*Passes.td has compiler/ROOM/Name.cpp and test/ROOM/name.mlir, which runs
the flag; and heddle-opt knows the flag."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
known = subprocess.run(["heddle-opt", "--help"], check=True, capture_output=True, text=True).stdout
faults, count = [], 0
for passes in sorted(root.glob("compiler/*/*Passes.td")):
    room = passes.parent.name
    for name, flag in re.findall(r'^def (\w+) : Pass<"([\w-]+)"', passes.read_text(), flags=re.M):
        count += 1
        # NNToLinalg is nn-to-linalg, PlanMemory plan-memory.
        test = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower() + ".mlir"
        if not (root / "compiler" / room / f"{name}.cpp").exists():
            faults.append(f"{flag}: there is no compiler/{room}/{name}.cpp")
        path = root / "test" / room / test
        if not path.exists() or f"--{flag}" not in path.read_text():
            faults.append(f"{flag}: there is no test/{room}/{test} that runs --{flag}")
        if f"--{flag} " not in known and f"--{flag}\n" not in known:
            faults.append(f"{flag}: heddle-opt does not know it")
# Edited modules go through each of them.
tried = (root / "test/pipeline/EveryPass.cpp").read_text()
faults += [f"{flag}: test/pipeline/EveryPass.cpp does not try it" for passes in root.glob("compiler/*/*Passes.td")
           for flag in re.findall(r'^def \w+ : Pass<"([\w-]+)"', passes.read_text(), flags=re.M)
           if not re.search(rf'^    "{flag}["{{]', tried, flags=re.M)]
for fault in faults:
    print(fault)
if faults or count < 4:
    sys.exit(1)
print(f"{count} passes, each with its file, flag and test")
