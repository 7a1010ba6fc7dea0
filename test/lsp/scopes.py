"""scopes.py HEDDLE_LSP HEDDLE MODELS GOLDEN WORK: definitions and renaming, by what the compiler makes of the text."""
import pathlib
import re
import shutil
import subprocess
import sys

from client import Editor, equal

lsp, heddle, models, golden, work = sys.argv[1], sys.argv[2], *map(pathlib.Path, sys.argv[3:])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
editor = Editor([lsp], work)
path = work / "scopes.heddle"
HEAD = """model m
config {
  D = 8
  L = 3
  on = no
  i = 2
  eps = 1e-3
}
dyn B in 1..4
dyn T in 1..8 per B
default rmsnorm(eps = eps)
block step(x: [B D], h: [B D], eps = i) {
  y = linear@u(h, D -> D)
  return rmsnorm@n(x + y * eps)
}
block grown(x: [.. X], O) { return linear@w(x, X -> O) }
"""
BODY = """
entry run(x: [B T D]) -> [B T D] {
  y = relu(
    x)
  if on { y = tanh(y) } else { y = silu(y) }    # branches
  for l in 0..L {
    z = y * 2
    y = linear@a[l](z, D -> D)
  }
  for l in 0..L { z = exp(y)    # another z
    y = y + z }
  h = sum(y, T)
  scan t in T carry h: [B D], s: [B D] {
    s = s + x[t]
    h = step@cell(x[t], h = h)
    u = h * s
    yield h, u
  }
  i = grown@g(y, O = D)
  q = y as [B T 2 D/2]
  a = attention(q, q, q) where j <= i and h < 4
  return h + u + i + (a as [B T D])
}
"""
TEXT = HEAD + BODY


def parts(what, marked, **more):
    """The lines of the answer, each with a bar before the name."""
    lines = editor.texts[editor.uri(path)].split("\n")
    found = []
    for place in editor.at(what, path, marked, **more):
        start = place["range"]["start"]
        line = lines[start["line"]]
        found.append(line[:start["character"]].lstrip() + "|" + line[start["character"]:])
    return found


def definitions(marked):
    return [part.split("    #")[0] for part in parts("definition", marked)]


def check_definitions():
    equal(editor.open(path, TEXT), [])
    equal(definitions("    |x)\n"), ["entry run(|x: [B T D]) -> [B T D] {"])    # a statement of two lines
    equal(definitions("tanh(|y)"), ["|y = relu("])
    equal(definitions("silu(|y)"), ["|y = relu("])    # not the branch above
    equal(definitions("z = |y * 2"), ["if on { y = tanh(y) } else { |y = silu(y) }", "|y = linear@a[l](z, D -> D)"])    # `on` is no; the turn before
    equal(definitions("linear@a[l](|z, D"), ["|z = y * 2"])
    equal(definitions("y = y + |z }"), ["for l in 0..L { |z = exp(y)"])
    equal(definitions("linear@a[|l]("), ["for |l in 0..L {"])
    equal(definitions("h = |h)\n"), ["scan t in T carry |h: [B D], s: [B D] {", "|h = step@cell(x[t], h = h)"])
    equal(definitions("x[t], |h = h)"), ["block step(x: [B D], |h: [B D], eps = i) {"])    # the block's parameter
    equal(definitions("return |h + u"), ["yield |h, u"])
    equal(definitions("(y, |O = D)"), ["block grown(x: [.. X], |O) { return linear@w(x, X -> O) }"])
    equal(definitions("linear@w(x, |X -> O"), ["block grown(x: [.. |X], O) { return linear@w(x, X -> O) }"])
    equal(definitions("j <= |i and"), [])    # a position, neither the name nor the value of config
    equal(definitions("u + |i + ("), ["|i = grown@g(y, O = D)"])
    equal(definitions("eps = |i) {"), ["|i = 2"])    # a default is written outside of the body
    equal(definitions("rmsnorm(eps = |eps"), ["|eps = 1e-3"])    # and so is `default`
    equal(definitions("y * |eps)"), ["block step(x: [B D], h: [B D], |eps = i) {"])


