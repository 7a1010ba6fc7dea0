"""features.py HEDDLE_LSP MODELS GOLDEN WORK: what a server answers of llama.heddle, with a checkpoint, and of a file that imports it."""
import pathlib
import shutil
import sys

from client import Editor, equal

lsp, models, golden, work = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
llama, own = work / "llama.heddle", work / "own.heddle"
shutil.copy(models / "llama.heddle", llama)
own.write_text("""# ü😀
model own
import "llama.heddle"

override block glu(x: [B T D]) { return linear@up_proj(x, D -> D) }    # é😀: its own
block twice(x: [B T X], O, near = no) -> [B T O] { return linear@w(x, X -> O, bias = near) }
""", encoding="utf-8")
editor = Editor([lsp], work, {"configs": {"llama.heddle": str(golden / "llama")}, "values": {"llama.heddle": {"L": 2}}})


def hover(marked):
    """Its paragraphs; code without the lines around it."""
    answer = editor.hover(llama, marked)
    return answer and [part.removeprefix("```heddle\n").removesuffix("\n```") for part in answer.split("\n\n")]


def check_hover():
    equal(hover("q = linear@|q_proj"), ["@q_proj", "`layers.0..1.self_attn.q_proj.weight` [H*K D]: `model.layers.0.self_attn.q_proj.weight` BF16 [32, 32] in model.safetensors"])
    equal(hover("block self_attention(|x"), ["x: real[B T D]", "1 ≤ B ≤ 32, 1 ≤ T ≤ 64, D = 32"])
    equal(hover("turned(|x: [B T X"), ["x: real[B T G K]\nx: real[B T H K]", "1 ≤ B ≤ 32, 1 ≤ T ≤ 64, G = 2, K = 8, H = 4"])
    equal(hover("turned(x: [B T |X"), ["X = G\nX = H", "G = 2, H = 4", "a size of block turned"])
    equal(hover("q = rms|norm@q_norm"), ["rmsnorm@path(x, eps = 1e-6, weight = yes, offset = 0)",
                                         "x / √(mean x² + eps) · (offset + w) over the last axis; with `weight = no` there is neither w nor a path"])
    equal(hover("default rmsnorm(e|ps")[0], "rmsnorm@path(x, eps = 1e-6, weight = yes, offset = 0)")
    equal(hover("|H = .num_attention_heads"), ["H = .num_attention_heads", "H is 4 (.num_attention_heads of config.json)"])
    equal(hover("|L = .num_hidden"), ["L = .num_hidden_layers", "L is 2"])
    equal(hover("dyn |T in"), ["dyn T in 1..N per B", "known at run time: 1 ≤ T ≤ 64"])
    equal(hover("eps = |eps, offset"), ["eps     = .rms_norm_eps | 1e-6", "eps is 1e-06 (.rms_norm_eps of config.json)"])
    equal(hover("D = .hidden|_size"), [".hidden_size = 32", f"of {golden}/llama/config.json"])
    equal(hover("assume .use_m|rope"), [".use_mrope", f"is not in {golden}/llama/config.json"])
    equal(hover("x = |layer@layers"), ["block layer(x: [B T D], pos: N[B T], near)", "gives `real[B T D]` here", "1 ≤ B ≤ 32, 1 ≤ T ≤ 64, D = 32"])
    equal(hover("block |turned"), ["block turned(x: [B T X K], pos: N[B T], near)",
                                   "The blocks that importing files replace one by one. near: whether the layer's window is Near."])
    equal(hover("s|ilu"), ["silu(x)", "x σ(x)"])
    equal(hover("# Llama| 1"), None)


def line_of(marked, path=llama):
    """The file and the line that a definition is in."""
    [place] = editor.at("definition", path, marked)
    name = pathlib.Path(place["uri"].removeprefix("file://"))
    return name.name, name.read_text(encoding="utf-8").split("\n")[place["range"]["start"]["line"]].strip()


def place_of(part):
    """As messages name a line of llama.heddle."""
    return f"llama.heddle:{editor.line(llama, part) + 1}"


