"""setup.py LSP_README EDITORS_README VSCODE: what these pages have editors read is sound, and of one mind."""
import json
import pathlib
import re
import sys
import tomllib

server_page, editors_page, extension = map(pathlib.Path, sys.argv[1:])
blocks = [tomllib.loads(block) for page in (server_page, editors_page) for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)]
assert len(blocks) == 2, blocks
whole = {}
for block in blocks:
    [language] = block.pop("language")
    for key, value in language.items():
        assert whole.setdefault(key, value) == value, (key, value)    # the two stanzas are of one language
    whole.update(block)
assert set(whole["language-servers"]) == set(whole["language-server"]), whole
assert whole["grammar"][0]["source"]["path"].endswith(str(extension.parent.name) + "/tree-sitter"), whole
assert whole["file-types"] == ["heddle"] and whole["comment-token"] == "#", whole

package = json.loads((extension / "package.json").read_text(encoding="utf-8"))
for part in [*package["contributes"]["grammars"], package["contributes"]["languages"][0]]:
    assert (extension / (part.get("path") or part["configuration"])).is_file(), part
used = set(re.findall(r'all\.get\("(\w+)"\)', (extension / "extension.js").read_text(encoding="utf-8")))
declared = {name.removeprefix("heddle.") for name in package["contributes"]["configuration"]["properties"]}
told = set(re.findall(r"^\| `heddle\.(\w+)`", (extension / "README.md").read_text(encoding="utf-8"), flags=re.M))
assert used == declared == told, (used, declared, told)
print(f"{len(whole)} keys of Helix, {len(declared)} settings of VS Code")
