"""A compiled library through its C interface, and arrays that notice who writes beyond them."""
import array
import ctypes
import math
import re

MARGIN = 64
CODES = {"real": "f", "int": "i", "bool": "B"}


class Failure(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Guarded:
    """An array with a margin on both sides."""

    def __init__(self, kind, values, count=None):
        code = CODES[kind]
        self.mark = {"f": math.nan, "i": -1, "B": 1}[code]
        self.count = len(values) if count is None else count
        inner = array.array(code, values) if count is None else array.array(code, [self.mark if code == "f" else 77] * count)
        self.array = array.array(code, [self.mark] * MARGIN) + inner + array.array(code, [self.mark] * MARGIN)
        self.bytes = self.array.tobytes()

    def address(self):
        return ctypes.c_void_p(self.array.buffer_info()[0] + MARGIN * self.array.itemsize)

    def values(self):
        return self.array[MARGIN:MARGIN + self.count]

    def is_whole(self):
        edge = MARGIN * self.array.itemsize
        now = self.array.tobytes()
        return now[:edge] == self.bytes[:edge] and now[-edge:] == self.bytes[-edge:]


class Library:
    def __init__(self, path, header):
        self.library = ctypes.CDLL(str(path))
        self.header = header
        self.error = self.library.m_last_error
        self.error.restype = ctypes.c_char_p
        self.library.m_open.restype = self.library.m_session_open.restype = ctypes.c_void_p
        self.library.m_open.argtypes = [ctypes.c_char_p, ctypes.c_int32]
        self.library.m_session_open.argtypes = [ctypes.c_void_p] + [ctypes.c_int64] * 3
        self.model = self.library.m_open(None, 1)
        if not self.model:
            raise Failure("open", self.error().decode())

    def session(self, rows=4):
        return ctypes.c_void_p(self.library.m_session_open(self.model, rows, 0, 0))

    def close(self, session):
        self.library.m_session_close(session)

    def call(self, name, session, rows, sizes, inputs, outputs):
        signature = re.search(rf"int32_t m_{name}\((.*?)\);", self.header).group(1)
        arguments, results, keep = [session], iter(outputs), []
        for parameter in signature.split(", ")[1:]:
            type, parameter = parameter.rsplit(" ", 1)
            pointer, parameter = parameter.startswith("*"), parameter.lstrip("*")
            if parameter == "session_rows":
                numbers = array.array("q", rows)
            elif parameter == "B" and not pointer:
                arguments.append(ctypes.c_int64(len(rows)))
                continue
            elif not pointer:
                arguments.append(ctypes.c_int64(sizes[0][parameter]))
                continue
            elif type == "const int64_t":
                numbers = array.array("q", [s[parameter] for s in sizes])
            else:
                value = inputs[parameter] if type.startswith("const") else next(results)
                arguments.append(value and value.address())
                continue
            keep.append(numbers)
            arguments.append(ctypes.c_void_p(numbers.buffer_info()[0]))
        if getattr(self.library, f"m_{name}")(*arguments):
            raise Failure("call refused", self.error().decode())
