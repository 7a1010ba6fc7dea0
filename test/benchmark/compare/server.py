"""server.py FILE.gguf [--heddle HEDDLE] [--threads N] [--rounds N] [--clients 1,8,32]: the server that Heddle compiles from a GGUF file beside
that of llama-cpp-python, with the same clients, prompts and lengths.

Every round starts each server anew, in an order that rotates, and has each number of clients ask side by side, each for two texts of 64 tokens
behind prompts of some 60 that have nothing in common. Figures are medians over the rounds: tokens a second of all clients together, and ms of
a request. llama-cpp-python's server answers one request after the other."""
import argparse
import json
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

WORDS = ("time year people way day man thing woman life child world school state family student group country problem hand part "
         "place case week company system program question work government number night point home water room mother area").split()
NEW, TEXTS = 64, 2


def prompt_of(client, text, round_):
    return "Write about " + " ".join(random.Random(f"{client} {text} {round_}").choices(WORDS, k=50))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def heddle(program, threads, port, most):
    return [program, "serve", "--port", str(port), "--threads", str(threads), "--parallel", str(min(most, 32)), "--queue", "1000", "--context", "512"]


def llama(path, threads, port, most):
    return [sys.executable, "-m", "llama_cpp.server", "--model", str(path), "--port", str(port), "--n_threads", str(threads),
            "--n_threads_batch", str(threads), "--n_ctx", "512", "--interrupt_requests", "false"]


class Running:
    """A server that answers."""

    def __init__(self, command, port):
        self.url = f"http://127.0.0.1:{port}/v1/"
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                return urllib.request.urlopen(self.url + "models").close()
            except OSError:
                assert self.process.poll() is None, command
                time.sleep(0.05)

    def ask(self, prompt):
        """How many tokens were written, and the seconds that it took."""
        body = {"prompt": prompt, "max_tokens": NEW, "temperature": 0}
        start = time.perf_counter()
        request = urllib.request.Request(self.url + "completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            tokens = json.load(reply)["usage"]["completion_tokens"]
        return tokens, time.perf_counter() - start

    def end(self):
        self.process.terminate()
        self.process.wait()


def measure(server, clients, round_):
    """Tokens a second, and the median of seconds of a request."""
    done = []
    threads = [threading.Thread(target=lambda client=client: done.extend(server.ask(prompt_of(client, text, round_)) for text in range(TEXTS)))
               for client in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    assert len(done) == clients * TEXTS
    return sum(tokens for tokens, _ in done) / seconds, statistics.median(seconds for _, seconds in done)


def main():
    root = pathlib.Path(__file__).parents[3]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--heddle", default=root / "build/bin/heddle")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", default="1,8,32")
    arguments = parser.parse_args()
    clients = [int(number) for number in arguments.clients.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/served"
        subprocess.run([arguments.heddle, "build", arguments.file, "--serve", "-o", program], check=True)
        engines = {"Heddle": lambda port: heddle(program, arguments.threads, port, max(clients)),
                   "llama-cpp-python": lambda port: llama(arguments.file, arguments.threads, port, max(clients))}
        figures = {(engine, count): [] for engine in engines for count in clients}
        for round_ in range(arguments.rounds):
            order = list(engines)[round_ % 2:] + list(engines)[:round_ % 2]
            for engine in order:
                port = free_port()
                server = Running(engines[engine](port), port)
                server.ask("Once")
                for count in clients:
                    figures[engine, count].append(measure(server, count, round_))
                server.end()
    print(f"{arguments.file.name}, {arguments.threads} threads, {arguments.rounds} rounds\n")
    print("| clients | engine | tokens/s | ms a request |\n| --- | --- | --- | --- |")
    for count in clients:
        for engine in engines:
            rate, seconds = (statistics.median(column) for column in zip(*figures[engine, count]))
            print(f"| {count} | {engine} | {rate:.0f} | {1000 * seconds:.0f} |")


if __name__ == "__main__":
    main()
