"""debuggers.py HEDDLE MODELS GOLDEN: tools find lines of the model file in a program that was built with -g. Runs in an empty folder."""
import pathlib
import re
import subprocess
import sys

heddle, models, golden = sys.argv[1:]
IDS = ["--ids", "1,2,3", "-n", "2", "--threads", "1"]
TEXT = pathlib.Path(models, "gpt2.heddle").read_text().splitlines()
line = 1 + [" h = act(linear@mlp.c_fc(" in text for text in TEXT].index(True)


def gdb(*commands, program=("--args", "./program", *IDS)):
    done = subprocess.run(["gdb", "-nx", "-batch", *(word for command in commands for word in ("-ex", command)), *program],
                          capture_output=True, text=True)
    return done.stdout, done.stderr


def check_stop(said):
    """At the line, in the block that is part of the decoder."""
    assert re.search(r"^(Thread \d+.* hit )?Breakpoint 1(\.\d+)?,", said[0], re.M), said
    check_frames(said)


def check_frames(said):
    frames = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) .* at (?:\S*/)?(\S+):(\d+)$", said[0], re.M)
    assert frames and frames[0] == ("layer", "gpt2.heddle", str(line)), (frames, said)
    assert any(name == "decoder" for name, _, _ in frames), said


def lines_of(address):
    """What llvm-symbolizer and addr2line take an address of the program for: the innermost place, as both say it."""
    found = []
    for command in (["llvm-symbolizer-22", "--obj=program", "--functions=none", "--inlining=false", address], ["addr2line", "-e", "program", address]):
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]
        found.append(tuple(re.search(r"([^/]*?):(\d+|\?)(?::\d+)?$", text).groups()))
    assert found[0] == found[1], (address, found)
    return found[0]


subprocess.run([heddle, "build", f"{golden}/gpt2", "-g", "-o", "program"], check=True, capture_output=True)

# For every processor that there is code for, the addresses of each line lead back to it.
said = gdb(*(f"info line gpt2.heddle:{number}" for number in range(1, len(TEXT) + 1)), program=["./program"])
places = re.findall(r'Line (\d+) of "[^"]*gpt2\.heddle" starts at address (0x\w+)[^.]*? and ends at', said[0])
places += [(number, address) for number, address in re.findall(r'Line (\d+) of "[^"]*gpt2\.heddle" starts at address (0x\w+) <[^>]*> and ends', said[0])]
assert str(line) in {number for number, _ in places} and len({number for number, _ in places}) > 10, said
for number, address in set(places):
    assert lines_of(address) == ("gpt2.heddle", number), (number, address, lines_of(address))

# A program stops at a line, and leaves a core file that says where it was. One that crashes there tells the address.
said = gdb(f"break gpt2.heddle:{line}", "run", "backtrace", "generate-core-file core", "delete", "set {unsigned short}$pc = 0x0b0f",
           "handle SIGILL nostop noprint pass", "continue")
check_stop(said)
crash = re.search(r"^error: (\S+/program) crashed: illegal instruction at (0x[0-9a-f]+); if it was built with -g, the line of the model: "
                  r"addr2line -e \1 \2$", said[1], re.M)
assert crash and lines_of(crash[2]) == ("gpt2.heddle", str(line)), said
assert "terminated with signal SIGILL" in said[0], said
check_frames(gdb("backtrace", program=["./program", "core"]))
# A jump to nowhere is not in the program; a signal that somebody sends is no crash.
said = gdb(f"break gpt2.heddle:{line}", "run", "delete", "set $pc = 0", "handle SIGSEGV nostop noprint pass", "continue")
assert re.search(r"^error: \S+/program crashed: segmentation fault, outside of its own code$", said[1], re.M), said
said = gdb(f"break gpt2.heddle:{line}", "run", "delete", "handle SIGSEGV nostop noprint pass", "signal SIGSEGV")
assert "terminated with signal SIGSEGV" in said[0] and "crashed" not in said[1], said

# A program that is compiled and run at once is loaded when the debugger has begun.
check_stop(gdb("set breakpoint pending on", f"break gpt2.heddle:{line}", "run", "backtrace",
               program=["--args", heddle, "run", f"{golden}/gpt2", "-g", "--cpu=x86-64-v3", "--", *IDS]))
