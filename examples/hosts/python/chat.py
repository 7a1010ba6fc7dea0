"""chat.py LIBRARY: a conversation; each line of standard input is a turn."""
import sys

import heddle

messages = []
with heddle.load(sys.argv[1]).session(rows=1) as session:
    for line in sys.stdin:
        messages.append({"role": "user", "content": line.rstrip("\n")})
        # What the session has read of the conversation is not read again.
        answer = session.chat(messages, max_tokens=16, temperature=0, on_token=lambda token: print(token.text, end="", flush=True))
        print()
        messages.append({"role": "assistant", "content": answer})
