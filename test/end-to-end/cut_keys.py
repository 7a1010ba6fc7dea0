"""cut_keys.py PROGRAM REFERENCE FOLDER: long texts in one call and in several, on several threads, alone and in batches: the
same bits. REFERENCE is the same model, which computes by naive loops."""
import array
import pathlib
import struct
import subprocess
import sys

from cut_npy import write

program, reference, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
VOCABULARY = 90
LENGTHS, THREADS = (511, 512, 513, 1025, 1300), (1, 2, 3, 4, 7)
ids = array.array("i", (7 * i * i % VOCABULARY for i in range(1400)))


def step(calls, threads, program=program):
    """The last call's logits, as bytes; a call is the pieces of its rows, (first, end) each."""
    arguments = []
    for number, pieces in enumerate(calls):
        name = folder / f"ids{number}.npy"
        write(name, array.array("i", [token for first, end in pieces for token in ids[first:end]]))
        arguments += ["step", "--in", f"ids={name}", "--lengths", "T=" + ",".join(str(end - first) for first, end in pieces)]
    out = folder / "out.npy"
    subprocess.run([program, *arguments, "--out", out, "--threads", str(threads)], check=True)
    data = out.read_bytes()
    return data[10 + struct.unpack("<H", data[8:10])[0]:]


def cuts(end):
    yield [[(0, end - 1)], [(end - 1, end)]]
    yield [[(0, end - 43)], [(end - 43, end - 1)], [(end - 1, end)]]
    yield [[(0, 7)], [(7, end - 5)], [(end - 5, end)]]
    yield [[(0, end // 2)], [(end // 2, end)]]


whole = {end: step([[(0, end)]], 1) for end in LENGTHS}
for end in LENGTHS:
    for threads in THREADS:
        for calls in cuts(end):
            if step(calls, threads) != whole[end]:
                sys.exit(f"FAILED: {end} tokens, {threads} threads, {calls}")
print(f"ok: {len(LENGTHS)} lengths, {len(THREADS)} numbers of threads, 4 ways to cut")

for threads in THREADS:
    given = step([[(0, end - 1) for end in LENGTHS], [(end - 1, end) for end in LENGTHS]], threads)
    if given != b"".join(whole[end] for end in LENGTHS):
        sys.exit(f"FAILED: a batch on {threads} threads")
print("ok: batches")

for end in LENGTHS:
    numbers, expected = (array.array("f", data) for data in (whole[end], step([[(0, end)]], 1, reference)))
    if not all(abs(x - y) < 1e-4 for x, y in zip(numbers, expected, strict=True)):
        sys.exit(f"FAILED: {end} tokens are not what the reference has")
print("ok: the reference is within 1e-4")
