"""A session: rows with their own lengths, and what is done with them."""
from __future__ import annotations

import ctypes
import json
import queue
import threading
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Sequence, overload

import numpy as np

from . import _interface as c
from ._call import Call
from ._options import Options, Token, encode, is_prompt

if TYPE_CHECKING:
    from typing import Literal, Unpack

    from ._model import Model
    from ._options import GenerateOptions, Prompt

Messages = Sequence[Mapping[str, Any]]
OnToken = Callable[[Token], Any]


class _Listener:
    """What is done with every token: an exception ends the texts, and is raised where nothing of C is in between."""

    def __init__(self, options: Options, on_token: OnToken | None, texts: int):
        self.options, self.on_token, self.error = options, on_token, None
        self.texts = [[] for _ in range(texts)]
        self.callback = c.TokenCallback(self.take)

    def take(self, _, row: int, token: int, text: int, length: int) -> int:
        try:
            if self.error is not None:
                return 1
            piece = ctypes.string_at(text, length).decode("utf-8", "replace") if length else ""
            self.texts[row].append(piece)
            return int(self.on_token is not None and self.on_token(self.options.token(row, token, piece)) is False)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error
            return 1


def _write_pieces(write: Callable[[OnToken], Any], pieces: queue.Queue, closed: threading.Event) -> None:
    """The thread of a stream, which does not hold the stream: whoever drops that ends the text."""
    def put(piece: Any) -> bool:
        while not closed.is_set():
            try:
                pieces.put(piece, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    end = None
    try:
        write(lambda token: put(token.text) if token.text else not closed.is_set())
    except BaseException as error:  # pylint: disable=broad-except
        end = error
    put(end)


class _Stream(Iterator[str]):
    """The pieces of a text, which a thread writes; closing it, or dropping it, ends the text."""

    def __init__(self, write: Callable[[OnToken], Any]):
        self._pieces: queue.Queue = queue.Queue(maxsize=64)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=_write_pieces, args=(write, self._pieces, self._closed), daemon=True)
        self._thread.start()

    def __next__(self) -> str:
        piece = None if self._closed.is_set() else self._pieces.get()
        if isinstance(piece, str):
            return piece
        self.close()
        if piece is not None:
            raise piece
        raise StopIteration

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def __del__(self) -> None:
        if hasattr(self, "_thread") and self._thread is not threading.current_thread():
            self.close()


