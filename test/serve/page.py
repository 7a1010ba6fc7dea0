"""page.py HEDDLE EXAMPLES FOLDER [PICTURE]: the page of the server, in headless Chromium: what is typed is answered, bit by bit, with what
the server answers; an answer is stopped; a key is asked for. Needs chromedriver (Debian: chromium-driver). PICTURE: a .png of it at the end."""
import base64
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

from serve import CHAT, Tests, text_of
from server import Server

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--window-size=800,900"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """Chromium by the W3C's WebDriver protocol, for one `with`."""

    def __enter__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.url = f"http://127.0.0.1:{line.split()[-1].rstrip('.')}"
                break
        options = {"args": FLAGS}
        session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}})
        self.url += f"/session/{session['sessionId']}"
        return self

    def __exit__(self, *_):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)) as reply:
            return json.load(reply)["value"]

    def find(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def type(self, selector, text):
        self.ask("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click", {})

    def run(self, script):
        return self.ask("POST", "/execute/sync", {"script": "return " + script, "args": []})

    def texts(self, selector):
        return self.run(f"[...document.querySelectorAll('{selector}')].map(e => e.textContent)")

    def wait(self, script):
        for _ in range(200):
            if self.run(script):
                return
            time.sleep(0.05)
        raise AssertionError((script, self.run("document.body.innerText")))


def converse(browser, server):
    browser.ask("POST", "/url", {"url": f"http://127.0.0.1:{server.port}/"})
    browser.wait("document.title == 'scripture'")
    browser.click("summary")
    browser.type("#temperature", "0")
    browser.type("#tokens", "12")
    browser.type("#system", "Thou art wise.")
    messages = [{"role": "system", "content": "Thou art wise."}]
    for said in ["And God said", "And Moses went"]:
        browser.type("#input", said + "\ue007")
        messages.append({"role": "user", "content": said})
        expected = text_of(server.post(CHAT, {"messages": messages, "temperature": 0, "max_tokens": 12}))[0][0]
        messages.append({"role": "assistant", "content": expected})
        browser.wait(f"document.querySelectorAll('.figures').length == {len(messages) // 2}")
        assert browser.texts(".assistant")[-1] == expected, (browser.texts(".assistant"), expected)
    assert browser.texts(".user") == ["And God said", "And Moses went"]
    assert "cut at its length" in browser.texts(".figures")[0]


def stop(browser, server):
    browser.run("at('tokens').value = ''")
    browser.type("#input", "And it came to pass\ue007")
    browser.wait("running && document.querySelectorAll('.assistant')[2]?.textContent.length > 0")
    browser.click("#send")
    browser.wait("document.querySelectorAll('.figures').length == 3")
    assert "stopped" in browser.texts(".figures")[2], browser.texts(".figures")
    server.settle()
    assert browser.run("document.getElementById('send').textContent") == "Send"
    # What a model writes is text, whatever it looks like.
    browser.run("show('assistant', '<img src=x onerror=alert(1)>')")
    assert not browser.run("document.querySelectorAll('img').length")
    browser.click("#reset")
    assert browser.texts(".message") == []


def ask_for_key(browser, server):
    browser.ask("POST", "/url", {"url": f"http://127.0.0.1:{server.port}/"})
    browser.wait("document.querySelectorAll('.error').length == 1")
    browser.click("summary")
    browser.run("at('tokens').value = 4")
    browser.type("#key", "sesame")
    browser.type("#input", "And God said\ue007")
    browser.wait("document.querySelectorAll('.figures').length == 1")
    assert browser.texts(".assistant")[0]


def main(heddle, examples, folder, picture=None):
    tests = Tests(heddle, examples, folder)
    with Browser() as browser:
        with Server(tests.program) as server:
            converse(browser, server)
            if picture:
                pathlib.Path(picture).write_bytes(base64.b64decode(browser.ask("GET", "/screenshot")))
            stop(browser, server)
        keys = pathlib.Path(folder) / "keys"
        keys.write_text("sesame\n")
        with Server(tests.program, "--api-key-file", keys) as server:
            ask_for_key(browser, server)
    print("the page: conversations, stopping, keys")


if __name__ == "__main__":
    main(*sys.argv[1:])
