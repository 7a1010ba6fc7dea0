"""A call of an entry with arrays: their shapes say the sizes."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np

if TYPE_CHECKING:
    from ._model import Entry, Value
    from ._session import Session

# By heddle_type; bfloat16 has no type of numpy's: its bits.
TYPES = [np.float32, np.uint16, np.float16, np.int32, np.int64, np.int8, np.bool_]
BFLOAT16 = 1


class Call:
    def __init__(self, session: Session, name: str, arrays: Mapping[str, Any], lengths: Mapping[str, Any],
                 session_rows: Sequence[int] | None):
        self.session, self.model = session, session.model
        self.entry: Entry = self.model.entry(name)
        self.rows = 1
        unknown = set(arrays) - {value.name for value in self.entry.inputs}
        if unknown:
            raise TypeError(f"{name} has no input {', '.join(sorted(unknown))}, needed {', '.join(v.name for v in self.entry.inputs)}")
        sizes = {size.name: number for number, size in enumerate(self.model.sizes)}
        if set(lengths) - set(sizes):
            raise TypeError(f"the model has no size {', '.join(sorted(set(lengths) - set(sizes)))}, needed {', '.join(sizes)}")
        self.lengths = {sizes[key]: np.atleast_1d(value).tolist() for key, value in lengths.items()}
        self.inputs = [self._read(value, arrays[value.name]) if value.name in arrays else None for value in self.entry.inputs]
        self.session_rows = None if session_rows is None else (ctypes.c_int64 * len(session_rows))(*session_rows)

    def _row_size(self) -> int:
        return next((number for number, size in enumerate(self.model.sizes) if size.counts_rows), -1)

    def _has_rows(self, value: Value) -> bool:
        return bool(value.dims) and value.dims[0] == -1 - self._row_size() and self._row_size() >= 0

    def _convert(self, value: Value, array: Any) -> np.ndarray:
        array, wanted = np.asarray(array), TYPES[value.type]
        if array.dtype != wanted and not (array.size == 0 or np.can_cast(array.dtype, wanted, "same_kind") and value.type != BFLOAT16):
            raise TypeError(f"{value.name} has {array.dtype}, needed {np.dtype(wanted)}")
        if value.type in (3, 5) and array.dtype != wanted and array.size:
            limits = np.iinfo(wanted)
            if array.min() < limits.min or array.max() > limits.max:
                raise ValueError(f"{value.name} has numbers that {np.dtype(wanted)} has not")
        return np.ascontiguousarray(array, wanted)

    def _read(self, value: Value, given: Any) -> np.ndarray:
        """The elements row after row; sizes come from the shapes."""
        ragged = self._has_rows(value) and isinstance(given, (list, tuple)) and len({np.shape(row) for row in given}) > 1
        rows = [self._convert(value, row) for row in given] if ragged else [self._convert(value, given)]
        first = 1 if ragged else 0
        for row in rows:
            if row.ndim != len(value.dims) - first:
                raise ValueError(f"{value.name} has {row.ndim + first} dimensions, needed {len(value.dims)}: [{value.axes}]")
        if self._has_rows(value):
            self.rows = len(rows) if ragged else rows[0].shape[0]
        for d in range(1 if self._has_rows(value) else 0, len(value.dims)):
            shape = [row.shape[d - first] for row in rows]
            if value.dims[d] < 0:
                self._note(-1 - value.dims[d], shape if ragged else shape * self.rows)
            elif value.dims[d] > 0 and set(shape) != {value.dims[d]}:
                raise ValueError(f"{value.name} has {shape[0]} in dimension {d}, needed {value.dims[d]}: [{value.axes}]")
        return np.concatenate([row.reshape(-1) for row in rows]) if ragged else rows[0]

    def _note(self, number: int, lengths: list[int]) -> None:
        size = self.model.sizes[number]
        if number not in self.entry.lengths:
            return
        lengths = lengths if size.per_row else lengths[:1]
        if self.lengths.setdefault(number, lengths) != lengths:
            raise ValueError(f"{size.name} is {lengths} here and {self.lengths[number]} elsewhere")

    def _arrays_of_lengths(self) -> Any:
        arrays = []
        for number in self.entry.lengths:
            size = self.model.sizes[number]
            needed = self.rows if size.per_row else 1
            found = self.lengths.get(number)
            if found is None or len(found) != needed:
                raise ValueError(f"{self.entry.name}: lengths of {size.name} are {found}, needed {needed} of them")
            arrays.append((ctypes.c_int64 * needed)(*found))
        pointer = ctypes.POINTER(ctypes.c_int64)
        return (pointer * max(1, len(arrays)))(*(ctypes.cast(array, pointer) for array in arrays)), arrays

    def run(self) -> Any:
        functions, handle, entry = self.session._functions, self.session._handle, self.entry._handle
        lengths, kept = self._arrays_of_lengths()
        if self.session_rows is not None and len(self.session_rows) != self.rows:
            raise ValueError(f"session_rows has {len(self.session_rows)} numbers, the call has {self.rows} rows")
        outputs = []
        for number, value in enumerate(self.entry.outputs):
            count = self.session._count(functions.output_elements(handle, entry, self.rows, lengths, self.session_rows, number))
            outputs.append(np.empty(max(1, count), TYPES[value.type])[:count])

        def addresses(arrays: Sequence[Any]) -> Any:
            return (ctypes.c_void_p * max(1, len(arrays)))(*(None if array is None else array.ctypes.data for array in arrays))

        shapes = [self._shapes(number, lengths) for number in range(len(outputs))]
        self.session._check(functions.call(handle, entry, self.rows, lengths, self.session_rows, addresses(self.inputs),
                                           addresses(outputs)))
        del kept
        results = [self._shape(value, array, shape) for value, array, shape in zip(self.entry.outputs, outputs, shapes)]
        if len(results) == 1:
            return results[0]
        return {value.name: result for value, result in zip(self.entry.outputs, results)}

    def _shapes(self, output: int, lengths: Any) -> list[tuple[int, ...]]:
        """Of the output in each row."""
        functions, handle, entry = self.session._functions, self.session._handle, self.entry._handle
        rank = len(self.entry.outputs[output].dims)
        shapes = []
        for row in range(self.rows):
            shape = (ctypes.c_int64 * max(1, rank))()
            self.session._check(functions.output_shape(handle, entry, self.rows, lengths, self.session_rows, output, row, shape))
            shapes.append(tuple(shape[:rank]))
        return shapes

    def _shape(self, value: Value, array: np.ndarray, shapes: list[tuple[int, ...]]) -> Any:
        if len(set(shapes)) == 1:
            return array.reshape(shapes[0])
        if not self._has_rows(value):
            return array
        ends = np.cumsum([int(np.prod(shape[1:], dtype=np.int64)) for shape in shapes])
        return [part.reshape(shape[1:]) for part, shape in zip(np.split(array, ends[:-1]), shapes)]
