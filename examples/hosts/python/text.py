"""text.py LIBRARY PROMPT: writes on from a prompt, piece by piece."""
import sys

import heddle

model = heddle.load(sys.argv[1])
print(sys.argv[2], end="")
for piece in model.generate(sys.argv[2], max_tokens=24, temperature=0, stream=True):
    print(piece, end="", flush=True)
print()
