"""What a caller says about generating, as heddle_generate_options has it."""
from __future__ import annotations

import ctypes
import json
import numbers
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence, Union

from . import _interface as c

Prompt = Union[str, Sequence[int]]  # a text, or the ids of its tokens

if TYPE_CHECKING:
    from typing import TypedDict

    class GenerateOptions(TypedDict, total=False):
        """What is left out is as the model's checkpoint has it. Names and meanings are those of the command line."""

        max_tokens: int  # new tokens of a text; -1: until the model ends it, or the context is full
        temperature: float  # 0: always the most probable token
        top_k: int  # 0: all tokens
        top_p: float
        min_p: float
        typical_p: float
        repetition_penalty: float
        presence_penalty: float
        frequency_penalty: float
        logit_bias: Mapping[int, float]
        seed: int
        stop: str | Sequence[str]
        beams: int
        length_penalty: float
        early_stopping: str  # "no", "yes", "never"
        text_only: bool  # special tokens written out in prompts are text
        special_tokens: bool  # those that are written are part of the text
        language: str  # of speech
        task: str
        timestamps: bool  # tokens for when something is said are part of the text
        speculate: str  # "lookup" or "model": tokens are drafted; the text is the same
        json_schema: str | Mapping[str, Any]  # the text is one JSON value that keeps to it
        logprobs: int  # so many of the likeliest tokens come with each token


class Token(NamedTuple):
    row: int
    id: int  # -1: the text has ended
    text: str
    logprob: float | None = None
    likeliest: list[tuple[int, float]] | None = None


# What is written as the header's zero would mean that nothing is said.
ZERO_IS_NONE = {"temperature", "top_k", "min_p"}
PLAIN = {"max_tokens", "top_p", "typical_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed", "beams",
         "text_only", "special_tokens", "language", "task", "timestamps"} | ZERO_IS_NONE


class Options:
    """The struct, and what it points to."""

    def __init__(self, given: Mapping[str, Any]):
        self.struct = c.GenerateOptions()
        self.kept: list[Any] = []
        self.likeliest = 0
        for name, value in given.items():
            if value is None:
                continue
            if hasattr(self, f"_set_{name}"):
                getattr(self, f"_set_{name}")(value)
            elif name in PLAIN:
                self._set(name, value)
            else:
                raise TypeError(f"found the option {name!r}, needed one of {', '.join(sorted(known()))}")

    def _set(self, name: str, value: Any) -> None:
        if isinstance(value, str):
            value = value.encode()
        elif value == 0 and name in ZERO_IS_NONE:
            value = -1
        elif value == 0 and name in ("max_tokens", "top_p", "typical_p", "repetition_penalty", "beams"):
            raise ValueError(f"{name} is 0, needed another number, or to be left out")
        setattr(self.struct, name, value)

    def texts(self, texts: Sequence[str]) -> Any:
        array = (ctypes.c_char_p * len(texts))(*(encode(text) for text in texts))
        self.kept.append(array)
        return array

    def set_prompts(self, prompts: Sequence[Prompt]) -> None:
        self.struct.rows = len(prompts)
        texts = [isinstance(prompt, str) for prompt in prompts]
        if all(texts):
            self.struct.prompts = self.texts(prompts)
        elif not any(texts):
            self.set_prompt_ids(prompts)
        else:
            raise ValueError("found texts and token ids among the prompts, needed the one or the other")

    def set_prompt_ids(self, prompts: Sequence[Sequence[int]]) -> None:
        rows = [(ctypes.c_int32 * len(ids))(*ids) for ids in prompts]
        pointers = (ctypes.POINTER(ctypes.c_int32) * len(rows))(*(ctypes.cast(row, ctypes.POINTER(ctypes.c_int32)) for row in rows))
        lengths = (ctypes.c_int64 * len(rows))(*map(len, rows))
        self.kept += [rows, pointers, lengths]
        self.struct.prompt_ids, self.struct.prompt_lengths = pointers, lengths

    def _set_stop(self, stop: str | Sequence[str]) -> None:
        stops = [stop] if isinstance(stop, str) else list(stop)
        self.struct.stops, self.struct.stop_count = self.texts(stops), len(stops)

    def _set_logit_bias(self, biases: Mapping[int, float]) -> None:
        tokens, values = (ctypes.c_int32 * len(biases))(*biases), (ctypes.c_float * len(biases))(*biases.values())
        self.kept += [tokens, values]
        self.struct.biased_tokens, self.struct.biases, self.struct.bias_count = tokens, values, len(biases)

    def _set_length_penalty(self, penalty: float) -> None:
        number = ctypes.c_float(penalty)
        self.kept.append(number)
        self.struct.length_penalty = ctypes.pointer(number)

    def _set_early_stopping(self, when: str) -> None:
        if when not in c.EARLY_STOPPING:
            raise ValueError(f"early_stopping is {when!r}, needed one of {', '.join(c.EARLY_STOPPING)}")
        self.struct.early_stopping = c.EARLY_STOPPING[when]

    def _set_speculate(self, drafts: str) -> None:
        if drafts not in c.SPECULATE:
            raise ValueError(f"speculate is {drafts!r}, needed one of {', '.join(c.SPECULATE)}")
        self.struct.speculate = c.SPECULATE[drafts]

    def _set_json_schema(self, schema: str | Mapping[str, Any]) -> None:
        self.struct.json_schema = encode(schema if isinstance(schema, str) else json.dumps(schema))

    def _set_logprobs(self, count: int) -> None:
        self.likeliest = count
        self.tokens, self.logs = (ctypes.c_int32 * (count + 1))(), (ctypes.c_float * (count + 1))()
        self.struct.likeliest, self.struct.likeliest_tokens, self.struct.log_probabilities = count, self.tokens, self.logs

    def token(self, row: int, token: int, text: str) -> Token:
        if not self.likeliest or token < 0:
            return Token(row, token, text)
        return Token(row, token, text, self.logs[0], list(zip(self.tokens[1:], self.logs[1:])))


def is_prompt(given: Prompt | Sequence[Prompt]) -> bool:
    """Whether it is one prompt and not several."""
    return isinstance(given, str) or (len(given) > 0 and all(isinstance(item, numbers.Integral) for item in given))


def known() -> set[str]:
    return PLAIN | {name[len("_set_"):] for name in dir(Options) if name.startswith("_set_")}


def encode(text: str) -> bytes:
    """UTF-8 that C can tell the end of."""
    if "\0" in text:
        raise ValueError("the text holds a zero character, which no text of a model does")
    return text.encode()
