"""embed.py LIBRARY TEXT...: how alike each text is to the first."""
import sys

import heddle

model = heddle.load(sys.argv[1])
texts = sys.argv[2:]
vectors = model.embed(texts)
for text, alike in zip(texts, model.similarity(vectors[0], vectors)):
    print(f"{alike:6.3f}  {text}")
