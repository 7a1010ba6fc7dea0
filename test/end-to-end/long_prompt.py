"""long_prompt.py PROGRAM TOKENS VOCABULARY FOLDER: gives a program a prompt of so many tokens; ok if its memory stays below
200 MB."""
import array
import pathlib
import resource
import subprocess
import sys

from cut_npy import write

program, tokens, vocabulary, folder = sys.argv[1:]
ids = pathlib.Path(folder) / "ids.npy"
write(ids, array.array("i", (7 * i * i % int(vocabulary) for i in range(int(tokens)))))
subprocess.run([program, "step", "--in", ids, "--out", ids.with_name("out.npy")], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print(f"{'ok' if used < 200 else 'FAILED'}: {tokens} tokens in {used} MB")
