"""Builds a checkpoint with heddle, calls every entry and compares with what is expected. Standard library alone."""
import array
import pathlib
import re
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import checkpoint
from golden import Library, Rows
from golden_compare import compare

TOLERANCE = 1e-4  # of the row's largest value
PER_TOKEN = {"score", "encode", "fill_mask", "classify_tokens", "answer", "detect"}
PER_ROW = {"step", "pool", "next_sentence", "sentence_order", "classify"}


class Verdict:
    """right: answered as expected; refused: with a message that names the key; wrong, broken: all the rest."""

    def __init__(self, word, detail):
        self.word, self.detail = word, detail

    @property
    def good(self):
        return self.word in ("right", "refused")

    def __str__(self):
        return f"{self.word}: {self.detail}"


def sizes(inputs):
    return inputs["lengths"], inputs.get("targets")


def call_all(library, inputs, expected):
    """entry -> the values it answers, rows one after the other."""
    lengths, targets = sizes(inputs)
    model = library.open()
    session = library.session(model)
    found = {}
    if "ending" in inputs:
        given, values = Rows.pack(checkpoint.tokens(inputs)), checkpoint.image(inputs["pixels"])
        found["encode_text"] = library.call("encode_text", session, len(lengths), lengths, [given], len(expected["encode_text"]["values"]))
        found["encode_image"] = library.call("encode_image", session, inputs["images"], None, [values], len(expected["encode_image"]["values"]))
    elif "pixels" in inputs:
        values = checkpoint.image(inputs["pixels"])
        for entry, answer in expected.items():
            found[entry] = library.call(entry, session, inputs["images"], None, [values], len(answer["values"]))
    if "pixels" in inputs:
        library.close(model, session)
        return found
    ids = checkpoint.tokens(inputs)
    if "features" in inputs:
        library.call("encode", session, len(targets), None, [checkpoint.features(inputs)], 0, [None])
        ids, lengths = checkpoint.tokens(inputs, "targets"), targets
    elif targets:
        library.call("encode", session, len(lengths), lengths, [Rows.pack(ids)], 0, [None])
        ids, lengths = checkpoint.tokens(inputs, "targets"), targets
    for entry, answer in expected.items():
        width = answer["width"]
        given, sessions = [Rows.pack(ids)], [None]
        if "types" in inputs:
            given.append(Rows.pack(checkpoint.rows("types", inputs["types"], lengths)))
        if "encode" in expected:
            sessions = ()
        else:
            for row in range(len(lengths)):
                library.rewind(session, row, 0)
        count = sum(lengths) if entry in PER_TOKEN else len(lengths)
        found[entry] = library.call(entry, session, len(lengths), lengths, given, count * width, sessions)
    library.close(model, session)
    return found


def known_entries(library):
    return {e for e in PER_ROW | PER_TOKEN - {"encode"} if library.has(e)}


def judge(heddle, folder, expected, inputs, keys, flags=()):
    """keys: what a refusal may name. The program is built in `folder`, beside its checkpoint."""
    output = folder / ("reference.so" if "--reference" in flags else "fast.so")
    output.unlink(missing_ok=True)
    try:
        built = subprocess.run([heddle, "build", folder, "-o", output, *flags], capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return Verdict("broken", "the compiler did not end within 300 s")
    if built.returncode:
        message = built.stderr.strip()
        first = next((line for line in message.splitlines() if "error:" in line), message[-200:])
        if built.returncode != 1 or "error:" not in message:
            return Verdict("broken", f"exit code {built.returncode}: {first}")
        named = [key for key in keys if re.search(rf"(?<!\w){re.escape(key)}(?!\w)", message)]
        return Verdict("refused", f"{named[0]}  ({first})") if named else Verdict("broken", f"no key named: {first}")
    library = Library(output)
    missing = {e for e in expected if not library.has(e)}
    extra = known_entries(library) - set(expected) - set(inputs.get("unasked", ()))
    if missing or extra:
        return Verdict("wrong", f"entries: lacks {sorted(missing)}, has {sorted(extra)} too")
    try:
        found = call_all(library, inputs, expected)
    except SystemExit as error:
        return Verdict("broken", f"the program: {error}")
    worst = 0.0
    for entry, values in found.items():
        answer = expected[entry]
        error, where, _ = compare(array.array("f", answer["values"]), values, answer["width"], TOLERANCE)
        worst = max(worst, error)
        if error > TOLERANCE:
            return Verdict("wrong", "{}: row {}, column {}: expected {:.6g}, found {:.6g}".format(entry, *where))
    return Verdict("right", f"{worst:.1e}")
