"""Headless Chromium, and what stands in a page once it is drawn."""
import html
import re
import subprocess
import sys

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1400,900", "--virtual-time-budget=30000", "--enable-logging=stderr", "--v=0"]


def dump(page, words, folder):
    """The document as it stands once the page is drawn."""
    url = page.path.resolve().as_uri() + "#" + words
    done = subprocess.run(["chromium", *FLAGS, f"--user-data-dir={folder}", "--dump-dom", url], capture_output=True, text=True, timeout=120)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    if console:
        sys.exit(f"{words}: the console has {console}")
    if 'data-ready=""' in done.stdout or "data-ready" not in done.stdout:
        sys.exit(f"{words}: the page is not drawn\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def need(condition, message):
    if not condition:
        sys.exit(message)


def attribute(dom, pattern):
    found = re.search(pattern, dom)
    need(found, f"found nothing like {pattern} in the page")
    return html.unescape(found[1])