def check_definitions():
    equal(line_of("k = cache@k(turned(|k"), ("llama.heddle", "k = linear@k_proj(x, D -> G K, bias = qkv_bias)"))    # qk_norm is no
    equal(line_of("x = |layer@layers"), ("llama.heddle", "block layer(x: [B T D], pos: N[B T], near) {"))
    equal(line_of("block layer(x: [B T |D"), ("llama.heddle", "D = .hidden_size"))
    equal(line_of("D = .hidden|_size"), ("config.json", '"hidden_size": 32,'))
    equal(line_of("generate |step"), ("llama.heddle", "entry step(ids: V[B T]) -> f32[B V] {"))
    places = editor.at("references", llama, "block |layer", context={"includeDeclaration": True})
    equal([editor.part(llama, place["range"]) for place in places], ["layer", "layer"])
    places = editor.at("references", llama, "block |layer", context={"includeDeclaration": False})
    equal(len(places), 1)
    highlights = editor.at("documentHighlight", llama, "near = |kinds")
    equal([editor.part(llama, place["range"]) for place in highlights], ["kinds"] * 3)


def check_completion():
    labels = lambda marked: editor.labels(llama, marked)
    equal(labels("linear@|q_proj")[:4], ["down_proj", "embed_tokens", "gate_proj", "input_layernorm"])
    equal(labels("q = linear@q_proj(|x")[:6], ["bias = ", "layout = ", "near", "pos", "x", "B"])
    equal(labels("layer@layers[l](|x")[:3], ["x = ", "pos = ", "near = "])
    assert {"hidden_size", "vocab_size", "use_sliding_window"} <= set(labels("D = .|hidden_size"))
    assert labels("rope_scaling.|rope_theta") == ["rope_theta"]
    equal(labels("block layer(x: [|B")[:5], ["B", "T", "S", "D", "L"])
    equal(labels("generate |step"), ["step", "score"])
    equal(labels("|prefix \"model"), ["prefix", "rename", "ignore", "same", "split", "keep"])
    equal(labels("|tokenizer V")[:3], ["model", "import", "config"])
    equal(labels("{\n  |q = linear")[:5], ["return", "yield", "for", "scan", "if"])
    equal(labels("default |rms")[0], "linear")
    assert "model.layers.0.self_attn.q_proj.weight".removeprefix("model.") in labels('same "|lm_head')
    equal(labels("# Llama| 1"), [])
    equal(editor.labels(own, 'import "|llama')[:2], ["albert.heddle", "arcee.heddle"])
    help = editor.at("signatureHelp", llama, "rmsnorm@q_norm(|q)")
    equal(help["signatures"][0]["documentation"]["kind"], "markdown")
    equal((help["signatures"][0]["label"], help["activeParameter"]), ("rmsnorm@path(x, eps = 1e-6, weight = yes, offset = 0)", 0))
    help = editor.at("signatureHelp", llama, "layer@layers[l](x, |positions")
    equal(([one["label"] for one in help["signatures"][0]["parameters"]], help["activeParameter"]), (["x: [B T D]", "pos: N[B T]", "near"], 1))


def check_rename():
    changed = editor.rename(llama, "block |glu(x", "gated")
    equal(sorted(changed), ["llama.heddle", "own.heddle"])
    assert "override block gated(x: [B T D]) { return linear@up_proj(x, D -> D) }    # é😀" in changed["own.heddle"]
    assert changed["llama.heddle"] == editor.texts[editor.uri(llama)].replace("block glu", "block gated").replace("glu@mlp", "gated@mlp")
    changed = editor.rename(own, "twice(x: [B T |X", "Wide")
    equal(changed["own.heddle"].split("\n")[5],
          "block twice(x: [B T Wide], O, near = no) -> [B T O] { return linear@w(x, Wide -> O, bias = near) }")
    refused = {("linear@|q_proj", "y"): "q_proj is a path in the checkpoint: under another name there is no such tensor",
               (".hidden|_size", "y"): ".hidden_size is what config.json calls it",
               ("|linear@q_proj", "y"): "linear is a word of the language",
               ("|K = .head_dim", "D"): "there is a size D already where K stands, at " + place_of("  K = .head_dim"),
               ("|K = .head_dim", "k"): "found 'k', needed a size, which starts with a capital",
               ("block |glu(", "relu"): "relu is a built-in operation",
               ("block |glu(", "a b"): "found 'a b', needed a name, which starts with a small letter",
               ("block |glu(", "return"): "return is a word of the language",
               ("|K = .head_dim", "X"): "there is a size X already where K stands, at " + place_of("block turned")}
    for (marked, name), why in refused.items():
        equal(editor.rename(llama, marked, name), why)
    equal(editor.at("prepareRename", llama, "block |glu")["placeholder"], "glu")


