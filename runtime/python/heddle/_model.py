"""A compiled model: what it is, and what it does without a session of the caller's own."""
from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np

from . import _interface as c
from ._options import is_prompt
from ._session import Messages, OnToken, Session, chat_options

if TYPE_CHECKING:
    from typing import Unpack

    from ._options import GenerateOptions, Prompt

# Rows and positions of a call that makes vectors: more gain nothing once the cores are busy.
EMBED_ROWS, EMBED_TOKENS = 32, 2048
KINDS = ["cosine", "product", "euclidean", "manhattan"]


@dataclass(frozen=True)
class Size:
    """A number that calls decide: `dyn T in min..max step s per B`."""

    name: str
    min: int
    max: int
    step: int
    per_row: bool
    counts_rows: bool


@dataclass(frozen=True)
class Value:
    name: str
    axes: str
    type: int  # a heddle_type
    dims: tuple[int, ...]  # a length; -1 - s: size number s; 0: made of sizes
    index_bound: int
    default: float | None


@dataclass(frozen=True)
class Entry:
    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    lengths: tuple[int, ...]  # numbers of the sizes that a call decides
    keeps: bool
    _handle: int = field(repr=False)


class Model:
    """A program with its weights. Any number of threads may use it; each call without a session has one of its own."""

    def __init__(self, interface: c.Interface, weights: str | None = None, threads: int = 0, check_weights: bool = False):
        self._functions = interface
        options = c.OpenOptions(weights and os.fsencode(weights), threads, check_weights)
        self._handle = interface.open(interface.program, options)
        if not self._handle:
            raise self._error(2)
        info = self._info = c.ModelInfo()
        self._check(interface.describe(self._handle, info))
        self.name: str = info.name.decode()
        self.rows: int = info.rows
        self.context: int = info.context
        self.vocabulary: int = info.vocabulary
        self.embedding_width: int = info.embedding_width
        self.generates, self.chats = bool(interface.generate) and bool(info.generates), bool(info.chats)
        self.special_tokens: dict[str, int] = {token.name.decode(): token.id
                                               for token in info.special_tokens[:info.special_token_count]}
        self.end_tokens: list[int] = info.ends[:info.end_count]
        self.prompts: dict[str, str] = {prompt.name.decode(): prompt.text.decode() for prompt in info.prompts[:info.prompt_count]}
        self.similarity_kind = KINDS[info.similarity]
        self.sizes = [self._size(number) for number in range(info.size_count)]
        self.entries: dict[str, Entry] = {entry.name: entry for entry in map(self._entry, range(info.entry_count))}

    def close(self) -> None:
        """Sessions that are open go on."""
        handle, self._handle = self._handle, None
        if handle:
            self._functions.close(handle)

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def __repr__(self) -> str:
        return f"<heddle.Model {self.name}: {', '.join(self.entries)}>"

    def session(self, rows: int = 0, tokens: int = 0, context: int = 0) -> Session:
        """rows, positions of a call, and positions of a row at most; 0: as many as the model takes."""
        return Session(self, rows, tokens, context)

    def generate(self, prompt: Prompt | Sequence[Prompt], *, stream: bool = False, on_token: OnToken | None = None,
                 **options: Unpack[GenerateOptions]) -> Any:
        """Session.generate in a session of its own."""
        prompts = 1 if is_prompt(prompt) else max(1, len(prompt))
        beams = options.get("beams") or self.generation().get("beams", 1)
        return self.session(rows=prompts * beams).generate(prompt, stream=stream, on_token=on_token, **options)

    def chat(self, messages: Messages, *, tools: Sequence[Any] | None = None, template: str | None = None,
             variables: Mapping[str, Any] | None = None, stream: bool = False, on_token: OnToken | None = None,
             **options: Unpack[GenerateOptions]) -> Any:
        """Session.chat in a session of its own: whoever goes on talking has one, which reads only what is new."""
        return self.session(rows=1).chat(messages, tools=tools, template=template, variables=variables, stream=stream,
                                         on_token=on_token, **options)

    def render_chat(self, messages: Messages, *, tools: Sequence[Any] | None = None, template: str | None = None,
                    variables: Mapping[str, Any] | None = None, add_generation_prompt: bool = True) -> str:
        """What the checkpoint's template makes of a conversation."""
        import json

        self._needs("chat_render", "chat")
        text, options = json.dumps(list(messages)).encode(), chat_options(tools, template, variables, not add_generation_prompt)
        return self._read_text(lambda room, size: self._functions.chat_render(self._handle, text, options, room, size))

    def embed(self, texts: str | Sequence[str], *, prompt: str | None = None, entry: str | None = None,
              text_only: bool = False) -> np.ndarray:
        """Session.embed in a session of its own."""
        self._needs("embed", "make vectors of texts")
        count = 1 if isinstance(texts, str) else max(1, len(texts))
        rows = min(EMBED_ROWS, self.rows, count)
        longest = max([size.max for size in self.sizes if size.per_row], default=1)
        with self.session(rows=rows, tokens=min(rows * longest, max(longest, EMBED_TOKENS))) as session:
            return session.embed(texts, prompt=prompt, entry=entry, text_only=text_only)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> Any:
        """How alike vectors are, as the model has it: f32[D] and f32[D] a number, f32[N D] and f32[M D] a matrix."""
        self._needs("similarity", "compare vectors")
        left, right = (np.ascontiguousarray(x, np.float32) for x in (a, b))
        if left.shape[-1:] != right.shape[-1:] or not left.ndim:
            raise ValueError(f"found vectors of shapes {left.shape} and {right.shape}, needed as many numbers in both")
        pointer, width = ctypes.POINTER(ctypes.c_float), left.shape[-1]
        alike = [[self._functions.similarity(self._handle, x.ctypes.data_as(pointer), y.ctypes.data_as(pointer), width)
                  for y in right.reshape(-1, width)] for x in left.reshape(-1, width)]
        return alike[0][0] if left.ndim == right.ndim == 1 else np.array(alike).reshape(left.shape[:-1] + right.shape[:-1])

    def call(self, entry: str, /, **arrays: Any) -> Any:
        """Session.call in a session of its own, as large as the model takes."""
        with self.session() as session:
            return session.call(entry, **arrays)

    def tokenize(self, text: str, *, plain: bool = False, text_only: bool = False) -> list[int]:
        """`plain`: without special tokens around the text; `text_only`: special tokens written out in it are text."""
        self._needs("tokenize", "read text")
        data, flags = text.encode(), c.TOKENIZE_PLAIN * plain | c.TOKENIZE_TEXT_ONLY * text_only
        room = len(data) + 8
        while True:
            ids = (ctypes.c_int32 * room)()
            count = self._count(self._functions.tokenize(self._handle, data, len(data), flags, ids, room))
            if count <= room:
                return ids[:count]
            room = count

    def detokenize(self, ids: Sequence[int], *, special_tokens: bool = False) -> str:
        self._needs("detokenize", "write text")
        array = (ctypes.c_int32 * len(ids))(*ids)
        function = self._functions.detokenize_special if special_tokens else self._functions.detokenize
        return self._read_text(lambda room, size: function(self._handle, array, len(ids), room, size))

    def generation(self) -> dict[str, Any]:
        """What holds where generate() is told nothing."""
        if not self._functions.describe_generation:
            return {}
        options = c.GenerateOptions()
        self._check(self._functions.describe_generation(self._handle, options))
        names = ["max_tokens", "temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "beams"]
        said = {name: getattr(options, name) for name in names}
        return {name: 0 if value == -1 and name in ("temperature", "top_k", "min_p") else value for name, value in said.items()}

    def entry(self, name: str) -> Entry:
        if name not in self.entries:
            raise KeyError(f"{self.name} has no entry {name}, needed one of {', '.join(self.entries)}")
        return self.entries[name]

    def use_huge_pages(self) -> None:
        """Copies the weights to where reading them is faster. Before there is a session."""
        self._check(self._functions.use_huge_pages(self._handle))

    @contextlib.contextmanager
    def profile(self, path: str | os.PathLike[str]) -> Iterator[None]:
        """Writes where the time of all calls within goes, as --profile=FILE of a program does: a trace for Perfetto, with totals."""
        self._check(self._functions.profile_start(self._handle))
        try:
            yield
        except BaseException:
            self._functions.profile_write(self._handle, None)
            raise
        self._check(self._functions.profile_write(self._handle, os.fsencode(path)))

    def _size(self, number: int) -> Size:
        info = c.SizeInfo()
        self._check(self._functions.describe_size(self._handle, number, info))
        return Size(info.name.decode(), info.min, info.max, info.step, bool(info.per_row), bool(info.counts_rows))

    def _entry(self, number: int) -> Entry:
        handle, info = self._functions.entry_at(self._handle, number), c.EntryInfo()
        self._check(self._functions.describe_entry(self._handle, handle, info))

        def read(describe: Any, number: int) -> Value:
            value = c.ValueInfo()
            self._check(describe(self._handle, handle, number, value))
            return Value(value.name.decode(), value.axes.decode(), value.type, tuple(value.dims[:value.rank]), value.index_bound,
                         value.default_value if value.has_default else None)

        return Entry(info.name.decode(), tuple(read(self._functions.describe_input, i) for i in range(info.input_count)),
                     tuple(read(self._functions.describe_output, i) for i in range(info.output_count)),
                     tuple(info.lengths[:info.length_count]), bool(info.keeps), handle)

    def _width_of(self, entry: str | None) -> int:
        if entry is None:
            return self.embedding_width
        outputs = self.entry(entry).outputs
        return outputs[0].dims[1] if len(outputs) == 1 and len(outputs[0].dims) == 2 and outputs[0].dims[1] > 0 else 0

    def _read_text(self, write: Any) -> str:
        size = self._count(write(None, 0))
        room = ctypes.create_string_buffer(size + 1)
        self._count(write(room, size))
        return room.raw[:size].decode("utf-8", "replace")

    def _needs(self, function: str, what: str) -> None:
        if self._handle is None:
            raise c.Error("the model is closed")
        if not getattr(self._functions, function):
            raise c.Error(f"{self.name} does not {what}", 4)

    def _error(self, status: int = 1) -> c.Error:
        return c.Error(self._functions.last_error().decode("utf-8", "replace"), status)

    def _check(self, status: int) -> None:
        if status:
            raise self._error(status)

    def _count(self, count: int) -> int:
        if count < 0:
            raise self._error()
        return count
