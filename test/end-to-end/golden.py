#!/usr/bin/env python3
"""Runs a tiny model, compiled to a shared library, against its golden files; the standard library alone.

    heddle build ../golden/llama -o llama.so
    golden.py llama.so ../golden/llama
    golden.py llama.so ../golden/llama --relative 0.1 --write DIR     # looser, and the answers go to DIR/ENTRY_*.npy
    golden.py llama.so ../golden/llama --expect DIR                   # against those

Two promises. Numbers: every entry answers within 1e-4 of Hugging Face, for one sequence and for a ragged batch. Bits: a row's
answer does not depend on the batch it is in, on its place there, on which session row holds it, on how its tokens are cut
into calls, or on the number of threads. A model with a tokenizer has greedy.json in its place: the text it must write. Prints a line a check; exit code 1 if one fails.
"""
import argparse
import array
import ctypes
import json
import pathlib
import re
import sys

from golden_compare import compare, read_npy

SINGLE_ROW = 4  # of the ragged batch: the sequence of 12
pointer, int64 = ctypes.c_void_p, ctypes.c_int64


def write_npy(path, shape, values):
    """Format 1.0, f32."""
    header = str({"descr": "<f4", "fortran_order": False, "shape": tuple(shape)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + array.array("f", values).tobytes())


def address(values):
    """What is passed for an array, or a size as it is."""
    if isinstance(values, int):
        return pointer(values)
    return None if values is None else pointer(values.buffer_info()[0])


def numbers(values):
    return array.array("q", values)


class Library:
    """The C interface of one compiled model: NAME_open, NAME_session_open, NAME_ENTRY, ..."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path.resolve()))
        names = set(re.findall(rb"\0(\w+)_session_open\0", path.read_bytes()))
        if len(names) != 1:
            sys.exit(f"error: {path}: found {len(names)} functions NAME_session_open, needed one")
        self.name = names.pop().decode()

    def function(self, name, result, *types):
        function = getattr(self.library, f"{self.name}_{name}")
        function.restype, function.argtypes = result, types
        return function

    def has(self, entry):
        return hasattr(self.library, f"{self.name}_{entry}")

    def error(self):
        return self.function("last_error", ctypes.c_char_p)().decode()

    def open(self, threads=1):
        model = self.function("open", pointer, ctypes.c_char_p, ctypes.c_int32)(None, threads)
        if not model:
            sys.exit(f"error: open: {self.error()}")
        return model

    def session(self, model):
        session = self.function("session_open", pointer, pointer, int64, int64, int64)(model, 8, 0, 0)
        if not session:
            sys.exit(f"error: session_open: {self.error()}")
        return session

    def close(self, model, session):
        self.function("session_close", None, pointer)(session)
        self.function("close", None, pointer)(model)

    def rewind(self, session, row, length):
        if self.function("session_rewind", ctypes.c_int32, pointer, int64, int64)(session, row, length):
            sys.exit(f"error: session_rewind: {self.error()}")

    def call(self, entry, session, rows, lengths, inputs, count, session_rows=()):
        """lengths: one list, or None for entries without sizes; session_rows: [list or None] where the entry takes them."""
        output = array.array("f", bytes(4 * count))
        arguments = ([None if r is None else numbers(r) for r in ([lengths] if lengths else [])]
                     + [None if r is None else numbers(r) for r in session_rows] + inputs + ([output] if count else []))
        function = self.function(entry, ctypes.c_int32, pointer, int64, *[pointer] * len(arguments))
        if function(session, rows, *map(address, arguments)):
            sys.exit(f"error: {entry}: {self.error()}")
        return output


C_TYPES = {"int64_t": int64, "int32_t": ctypes.c_int32, "uint64_t": ctypes.c_uint64, "float": ctypes.c_float, "const char *": ctypes.c_char_p,
           "const char *const *": ctypes.POINTER(ctypes.c_char_p)}


HEADER = pathlib.Path(__file__).resolve().parents[2] / "runtime/heddle.h"


def fields_of(structure, header=HEADER):
    """As a C header declares them, for ctypes; pointers to anything but text are addresses."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    body = re.search(rf"typedef struct {structure} {{(.*?)}} {structure};", text, re.S)[1]
    fields = []
    for kind, first, others in re.findall(r"([\w ]*\w[ *]*(?:const \*)*)\b(\w+)((?:,[ *]*\w+)*);", body):
        kind = kind.strip()
        for name in [first, *re.findall(r"\w+", others)]:
            fields.append((name, C_TYPES.get(kind) or (pointer if kind.endswith("*") else C_TYPES[kind])))
    return fields


class GenerateOptions(ctypes.Structure):
    _fields_ = fields_of("heddle_generate_options")


TokenCallback = ctypes.CFUNCTYPE(ctypes.c_int32, pointer, int64, ctypes.c_int32, pointer, int64)


class Rows:
    """A packed array and where its rows begin."""

    def __init__(self, values, lengths):
        starts = [sum(lengths[:i]) for i in range(len(lengths) + 1)]
        self.rows = [values[a:b] for a, b in zip(starts, starts[1:])]

    @staticmethod
    def pack(rows):
        packed = array.array(rows[0].typecode)
        for row in rows:
            packed.extend(row)
        return packed


def permuted(items, place):
    """The items with number SINGLE_ROW moved to `place`, the others in order."""
    rest = [item for i, item in enumerate(items) if i != SINGLE_ROW]
    return rest[:place] + [items[SINGLE_ROW]] + rest[place:]


class Test:
    def __init__(self, library, folder, expect=None, write=None, relative=1e-4):
        self.library, self.folder, self.failed = library, folder, False
        self.expect, self.write, self.relative = expect or folder, write, relative
        shared = folder.parent
        self.values = lambda name: read_npy(shared / f"{name}.npy")[1]
        self.lengths = list(self.values("lengths_ragged"))
        self.ids = Rows(self.values("ids_ragged"), self.lengths).rows
        self.types = Rows(self.values("types_ragged"), self.lengths).rows
        self.target_lengths = list(self.values("target_lengths_ragged"))
        self.targets = Rows(self.values("target_ragged"), self.target_lengths).rows

    def expected(self, name):
        shape, values = read_npy(self.expect / f"{name}.npy")
        return shape[-1], values

    def has(self, name):
        return (self.folder / f"{name}.npy").exists()

    def say(self, good, what):
        self.failed |= not good
        print(f"{'ok' if good else 'FAILED'}: {what}")

    def close_to(self, name, found):
        width, expected = self.expected(name)
        worst, where, good = compare(expected, found, width, self.relative)
        if self.write:
            write_npy(self.write / f"{name}.npy", (len(found) // width, width), found)
        self.say(good, f"{name}: largest difference {worst:.2g} of the row's largest value"
                 + ("" if good else ", row {}, column {}: expected {:.9g}, found {:.9g}".format(*where)))

    def same_bits(self, what, expected, found):
        differ = sum(a != b for a, b in zip(memoryview(expected).cast("B").cast("i"), memoryview(found).cast("B").cast("i")))
        self.say(len(expected) == len(found) and not differ,
                 f"{what}" + (f": {differ} of {len(expected)} values have other bits" if differ else ""))


class Model:
    """One opened model with one session, used for one check."""

    def __init__(self, test, threads=1):
        self.test, self.library = test, test.library
        self.model = self.library.open(threads)
        self.session = self.library.session(self.model)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.close(self.model, self.session)

    def run(self, entry, rows, width, per_token, extra=(), session_rows=()):
        """rows: an array of ids each; extra: further inputs, packed likewise. Answers one array a row."""
        lengths = list(map(len, rows))
        counts = [width * (n if per_token else 1) for n in lengths]
        out = self.library.call(entry, self.session, len(rows), lengths, [Rows.pack(rows)] + [Rows.pack(e) for e in extra],
                                sum(counts), session_rows)
        return Rows(out, counts).rows


def test_decoder(test, entry, targets, prepare=lambda model, order, session_rows=None: None):
    """`score` answers for every token, `step` for the last. prepare sets the state that the entry reads, if any."""
    width, _ = test.expected(f"{entry}_12")
    per_token = entry == "score"
    whole_batch = list(range(8))

    def run(model, rows, session_rows=None):
        return model.run(entry, rows, width, per_token, session_rows=[session_rows])

    def in_pieces(model, row, cuts):
        parts = [run(model, [row[a:b]])[0] for a, b in zip([0] + cuts, cuts + [len(row)])]
        return Rows.pack(parts) if per_token else parts[-1]

    single, length = targets[SINGLE_ROW], len(targets[SINGLE_ROW])
    with Model(test) as model:
        prepare(model, [SINGLE_ROW])
        alone = run(model, [single])[0]
        test.close_to(f"{entry}_12", alone)
        model.library.rewind(model.session, 0, length // 2)
        again = run(model, [single[length // 2:]])[0]
        test.same_bits(f"{entry}: rewound to half and given again", alone[-len(again):], again)
    for cuts in ([7] + list(range(8, length)), list(range(1, length)), [1], [length - 1], [3, 7]):
        with Model(test) as model:
            prepare(model, [SINGLE_ROW])
            test.same_bits(f"{entry}: {length} tokens cut at {', '.join(map(str, cuts))}", alone, in_pieces(model, single, cuts))
    for threads in (1, 2, 3):
        with Model(test, threads) as model:
            prepare(model, whole_batch)
            found = run(model, targets)
            if threads == 1:
                batch = found
                test.close_to(f"{entry}_ragged", Rows.pack(batch))
            test.same_bits(f"{entry}: ragged batch on {threads} threads", Rows.pack(batch), Rows.pack(found))
    for place in whole_batch:
        order = permuted(whole_batch, place)
        with Model(test) as model:
            prepare(model, order)
            test.same_bits(f"{entry}: as row {place} of a ragged batch", alone, run(model, [targets[i] for i in order])[place])
    backwards = whole_batch[::-1]
    with Model(test) as model:
        prepare(model, whole_batch, backwards)
        long = [i for i in whole_batch if len(targets[i]) > 1]
        first = run(model, [targets[i][:len(targets[i]) // 2] for i in long], [backwards[i] for i in long])
        second = run(model, [targets[i][len(targets[i]) // 2:] for i in long[::-1]], [backwards[i] for i in long[::-1]])[::-1]
        found = [Rows.pack([a, b]) for a, b in zip(first, second)] if per_token else second
        test.same_bits(f"{entry}: a batch in two halves, rows shuffled between session rows",
                       Rows.pack([batch[i] for i in long]), Rows.pack(found))


def test_encoder(test, entry):
    width, _ = test.expected(f"{entry}_12")

    def run(model, order):
        extra = [] if entry == "sentence" else [[test.types[i] for i in order]]
        return model.run(entry, [test.ids[i] for i in order], width, entry == "encode", extra)

    with Model(test) as model:
        alone = run(model, [SINGLE_ROW])[0]
        test.close_to(f"{entry}_12", alone)
        for place in range(8):
            test.same_bits(f"{entry}: as row {place} of a ragged batch", alone, run(model, permuted(range(8), place))[place])
    for threads in (1, 2, 3):
        with Model(test, threads) as model:
            found = Rows.pack(run(model, range(8)))
            if threads == 1:
                batch = found
                test.close_to(f"{entry}_ragged", batch)
            test.same_bits(f"{entry}: ragged batch on {threads} threads", batch, found)


def test_images(test):
    width, _ = test.expected("classify_1")
    with Model(test) as model:
        one = test.library.call("classify", model.session, 1, None, [test.values("images_1")], width)
        three = test.library.call("classify", model.session, 3, None, [test.values("images_3")], 3 * width)
    test.close_to("classify_1", one)
    test.close_to("classify_3", three)
    test.same_bits("classify: alone and as row 1 of 3", one, three[width:2 * width])


def generate(library, session, prompts, tokens, **sampling):
    """Token ids and text that follow each prompt."""
    ids, texts = [[] for _ in prompts], [b""] * len(prompts)

    def take(_, row, token, text, size):
        if token >= 0:
            ids[row].append(token)
        texts[row] += ctypes.string_at(text, size) if size else b""
        return 0

    strings = (ctypes.c_char_p * len(prompts))(*[p.encode() for p in prompts])
    options = GenerateOptions(rows=len(prompts), prompts=strings, max_tokens=tokens, **sampling)
    function = library.function("generate", ctypes.c_int32, pointer, ctypes.POINTER(GenerateOptions), TokenCallback, pointer)
    if function(session, options, TokenCallback(take), None):
        sys.exit(f"error: generate: {library.error()}")
    return list(zip(ids, [text.decode() for text in texts]))


def tokenize(library, model, text):
    text, ids = text.encode(), array.array("i", bytes(4 * 256))
    function = library.function("tokenize", int64, pointer, ctypes.c_char_p, int64, ctypes.c_int32, pointer, int64)
    count = function(model, text, len(text), 0, address(ids), len(ids))
    if count < 0:
        sys.exit(f"error: tokenize: {library.error()}")
    return list(ids[:count])


def test_text(test):
    expected = json.loads((test.folder / "greedy.json").read_text())
    prompts, tokens = [e["prompt"] for e in expected], max(len(e["ids"]) for e in expected)
    for threads in (1, 2):
        with Model(test, threads) as model:
            for e in expected:
                test.say(tokenize(test.library, model.model, e["prompt"]) == e["prompt_ids"], f"token ids of {e['prompt']!r}")
                (ids, text), = generate(test.library, model.session, [e["prompt"]], tokens, temperature=-1.0)
                test.say(ids == e["ids"] and text == e["text"],
                         f"{threads} threads, {e['prompt']!r} goes on as {text!r}"
                         + ("" if text == e["text"] else f", needed {e['text']!r}"))
            batch = generate(test.library, model.session, prompts, tokens, temperature=-1.0)
            test.say([text for _, text in batch] == [e["text"] for e in expected],
                     f"{threads} threads, {len(prompts)} prompts at once: the same texts")
    with Model(test) as model:
        sampled = [generate(test.library, model.session, prompts[:1], 20, temperature=1.0, seed=seed)[0][1] for seed in (1, 1, 2)]
        test.say(sampled[0] == sampled[1] != sampled[2], "the same seed writes the same text, another seed another")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("library", type=pathlib.Path)
    options.add_argument("golden", type=pathlib.Path)
    options.add_argument("--relative", type=float, default=1e-4, help="largest difference, of the row's largest value")
    options.add_argument("--expect", type=pathlib.Path, help="folder of the expected answers, instead of GOLDEN")
    options.add_argument("--write", type=pathlib.Path, help="folder that gets the answers")
    o = options.parse_args()
    test = Test(Library(o.library), o.golden, o.expect, o.write, o.relative)

    def encode(model, order, session_rows=None):
        sources = [test.ids[i] for i in order]
        test.library.call("encode", model.session, len(order), list(map(len, sources)), [Rows.pack(sources)], 0, [session_rows])

    if (o.golden / "greedy.json").exists():
        test_text(test)
    elif test.has("memory_12"):
        test_decoder(test, "step", test.targets, encode)
    else:
        for entry in ("score", "step"):
            if test.has(f"{entry}_12"):
                test_decoder(test, entry, test.ids)
    for entry in ("encode", "pool", "sentence"):
        if test.has(f"{entry}_12"):
            test_encoder(test, entry)
    if test.has("classify_1"):
        test_images(test)
    sys.exit(1 if test.failed else 0)


if __name__ == "__main__":
    main()
