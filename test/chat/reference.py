"""Renders templates as transformers does: Jinja with the environment of its utils/chat_template_utils.py. Needs jinja2."""
import copy
import datetime
import json

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime.datetime(2025, 7, 30, 18, 26, 40)  # of ChatTool.cpp, in UTC


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what the model has said, and changes nothing."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


class Raised(jinja2.exceptions.TemplateError):
    """What a template says itself."""


def raise_exception(message):
    raise Raised(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    return made


def render(source, cases):
    """{"text": …} or {"error": …} of every case, `raised` by the template itself or not, or what is wrong with the template."""
    try:
        template = environment().from_string(source)
    except (jinja2.exceptions.TemplateError, SyntaxError) as error:
        return {"refused": f"line {error.lineno}: {error}"}
    results = []
    for case in cases:
        try:
            results.append({"text": template.render(**copy.deepcopy(case))})
        except Raised as error:
            results.append({"error": str(error), "raised": True})
        except Exception as error:  # Python's own, too: of types, of values
            results.append({"error": str(error)})
    return {"results": results}
