"""sanitized.py PROGRAM…: the toy program, built with sanitizers, writes texts and makes vectors for clients that come and go. It ends
as it should only if they have found nothing."""
import http.client
import random
import signal
import sys
import threading
import time

from server import BAD_BODIES, Server, hammer

from serve import text_of

WORDS = "the of and to in a that he shall unto".split()


def texts():
    choice = random.Random(1)
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": [1, "ab"]}}}
    return [{"prompt": " ".join(choice.choices(WORDS, k=choice.randint(1, 40))), "max_tokens": choice.randint(1, 30), "n": choice.randint(1, 3),
             "temperature": choice.choice([0, 1]), "seed": seed, "logprobs": choice.choice([None, 2]), "stop": choice.choice([None, "the", ["of a", "in"]]),
             **(choice.choice([{}, {"response_format": schema}]))} for seed in range(12)]


def vectors():
    choice = random.Random(2)
    return [{"input": [" ".join(choice.choices(WORDS, k=choice.randint(1, 20))) for _ in range(choice.randint(1, 5))],
             "encoding_format": choice.choice(["float", "base64"])} for _ in range(8)]


def leave_at_once(server):
    """Asks as long as there is an answer."""
    body = {"prompt": "the of", "n": 40, "max_tokens": 60, "temperature": 1, "stream": True, "logprobs": 3}
    try:
        while server.request("POST", "/v1/completions", body)[0]:
            pass
    except (OSError, http.client.HTTPException):
        pass


def main(weights, *programs):
    for program in programs:
        with Server(program, "--weights", weights, "--parallel", "3", "--queue", "400") as server:
            for body in BAD_BODIES:
                server.refuse(400, path="/v1/embeddings", body=body)
            server.refuse(400, "input 0 has", path="/v1/embeddings", body={"input": "the " * 100})
            assert hammer(server, "/v1/completions", texts(), text_of, 8, 4, random.Random) > 20
            answered = hammer(server, "/v1/embeddings", vectors(), lambda reply: reply["data"], 8, 2, random.Random, streams=False)
            assert answered > 20
            server.settle()
        with Server(program, "--weights", weights, "--parallel", "2", "--queue", "400") as server:
            server.refuse(400, "asks for 1280 texts", body={"prompt": ["the"] * 10, "n": 128})
            clients = [threading.Thread(target=leave_at_once, args=(server,)) for _ in range(12)]
            for client in clients:
                client.start()
            time.sleep(0.2)
            for _ in range(2):  # the second one ends it in the middle of all this
                server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(60) == 0
            for client in clients:
                client.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
