"""Runs toy-main on a weights file, truncates the file once it is mapped, and only then says what is to be read."""
import subprocess
import sys
import time

path = sys.argv[1]
program = subprocess.Popen(["toy-main", "--weights", path], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True)
for _ in range(1000):
    with open(f"/proc/{program.pid}/maps") as maps:
        if path in maps.read():
            break
    time.sleep(0.01)
# The file is checked when it is opened; then the program waits for a text.
time.sleep(0.3)
open(path, "w").close()
_, errors = program.communicate("some text")
print(errors, end="")
print("exit code", program.returncode)
