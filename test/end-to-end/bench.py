"""What bench.test's programs tell of themselves, as JSON lines in the folder that this runs in."""
import json
import pathlib


def read(name):
    lines = [json.loads(line) for line in pathlib.Path(name).read_text().splitlines()]
    memory = lines.pop()
    assert memory["work"] == "memory" and memory["peak_bytes"] > 1 << 20, memory
    for line in lines:
        assert line["seconds"] > 0 and line["spread_seconds"] >= 0, line
        assert abs(line["tokens_per_second"] * line["seconds"] / (line["rows"] * line["tokens"]) - 1) < 1e-4, line
    return [(line["threads"], line["work"], line["rows"], line["tokens"], line["depth"]) for line in lines]


of_threads = [("prompt", 1, 9, 0), ("generate", 1, 3, 0), ("generate", 1, 3, 5), ("first token", 1, 16, 0)]
assert read("llama.json") == [(threads, *work) for threads in (1, 2) for work in of_threads], read("llama.json")
notes = pathlib.Path("llama.notes").read_text()
assert "note: prompt 999 behind 0 is left out: the model takes" in notes and "note: batch 32 behind 256 is left out" in notes, notes
works = [work[1:] for work in read("t5.json")]
assert works == [("encode", 1, 128, 0), ("encode", 8, 128, 0), ("generate", 1, 3, 0), ("batch", 2, 32, 128), ("first token", 1, 1, 0)], works
assert [work[1:] for work in read("bert.json")] == [("encode", 1, 64, 0), ("encode", 8, 64, 0)], read("bert.json")
assert [work[1:] for work in read("vit.json")] == [("encode", 1, 1, 0), ("encode", 8, 1, 0)], read("vit.json")
