"""line_by_line.py PROGRAM: an answer to each line before the next one is written."""
import json
import subprocess
import sys

program = subprocess.Popen([sys.argv[1], "--format", "json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for line in ("one", "two", "three"):
    program.stdin.write(line + "\n")
    program.stdin.flush()
    if json.loads(program.stdout.readline())["text"] != line:
        sys.exit(f"found another answer than that to {line}")
program.stdin.close()
sys.exit(program.wait())