def check_outline():
    symbols = editor.file_request("documentSymbol", own)
    equal([(one["name"], one.get("detail", "")) for one in symbols],
          [("own", ""), ("glu", "block glu(x: [B T D])"), ("twice", "block twice(x: [B T X], O, near = no) -> [B T O]")])
    [link] = editor.file_request("documentLink", own)
    equal((editor.part(own, link["range"]), link["target"]), ("llama.heddle", editor.uri(llama)))
    first = editor.line(llama, "block self_attention")
    hints = editor.file_request("inlayHint", llama, range={"start": {"line": first, "character": 0}, "end": {"line": first + 4, "character": 0}})
    equal([(hint["position"]["line"] - first, hint["label"]) for hint in hints], [(1, ": [B T H K]"), (2, ": [B T G K]"), (3, ": [B T G K]")])
    folds = editor.file_request("foldingRange", llama)
    assert {"startLine": first, "endLine": editor.line(llama, "  return linear@o_proj(a, H K -> D, bias = o_bias)")} in folds, folds


def check_range_formatting():
    """Of two loose lines the one that is marked."""
    editor.edit(llama, "dyn B in 1..32", "dyn   B in 1..32")
    edits = editor.file_request("formatting", llama, options={})
    equal([edit["newText"].split("(")[0] for edit in edits], ["dyn B in 1..32\n", "block embedding"])
    line = editor.line(llama, "dyn   B")
    for first, last, count in [(line, line + 1, 1), (line - 2, line, 0), (line + 1, line + 3, 0), (0, 10_000, 2)]:
        marked = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
        equal(len(editor.file_request("rangeFormatting", llama, range=marked, options={})), count)
    editor.edit(llama, "dyn   B in 1..32", "dyn B in 1..32")


def check_formatting():
    equal(editor.file_request("formatting", llama, options={}), [])
    editor.edit(llama, "block embedding(ids: V[B T]) {", "block   embedding( ids:V[B T] ){")
    [edit] = editor.file_request("formatting", llama, options={})
    equal(edit["newText"], "block embedding(ids: V[B T]) { return embed@embed_tokens(ids, V -> D) }\n")
    check_range_formatting()
    editor.edit(llama, "block   embedding( ids:V[B T] ){", "block embedding(ids: V[B T] {")
    answer = editor.answer_to("textDocument/formatting", {"textDocument": {"uri": editor.uri(llama)}, "options": {}})
    assert answer["error"]["message"].startswith(f"{llama}:{editor.line(llama, 'block embedding') + 1}:29: error: found '{{', needed"), answer
    editor.edit(llama, "block embedding(ids: V[B T] {", "block embedding(ids: V[B T]) {")


def check_colours():
    legend = editor.capabilities["semanticTokensProvider"]["legend"]["tokenTypes"]
    data = editor.file_request("semanticTokens/full", own)["data"]
    lines = [line.encode("utf-16-le") for line in editor.texts[editor.uri(own)].split("\n")]
    line = column = 0
    seen = []
    for lines_on, columns_on, length, kind, _ in zip(*[iter(data)] * 5):
        line, column = line + lines_on, columns_on + (0 if lines_on else column)
        seen.append((lines[line][2 * column:2 * (column + length)].decode("utf-16-le"), legend[kind]))
    equal(seen[:6], [("# ü😀", "comment"), ("model", "keyword"), ("own", "namespace"), ("import", "keyword"), ('"llama.heddle"', "string"),
                     ("override", "keyword")])
    for one in [("glu", "function"), ("x", "parameter"), ("D", "typeParameter"), ("linear", "function"), ("up_proj", "namespace"), ("bias", "property"),
                ("no", "enumMember"), ("->", "operator"), ("# é😀: its own", "comment")]:
        assert one in seen, (one, seen)


equal(editor.open(llama), [])
editor.open(own)
check_hover()
check_definitions()
check_completion()
check_rename()
check_outline()
check_formatting()
check_colours()
editor.leave()
print("answers as they should be")
