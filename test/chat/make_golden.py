#!/usr/bin/env python3
"""Writes golden.json: what Python's jinja2 3.1.6, set up as transformers sets it up, makes of the templates and snippets here."""
import json

import conversations
import golden
import reference
import snippets


def text_of(source):
    """The text of a snippet, or None where Jinja has an error."""
    rendered = reference.render(source, [snippets.VARIABLES])
    return rendered.get("results", [{}])[0].get("text")


def main():
    cases = conversations.variables()
    templates = {}
    for path in sorted((golden.HERE / "templates").glob("*/*.jinja")):
        results = reference.render(path.read_text(), cases)["results"]
        templates[f"{path.parent.name}/{path.name}"] = [golden.digest(result) for result in results]
    texts = {source: None if source in snippets.LACKING else text_of(source) for source in snippets.SNIPPETS}
    (golden.HERE / "golden.json").write_text(json.dumps({"templates": templates, "snippets": texts}, indent=0, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
