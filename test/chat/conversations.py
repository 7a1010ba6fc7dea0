"""The conversations that templates are tried with: dicts of their variables, as apply_chat_template of transformers gives them."""
import json

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a \"place\" <now>.",
    "parameters": {"type": "object", "required": ["place"], "properties": {
        "place": {"type": "string", "description": "City & country, such as Zürich 🇨🇭"},
        "unit": {"type": "string", "enum": ["celsius", "kelvin"], "default": "celsius"},
        "days": {"type": ["integer", "null"], "description": "How many"},
        "parts": {"type": "array", "items": {"type": "string"}}}},
    "return": {"type": "object", "description": "What it is like"}}}
SEARCH = {"type": "function", "function": {
    "name": "search", "description": "Finds things.\nAll of them.",
    "parameters": {"type": "object", "properties": {
        "query": {"type": "string", "description": "Words"},
        "limits": {"type": "object", "description": "Bounds", "properties": {"most": {"type": "number"}}, "required": ["most"]}}}}}


def call(name, arguments, number="call_0001"):
    return {"id": number, "type": "function", "function": {"name": name, "arguments": arguments}}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


TURNS = [user("How are you?"), assistant("Fine.\n"), user("  Really?  "), assistant("<think>\nIs it so?\n</think>\n\nYes."), user("Good.")]
ANSWERED = [user("Is it cold in Zürich, and what is 1+1?"),
            assistant("", tool_calls=[call("get_weather", {"place": "Zürich", "days": 2, "parts": ["sky", "wind"], "exact": True, "of": None})]),
            {"role": "tool", "name": "get_weather", "tool_call_id": "call_0001", "content": "{\"sky\": \"clear ☀\", \"kelvin\": 280.5}"}]

CONVERSATIONS = {
    "user": {"messages": [user("Hello!")], "add_generation_prompt": True},
    "user-closed": {"messages": [user("Hello!"), assistant("Hi.")], "add_generation_prompt": False},
    "system": {"messages": [system("You are terse.\n"), user("Hello!")], "add_generation_prompt": True},
    "turns": {"messages": TURNS, "add_generation_prompt": True},
    "system-turns": {"messages": [system("Be kind.")] + TURNS + [assistant("Bye.", reasoning_content="It ends.")], "add_generation_prompt": False},
    "unicode": {"messages": [system("Ünïcödé — 日本語 \u00a0 🙂🏽 İß"), user("“Ŝħöŵ” <b>&amp;</b> {{ x }} {% y %}\n\n\ttab 'q' \"d\" \\n é\u0301\u2028z")],
                "add_generation_prompt": True},
    "empty": {"messages": [system(""), user(""), assistant(""), user(" \n ")], "add_generation_prompt": True},
    "tools": {"messages": [system("Use tools."), user("Is it cold?")], "tools": [WEATHER, SEARCH], "add_generation_prompt": True},
    "tool-calls": {"messages": ANSWERED, "tools": [WEATHER, SEARCH], "add_generation_prompt": True},
    "tool-turns": {"messages": [system("Use tools.")] + ANSWERED + [assistant("It is."), user("And there?"), assistant(
        "I look.", tool_calls=[call("search", {"query": "\"there\" & <then>"}, "call_0002"), call("get_weather", {"place": "Bern"}, "call_0003")])],
        "tools": [WEATHER], "add_generation_prompt": False},
}
# Beside what every template is given.
COMMON = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def variables():
    """Of every conversation, in order."""
    return [json.loads(json.dumps({"tools": None, "documents": None, **COMMON, **conversation})) for conversation in CONVERSATIONS.values()]