class Session:
    """The memory of a conversation, or of several texts side by side. One call at a time; a model has any number of sessions."""

    def __init__(self, model: Model, rows: int = 0, tokens: int = 0, context: int = 0):
        self.model, self._functions = model, model._functions
        options = c.SessionOptions(rows, tokens, context)
        self._handle = self._functions.session_open(model._handle, options)
        if not self._handle:
            raise model._error()

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle:
            self._functions.session_close(handle)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def length(self, row: int = 0) -> int:
        """Positions held by a row: what earlier calls appended."""
        return self._count(self._functions.session_length(self._handle, row))

    def rewind(self, row: int = 0, length: int = 0) -> None:
        """Forgets a row's positions from `length` on."""
        self._check(self._functions.session_rewind(self._handle, row, length))

    @overload
    def generate(self, prompt: Prompt, *, stream: Literal[False] = False, on_token: OnToken | None = None, resume: bool = False,
                 **options: Unpack[GenerateOptions]) -> str: ...
    @overload
    def generate(self, prompt: Prompt, *, stream: Literal[True], resume: bool = False,
                 **options: Unpack[GenerateOptions]) -> Iterator[str]: ...
    @overload
    def generate(self, prompt: Sequence[Prompt], *, stream: Literal[False] = False, on_token: OnToken | None = None, resume: bool = False,
                 **options: Unpack[GenerateOptions]) -> list[str]: ...

    def generate(self, prompt, *, stream=False, on_token=None, resume=False, **options):
        """Writes on from a prompt, a text or its token ids, or from several in rows of their own. `stream`: an iterator over the pieces
        of the text as they come. `on_token` is called with every Token; False ends its text. `resume`: continues what the rows hold."""
        self.model._needs("generate", "generate")
        single = is_prompt(prompt)
        prompts = [prompt] if single else list(prompt)
        if stream:
            if not single:
                raise ValueError("stream takes one prompt; on_token tells the tokens of several")
            return _Stream(lambda listener: self.generate(prompt, on_token=listener, resume=resume, **options))
        given = Options(options)
        given.set_prompts(prompts)
        given.struct.resume = int(resume)
        texts = self._run(given, len(prompts), on_token,
                          lambda callback: self._functions.generate(self._handle, given.struct, callback, None))
        return texts[0] if single else texts

    @overload
    def chat(self, messages: Messages, *, tools: Sequence[Any] | None = None, template: str | None = None,
             variables: Mapping[str, Any] | None = None, stream: Literal[False] = False, on_token: OnToken | None = None,
             **options: Unpack[GenerateOptions]) -> str: ...
    @overload
    def chat(self, messages: Messages, *, tools: Sequence[Any] | None = None, template: str | None = None,
             variables: Mapping[str, Any] | None = None, stream: Literal[True],
             **options: Unpack[GenerateOptions]) -> Iterator[str]: ...

    def chat(self, messages, *, tools=None, template=None, variables=None, stream=False, on_token=None, **options):
        """The answer to a conversation: [{"role": "user", "content": …}, …]. What the session has read of it is not read again."""
        self.model._needs("chat_answer", "chat")
        if stream:
            return _Stream(lambda listener: self.chat(messages, tools=tools, template=template, variables=variables,
                                                      on_token=listener, **options))
        given, chat = Options(options), chat_options(tools, template, variables)
        text = json.dumps(list(messages)).encode()
        return self._run(given, 1, on_token,
                         lambda callback: self._functions.chat_answer(self._handle, text, chat, given.struct, callback, None))[0]

    def embed(self, texts: str | Sequence[str], *, prompt: str | None = None, entry: str | None = None,
              text_only: bool = False) -> np.ndarray:
        """A vector of each text, f32[N D]; of one text, f32[D]. `prompt` names what is put before them; "": nothing."""
        self.model._needs("embed", "make vectors of texts")
        listed = [texts] if isinstance(texts, str) else list(texts)
        vectors = np.empty((len(listed), self.model._width_of(entry)), np.float32)
        options = c.EmbedOptions(entry and entry.encode(), None if prompt is None else prompt.encode(), text_only)
        pointers = (ctypes.c_char_p * len(listed))(*map(encode, listed))
        self._check(self._functions.embed(self._handle, len(listed), pointers, options,
                                          vectors.ctypes.data_as(ctypes.POINTER(ctypes.c_float))))
        return vectors[0] if isinstance(texts, str) else vectors

    def call(self, entry: str, /, *, lengths: Mapping[str, Any] | None = None, session_rows: Sequence[int] | None = None,
             **arrays: Any) -> Any:
        """Runs an entry. An input is an array with all dimensions, or a list of arrays, a row each, where rows differ in length.
        The output, or a dict of them: an array, or a list of arrays where rows differ. `lengths` has sizes that no array tells."""
        return Call(self, entry, arrays, lengths or {}, session_rows).run()

    def _run(self, given: Options, prompts: int, on_token: OnToken | None, call: Callable[[Any], int]) -> list[str]:
        listener = _Listener(given, on_token, prompts)
        status = call(listener.callback)
        if listener.error is not None:
            raise listener.error
        self._check(status)
        return ["".join(pieces) for pieces in listener.texts]

    def _check(self, status: int) -> None:
        if status:
            raise self.model._error(status)

    def _count(self, count: int) -> int:
        if count < 0:
            raise self.model._error()
        return count


def chat_options(tools: Sequence[Any] | None, template: str | None, variables: Mapping[str, Any] | None,
                 without_answer: bool = False) -> c.ChatOptions:
    def text(value: Any) -> bytes | None:
        return None if value is None else json.dumps(value).encode()

    return c.ChatOptions(text(tools), template and template.encode(), text(variables), without_answer)
