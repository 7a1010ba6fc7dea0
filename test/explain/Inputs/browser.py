"""Headless Chromium, and what stands in a page once it is drawn. Chromium takes seconds to begin: it begins once, and is sent from view to view."""
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile

BROWSER = ["chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-extensions", "--window-size=1400,900", "--virtual-time-budget=600000",
           "--enable-logging=stderr", "--v=0"]

DRIVER = """
<pre id="driven"></pre><script>
(async () => {
  const drawn = async () => { do await new Promise(done => setTimeout(done, 20)); while (!document.body.dataset.ready); };
  await drawn();
  const seen = await (async () => { SCRIPT })();
  document.getElementById('driven').textContent = JSON.stringify(seen);
})();
</script>"""

# Each view as it stands in the document, without the data.
VISIT = """
  const seen = [];
  for (const words of WORDS) {
    document.body.dataset.ready = '';
    if (location.hash === '#' + words) window.dispatchEvent(new HashChangeEvent('hashchange'));
    else location.hash = words;
    await drawn();
    seen.push(document.documentElement.cloneNode(false).outerHTML + document.querySelector('main').outerHTML + document.querySelector('footer').outerHTML);
  }
  return seen;"""


def drive(page, words, script):
    """What the script returns in the page that opens with these words behind #; it may await drawn()."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        copy = pathlib.Path(folder) / "driven.html"
        copy.write_text(page.path.read_text(encoding="utf-8") + DRIVER.replace("SCRIPT", script), encoding="utf-8")
        done = subprocess.run([*BROWSER, f"--user-data-dir={folder}", "--dump-dom", f"{copy.resolve().as_uri()}#{words}"],
                              capture_output=True, text=True, timeout=240)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    need(not console, f"{words}: the console has {console}")
    found = re.search(r'<pre id="driven">([^<]+)</pre>', done.stdout)
    need(found, f"{words}: the page is not drawn\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return json.loads(html.unescape(found[1]))


def pages_on_paper(page, words):
    """How many sheets a view is printed on."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        paper = pathlib.Path(folder) / "paper.pdf"
        subprocess.run([*BROWSER, f"--user-data-dir={folder}", "--no-pdf-header-footer", f"--print-to-pdf={paper}", f"{page.path.resolve().as_uri()}#{words}"],
                       capture_output=True, timeout=240)
        need(paper.exists(), f"{words}: nothing is printed")
        return len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))


def visit(page, views):
    """The document in each of these views, by the words behind # that lead to it."""
    views = list(dict.fromkeys(views))
    return dict(zip(views, drive(page, views[0], VISIT.replace("WORDS", json.dumps(views)))))


def need(condition, message):
    if not condition:
        sys.exit(message)


def attribute(dom, pattern):
    found = re.search(pattern, dom)
    need(found, f"found nothing like {pattern} in the page")
    return html.unescape(found[1])