def check_kept_names():
    """A name that a loop keeps is another one in the next loop, and none behind it."""
    highlighted = lambda marked: [part.split("    #")[0] for part in parts("documentHighlight", marked)]
    equal(highlighted("|z = y * 2"), ["|z = y * 2", "y = linear@a[l](|z, D -> D)"])
    equal(highlighted("|z = exp"), ["for l in 0..L { |z = exp(y)", "y = y + |z }"])
    equal(len(highlighted("|l in 0..L {\n")), 2)
    labels = editor.labels(path, "i = grown@g(|y")
    assert {"x", "y", "h", "u"} <= set(labels) and not {"z", "l", "t", "s"} & set(labels), labels


def check_half_written():
    """Of a line that is no statement yet, what the name was last."""
    for text in (BODY.replace("    y = linear@a[l](z, D -> D)", "    y = linear@a[l](z,"), BODY.replace("    y = linear@a[l](z, D -> D)", "    y = (z").replace("\n", "\r\n")):
        editor.change(path, HEAD + text)
        assert editor.diagnostics(path)
        equal([part.rstrip("\r") for part in definitions("y = linear@a[l](|z" if "linear@a[l](z," in text else "y = (|z")], ["|z = y * 2"])
    editor.change(path, TEXT.replace("\n", "\r\n"))
    equal(editor.diagnostics(path), [])
    equal([part.rstrip("\r") for part in definitions("silu(|y)")], ["|y = relu("])
    editor.change(path, TEXT)


def refused(marked, name):
    answer = editor.rename(path, marked, name)
    assert isinstance(answer, str), (marked, name, answer)
    return answer.split(", at")[0]


def check_refusals():
    """What would be caught by another name of the place, or catch it."""
    equal(refused("|y = relu(", "h"), "there is a name h already where y stands")
    equal(refused("|y = relu(", "grown"), "block grown is called where y is known")
    equal(refused("|on = no", "relu"), "there is a word relu already where on stands")
    equal(refused("block |grown", "on"), "there is a config value on already where grown stands")
    equal(refused("block |grown", "has"), "has is a built-in operation")
    equal(refused("j <= |i and", "k"), "i is a word of the language")
    equal(refused("|eps = 1e-3", "y"), "block step has a name y of its own")
    editor.change(path, TEXT.replace("h < 4", "h < L and i - j < on"))
    equal(refused("|on = no", "b"), "there is a word b already where on stands")
    editor.change(path, TEXT)


def module(file, config=()):
    """What the checker makes of a file, without places."""
    return subprocess.run([heddle, "build", file, *config, "--emit=nn", "-o", "-"], check=True, capture_output=True, text=True).stdout


END = "0z"    # of new names, which sort as the old ones do


def names_in(text):
    """Of each function the places where its names first stand."""
    bare = re.sub(r"#[^\n]*", lambda found: " " * len(found[0]), text)
    for number, function in enumerate(re.finditer(r"^(?:override )?(?:block|entry) \w+\(.*?(?=^\S|\Z)", bare, flags=re.S | re.M)):
        for found in re.finditer(r"(?<![@.\w])[A-Za-z_]\w*", function[0]):
            if not found[0].endswith(END):
                yield number, found[0], function.start() + found.start()


def check_renaming(file, config):
    """Every name of every function, one after the other: the module stays as it was, but for names that it has itself."""
    before = module(file, config)
    editor.open(file)
    uri, tried, renamed = editor.uri(file), set(), 0
    while left := [found for found in names_in(editor.texts[uri]) if found[:2] not in tried]:
        number, name, at = left[0]
        tried.add((number, name))
        text = editor.texts[uri]
        line, column = text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1
        answer = editor.answer_to("textDocument/rename", {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}, "newName": name + END})
        if "result" in answer:
            editor.change(file, editor.edited(uri, answer["result"]["changes"][uri]))
            renamed += 1
    equal([one["message"] for one in editor.diagnostics(file) if one["severity"] == 1], [])
    file.write_text(editor.texts[uri], encoding="utf-8")
    # Lines break where they are long, and names stand within those of types: `!B_T_H_by_2`.
    equal(module(file, config).replace(END, "").split(), before.split())
    editor.close(file)
    return renamed


def check_all_renaming():
    path.write_text(TEXT, encoding="utf-8")
    assert check_renaming(path, ()) > 15
    for name in ("llama", "t5"):
        file = work / f"{name}.heddle"
        shutil.copy(models / f"{name}.heddle", file)
        assert check_renaming(file, ("--config", golden / name / "config.json")) > 20


check_definitions()
check_kept_names()
check_half_written()
check_refusals()
check_all_renaming()
editor.leave()
print("names as the checker has them")
