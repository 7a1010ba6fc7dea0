"""processors.py DIRECTORY PROGRAM …: one program on several processors, played by an emulator; what it is for stands in processors.test.

Each PROGRAM answers for every processor of CPUS what it answers on this machine, but for rounding, with the code that the processor
can execute. DIRECTORY has room for files. Prints a line a mistake; exit code 1 where there is one."""
import subprocess, sys
import numpy

# Of the emulator: processors that it plays, and what of the program's code they use.
CPUS = (("Nehalem", "x86-64-v2"), ("Haswell", "x86-64-v3"))
# Different instructions add in different order.
ROUNDING = 2e-5


def run(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options).stdout


def main(directory, *programs):
    ids = numpy.array([[5, 900, 31, 77, 2, 410, 8, 66, 1200, 4]], dtype=numpy.int32)
    numpy.save(f"{directory}/ids.npy", ids)
    mistakes = []
    for program in programs:
        answers = {}
        for cpu, level in ((None, None), *CPUS):
            emulator = ["qemu-x86_64", "-cpu", cpu] if cpu else []
            out = f"{directory}/{cpu}.npy"
            run([*emulator, program, "score", "--in", f"ids={directory}/ids.npy", "--out", out, "--threads", "1"])
            answers[cpu] = numpy.load(out)
            used = [line for line in run([*emulator, program, "--info"]).splitlines() if "(this one)" in line]
            if cpu and used != [f"cpu       {level} (this one)"]:
                mistakes.append(f"{program} on {cpu}: found {used}, needed {level}")
            if cpu:
                difference = abs(answers[cpu] - answers[None]).max() / abs(answers[None]).max()
                if not 0 < difference < ROUNDING:  # the same bits would be the same code
                    mistakes.append(f"{program} on {cpu}: differs by {difference:.1e}, needed more than 0 and at most {ROUNDING}")
    print("\n".join(mistakes))
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
