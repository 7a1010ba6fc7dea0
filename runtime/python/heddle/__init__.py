"""Models that Heddle has compiled: `heddle build CHECKPOINT --emit=so -o libNAME.so` makes the library that load() opens.

    import heddle
    model = heddle.load("libscripture.so")
    print(model.generate("And God said", max_tokens=40, temperature=0.7, seed=3))
"""
from __future__ import annotations

import os

from . import _interface
from ._interface import Error
from ._model import Entry, Model, Size, Value
from ._options import Token
from ._session import Session

__all__ = ["Entry", "Error", "Model", "Session", "Size", "Token", "Value", "load"]
__version__ = "0.1"


def load(path: str | os.PathLike[str], *, weights: str | os.PathLike[str] | None = None, threads: int = 0,
         check_weights: bool = False) -> Model:
    """Opens the model of a shared library. `weights`: the packed weights, where they are neither in it nor beside it; `threads`:
    0: one a core; `check_weights`: reads them all, to see that they are whole."""
    # A path without a slash would be looked for where the system's libraries are.
    interface = _interface.load(os.path.abspath(path))
    return Model(interface, None if weights is None else os.fspath(weights), threads, check_weights)
