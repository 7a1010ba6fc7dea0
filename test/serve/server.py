"""A compiled program that serves, and clients of it."""
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time


class Server:
    """Runs PROGRAM serve at a port that is free, for one `with`. Ends it with SIGTERM, which has to be an ordinary end."""

    def __init__(self, program, *options, environment=None):
        self.command = [program, "serve", "--port", "0", *map(str, options)]
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True, env=self.environment)
        line = self.process.stderr.readline()
        assert " listens on http://" in line, line + self.process.stderr.read()
        self.name, self.port = line.split()[0], int(line.rsplit(":", 1)[1])
        self.said = []
        self.reader = threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True)
        self.reader.start()
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        finally:
            self.process.kill()
        self.reader.join(10)
        assert kind or (code == 0 and not self.said), (code, "".join(self.said)[-4000:])

    def memory(self):
        """Bytes of it that are in memory and its own."""
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(status.split("RssAnon:")[1].split()[0]) << 10

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def request(self, method, path, body=None, headers=None):
        """The code and the body of a reply."""
        connection = self.connect()
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, text

    def post(self, path, body, **others):
        """What a request that is answered is answered with."""
        code, text = self.request("POST", path, body, **others)
        assert code == 200, (code, text, body)
        return json.loads(text)

    def refuse(self, code, *words, path="/v1/completions", method="POST", **others):
        """A request that is refused, in one line of JSON."""
        found, text = self.request(method, path, **others)
        assert found == code, (found, code, text)
        error = json.loads(text)["error"]
        assert all(word in error["message"] for word in words), (words, error)
        return error

    def stream(self, path, body):
        """The events of a stream, which has to end as it should."""
        connection = self.connect()
        connection.request("POST", path, json.dumps({**body, "stream": True}), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        assert reply.status == 200 and reply.getheader("Content-Type") == "text/event-stream", (reply.status, reply.read())
        events = [event.removeprefix("data: ") for event in reply.read().decode().split("\n\n") if event]
        connection.close()
        assert events[-1] == "[DONE]", events[-1]
        return [json.loads(event) for event in events[:-1]]

    def leave(self, path, body, wait):
        """A client that goes away before its reply is there."""
        data = json.dumps(body).encode()
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" %
                               (path.encode(), len(data)) + data)
            time.sleep(wait)

    def metrics(self):
        code, text = self.request("GET", "/metrics")
        assert code == 200
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}

    def settle(self):
        """Until no text is written or waits."""
        for _ in range(600):
            metrics = self.metrics()
            if not metrics["heddle_texts_at_work"] and not metrics["heddle_texts_waiting"]:
                return metrics
            time.sleep(0.1)
        raise AssertionError(metrics)


BAD_BODIES = [b"", b"{", b"[]", b"null", b"{\"prompt\": 1}", b"\xff\xfe", b"[" * 10000, b"{\"max_tokens\": 1e999}", b"{\"prompt\":\"\\ud800\"}",
              b"{\"prompt\": \"x\", \"n\": 0}", b"{\"prompt\": \"x\", \"stop\": [1]}", b"{\"prompt\": [\"x\", 1]}", b"{\"prompt\": [-1]}",
              b"{\"prompt\": [100000]}"]


def hammer(server, path, bodies, answer_of, clients, seconds, random, streams=True):
    """Clients that ask side by side, some of which go away and some of which send nonsense. Whatever is answered has to be what the
    same request is answered with alone: `answer_of` of it. Returns how many answers there were."""
    expected = [answer_of(server.post(path, body)) for body in bodies]
    wrong, counts = [], [0] * clients
    end = time.monotonic() + seconds

    def run(client):
        choice = random(client)
        while time.monotonic() < end and not wrong:
            try:
                number = choice.randrange(len(bodies))
                kind = choice.random()
                if kind < 0.1:
                    server.leave(path, {**bodies[number], **({"stream": kind < 0.05} if streams else {})}, choice.random() * 0.1)
                elif kind < 0.2:
                    code, text = server.request("POST", path, choice.choice(BAD_BODIES))
                    assert code == 400 and json.loads(text)["error"]["message"], (code, text)
                elif kind < 0.5 and streams:
                    events = server.stream(path, bodies[number])
                    assert answer_of(events) == expected[number], (bodies[number], answer_of(events), expected[number])
                    counts[client] += 1
                else:
                    found = answer_of(server.post(path, bodies[number]))
                    assert found == expected[number], (bodies[number], found, expected[number])
                    counts[client] += 1
            except Exception as error:
                wrong.append(repr(error))

    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]
    return sum(counts)
