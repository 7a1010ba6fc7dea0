"""checkpoints.py EXAMPLES GOLDEN FOLDER: checkpoints for the hosts of examples/hosts, as FOLDER/talker and FOLDER/embedder."""
import json
import pathlib
import shutil
import sys

TEMPLATE = """{%- for message in messages %}
{{- message.role ~ ': ' ~ message.content | trim ~ '\\n' }}
{%- endfor %}
{%- if tools %}{{ tools | tojson ~ '\\n' }}{% endif %}
{{- mood }}
{%- if add_generation_prompt %}{{ 'assistant:' }}{% endif %}
"""

examples, golden, folder = map(pathlib.Path, sys.argv[1:])
shutil.copytree(examples / "scripture", folder / "talker")
(folder / "talker/chat_template.jinja").write_text(TEMPLATE)
sentences = json.loads((golden / "sentences.json").read_text())
files = {**sentences["cases"][0]["files"], "tokenizer.json": sentences["tokenizer"]}
shutil.copytree(golden / "bert", folder / "embedder", ignore=shutil.ignore_patterns("*.npy"))
for name, content in files.items():
    (folder / "embedder" / name).parent.mkdir(exist_ok=True)
    (folder / "embedder" / name).write_text(json.dumps(content))
