"""Builds a checkpoint with heddle, calls every entry and compares with what is expected. Standard library alone."""
import array
import itertools
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
    """right: answered as expected; refused: with a message that names the key; wrong, broken: all the rest. program: the library
    that was built, remarks: what the compiler said of it."""

    def __init__(self, word, detail, program=None, remarks=""):
        self.word, self.detail, self.program, self.remarks = word, detail, program, remarks

    @property
    def good(self):
        return self.word in ("right", "refused")

    def __str__(self):
        return f"{self.word}: {self.detail}"


class Batch:
    """What the entries of a case are given, row by row: arrays of ids, of ids of the target, of token types, of pixels, of features
    of a sound; None of what it has not. `total`: how many images the case has."""

    def __init__(self, ids, targets, types, images, sounds, total):
        self.ids, self.targets, self.types, self.images, self.sounds, self.total = ids, targets, types, images, sounds, total

    @staticmethod
    def of(inputs):
        ids = targets = types = images = sounds = None
        if inputs.get("lengths"):
            ids = checkpoint.tokens(inputs)
        if inputs.get("targets"):
            targets = checkpoint.tokens(inputs, "targets")
        if "features" in inputs:
            sounds = Rows(checkpoint.features(inputs), [inputs["features"]] * len(targets)).rows
        if "types" in inputs:
            types = checkpoint.rows("types", inputs["types"], inputs["lengths"])
        if "pixels" in inputs:
            values, count = checkpoint.image(inputs["pixels"]), inputs["images"]
            images = Rows(values, [len(values) // count] * count).rows
        return Batch(ids, targets, types, images, sounds, inputs.get("images"))

    def __len__(self):
        return max(len(rows) for rows in (self.ids, self.targets, self.images) if rows)

    def rows(self, numbers):
        """The batch of these rows; there may be fewer texts than images, or the other way round."""
        def chosen(rows):
            return rows and [rows[number] for number in numbers if number < len(rows)]
        return Batch(*map(chosen, (self.ids, self.targets, self.types, self.images, self.sounds)), self.total)


def takes_image(entry, batch):
    return batch.images is not None and (batch.ids is None or entry == "encode_image")


def continues(batch, expected):
    """Whether the entries continue sessions: those of programs that write text."""
    if "forward" in expected:
        return False
    return bool(batch.targets) or not {"encode", "encode_text", "encode_image"} & set(expected) and batch.images is None


def call_texts(library, session, entry, batch, ids, width, cut, continuing):
    """The answers of an entry over ids, an array a row."""
    per_token, sessions = entry in PER_TOKEN, [None] if continuing else ()
    for row in range(len(ids) if continuing else 0):
        library.rewind(session, row, 0)
    answers = [array.array("f") for _ in ids]
    for part in [[a[:cut] for a in ids], [a[cut:] for a in ids]] if cut and continuing else [ids]:
        lengths = list(map(len, part))
        given = [Rows.pack(part)] + ([Rows.pack(batch.types)] if batch.types else [])
        counts = [width * (n if per_token else 1) for n in lengths]
        rows = Rows(library.call(entry, session, len(part), lengths, given, sum(counts), sessions), counts).rows
        answers = [a + b for a, b in zip(answers, rows)] if per_token else rows
    return answers


def translate(library, session, batch, width):
    """Every target token's numbers, from rows of lengths of their own."""
    for row in range(len(batch.ids)):
        library.rewind(session, row, 0)
    counts = [width * len(row) for row in batch.targets]
    lengths = [list(map(len, rows)) for rows in (batch.ids, batch.targets)]
    given = [Rows.pack(batch.ids), Rows.pack(batch.targets)]
    return Rows(library.call("translate", session, len(counts), lengths[0], given, sum(counts), [lengths[1], None]), counts).rows


def forward(library, session, batch, width):
    """The same of rows of one length, with time before batch."""
    def turned(rows):
        return array.array("i", itertools.chain(*zip(*rows)))
    rows, steps = len(batch.ids), len(batch.targets[0])
    values = library.call("forward", session, rows, None, [len(batch.ids[0]), steps, turned(batch.ids), turned(batch.targets)], rows * steps * width)
    return [array.array("f", itertools.chain(*(values[(step * rows + row) * width:][:width] for step in range(steps)))) for row in range(rows)]


OF_PAIRS = {"translate": translate, "forward": forward}  # entries that take source and target, both whole


def call_all(library, batch, expected, threads=1, cut=None):
    """entry -> its answers, an array a row. expected: what the whole case's are. cut: the ids of entries that continue a session
    come in two calls, the first of so many each row."""
    model = library.open(threads)
    session = library.session(model)
    ids = batch.ids
    if batch.sounds:
        library.call("encode", session, len(batch.sounds), None, [Rows.pack(batch.sounds)], 0, [None])
    elif batch.targets and library.has("encode"):
        library.call("encode", session, len(ids), list(map(len, ids)), [Rows.pack(ids)], 0, [None])
    if batch.targets:
        ids = batch.targets
    found = {}
    for entry, answer in expected.items():
        width = answer["width"]
        if entry in OF_PAIRS:
            found[entry] = OF_PAIRS[entry](library, session, batch, width)
        elif not (batch.images if takes_image(entry, batch) else ids):
            found[entry] = []
        elif takes_image(entry, batch):
            count = len(answer["values"]) // batch.total
            values = library.call(entry, session, len(batch.images), None, [Rows.pack(batch.images)], len(batch.images) * count)
            found[entry] = Rows(values, [count] * len(batch.images)).rows
        else:
            found[entry] = call_texts(library, session, entry, batch, ids, width, cut, continues(batch, expected))
    library.close(model, session)
    return found


def known_entries(library):
    return {e for e in PER_ROW | set(OF_PAIRS) | PER_TOKEN - {"encode"} if library.has(e)}


def judge(heddle, folder, expected, inputs, keys, flags):
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
    # What step gives of one token is compared; score is the same for all of them (nn-find-verifier).
    unasked = {"score"} if "step" in expected else set(inputs.get("unasked", ()))
    extra = known_entries(library) - set(expected) - unasked
    if missing or extra:
        return Verdict("wrong", f"entries: lacks {sorted(missing)}, has {sorted(extra)} too")
    try:
        found = call_all(library, Batch.of(inputs), expected)
    except SystemExit as error:
        return Verdict("broken", f"the program: {error}")
    worst = 0.0
    for entry, rows in found.items():
        answer, values = expected[entry], Rows.pack(rows)
        error, where, _ = compare(array.array("f", answer["values"]), values, answer["width"], TOLERANCE)
        worst = max(worst, error)
        if error > TOLERANCE:
            return Verdict("wrong", "{}: row {}, column {}: expected {:.6g}, found {:.6g}".format(entry, *where))
    return Verdict("right", f"{worst:.1e}", output, built.stderr)
