"""debug_info.py HEDDLE MODELS GOLDEN: every op of every stage knows its place in the model file, and debug information keeps it. Runs in an
empty folder."""
import pathlib
import re
import struct
import subprocess
import sys

heddle, models, golden = sys.argv[1:]
STAGES = ["nn", "nn-fused", "kernel", "vector", "llvm"]
# Values that nothing computes: where two lines have the same one, it is of neither.
CONSTANT = re.compile(r'= "?((nn|arith)\.constant|llvm\.mlir\.(constant|zero|undef|poison|addressof)|ub\.poison)\b|^ *(}|\)|#|!)')


def build(model, *flags):
    done = subprocess.run([heddle, "build", model, *([] if any(flag.startswith("--cpu") for flag in flags) else ["--cpu=x86-64-v3"]), *flags], capture_output=True, text=True)
    assert done.returncode == 0, (model, flags, done.stderr)
    return done.stdout


def placed_ops(text):
    """Of a module that was printed with its locations: each op's line and what is before it on others, and the places that its location
    leads to."""
    aliases = dict(re.findall(r"^(#loc\d*) = loc\((.*)\)$", text, re.M))
    known = {}

    def places(location):
        if location not in known:
            found = {(pathlib.Path(file).name, int(line)) for file, line in re.findall(r'"([^"]*)":(\d+):\d+', location)}
            for alias in re.findall(r"#loc\d*", location):
                found |= places(aliases[alias])
            known[location] = found
        return known[location]

    begun, first = "", {}  # without a location yet; the last line of each indentation
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        location = re.search(r" loc\((#loc\d*|unknown)\)$", line)
        if location and not line.startswith("#loc"):
            yield (first.get(indent, "") if line.lstrip().startswith("}") else begun) + line, places(location[1])
            begun = ""
        else:
            begun = begun + line if begun and not begun.endswith("{") else line
        if not line.lstrip().startswith(("}", "^")):
            first[indent] = line


def lost_ops(text):
    """Those without a place in a model file."""
    ops = list(placed_ops(text))
    assert len(ops) > 10, text[:1000]
    return [line for line, places in ops if not any(file.endswith(".heddle") for file, _ in places) and not CONSTANT.search(line)]


def check_stages(name, *flags):
    """The texts by stage."""
    texts = {stage: build(f"{golden}/{name}", "-g", f"--emit={stage}", *flags) for stage in STAGES}
    for stage, text in texts.items():
        assert not lost_ops(text), (name, stage, flags, lost_ops(text)[:10])
    return texts


def sections(path):
    """By name, the contents of an object's sections."""
    data = pathlib.Path(path).read_bytes()
    offset, = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    headers = [struct.unpack_from("<IIQQQQ", data, offset + i * size) for i in range(count)]
    start = headers[names][4]
    result = {}
    for name, kind, _, _, at, length in headers:
        text = data[start + name:data.index(b"\0", start + name)].decode()
        result[text] = data[at:at + length] if kind != 8 else length
    return result


def check_same_code(model, *flags):
    build(model, "--emit=obj", "--weights-file=none", "-o", "plain.o", *flags)
    build(model, "--emit=obj", "--weights-file=none", "-g", "-o", "debug.o", *flags)
    plain, debug = sections("plain.o"), sections("debug.o")
    assert ".debug_line" in debug and ".eh_frame" in debug and not any("debug" in name for name in plain), (plain.keys(), debug.keys())
    code = [name for name in plain if name.startswith((".text", ".rodata", ".data"))]
    assert any(name.startswith(".text") for name in code)
    for name in code:
        assert plain[name] == debug[name], (model, flags, name)


# The line that compiler/STAGES.md follows.
line = 1 + [" h = act(linear@mlp.c_fc(" in line for line in pathlib.Path(models, "gpt2.heddle").read_text().splitlines()].index(True)
place = ("gpt2.heddle", line)

texts = check_stages("gpt2")
for stage, op in zip(STAGES, ["nn.linear", "nn.linear", "kernel.matmul", "call @", "llvm.call @"]):
    assert any(op in text and place in places for text, places in placed_ops(texts[stage])), (stage, op)
# What is read from a file keeps the places that are written there; a region's end that goes without saying has none.
pathlib.Path("vector.mlir").write_text(texts["vector"])
lost = lost_ops(build("vector.mlir", "-g", "--emit=llvm"))
assert all(line.lstrip().startswith("llvm.br ") for line in lost), lost
for name in ("mixtral", "marian", "vit"):
    check_stages(name)
for name in ("gpt2", "mixtral"):
    check_stages(name, "--reference")

# Two lines that became one op are both told.
assert any(len({at for at in places if at[0] == "llama.heddle"}) > 1 for text, places in placed_ops(check_stages("llama")["nn-fused"])
           if "nn.linear" in text)

# LLVM IR and assembly. A block that has become part of another is a subprogram of its own still.
ir = build(f"{golden}/gpt2", "--emit=ll", "-g")
assert f"!DILocation(line: {line}, " in ir
assert re.search(r'!DISubprogram\(name: "layer",.*file: !\d+, line: \d+', ir) and "inlinedAt: " in ir
assert 'DIFile(filename: ' in ir and "gpt2.heddle" in ir
for flags in ([], ["--target=aarch64-linux-gnu", "--cpu=generic"], ["--reference"]):
    listing = build(f"{golden}/gpt2", "--emit=asm", "-g", *flags)
    assert re.search(rf"^\s\.loc\s\d+ {line} \d+", listing, re.M), flags
    assert ".loc" not in build(f"{golden}/gpt2", "--emit=asm", *flags)

AARCH64 = ["--target=aarch64-linux-gnu", "--cpu=generic"]
for flags in ([], ["--reference"], ["--cpu=x86-64-v2"], ["--cpu=x86-64-v4+avx512vnni+avx512bf16"], AARCH64, [*AARCH64, "--quant=q8"]):
    check_same_code(f"{golden}/gpt2", *flags)
for flags in ([], AARCH64):
    check_same_code(f"{golden}/mixtral", *flags)
