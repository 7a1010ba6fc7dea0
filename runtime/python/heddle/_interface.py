"""runtime/heddle.h as ctypes has it: structs, and the table of functions of a model. test/python compares it with the header."""
from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int32, c_int64, c_uint32, c_uint64, c_void_p

VERSION = 12  # HEDDLE_INTERFACE_VERSION
RESUME_COMMON = 2
TOKENIZE_PLAIN, TOKENIZE_TEXT_ONLY = 1, 2
EARLY_STOPPING = {"no": 1, "yes": 2, "never": 3}
SPECULATE = {"none": 0, "lookup": 1, "model": 2}
MOST_DIMENSIONS, MOST_SIZES = 16, 8


class OpenOptions(Structure):
    _fields_ = [("weights", c_char_p), ("threads", c_int32), ("check_tensors", c_int32)]


class SessionOptions(Structure):
    _fields_ = [("rows", c_int64), ("tokens", c_int64), ("context", c_int64)]


class NamedId(Structure):
    _fields_ = [("name", c_char_p), ("id", c_int32)]


class Prompt(Structure):
    _fields_ = [("name", c_char_p), ("text", c_char_p)]


class ModelInfo(Structure):
    _fields_ = [("name", c_char_p), ("rows", c_int64), ("context", c_int64), ("vocabulary", c_int64), ("embedding_width", c_int64),
                ("entry_count", c_int32), ("size_count", c_int32), ("has_tokenizer", c_int32), ("generates", c_int32),
                ("chats", c_int32), ("special_token_count", c_int32), ("special_tokens", POINTER(NamedId)), ("end_count", c_int32),
                ("prompt_count", c_int32), ("ends", POINTER(c_int32)), ("prompts", POINTER(Prompt)), ("default_prompt", c_int32),
                ("similarity", c_int32), ("template_count", c_int32), ("templates", POINTER(Prompt))]


class SizeInfo(Structure):
    _fields_ = [("name", c_char_p), ("min", c_int64), ("max", c_int64), ("step", c_int64), ("per_row", c_int32),
                ("counts_rows", c_int32), ("grows_by", c_int32)]


class EntryInfo(Structure):
    _fields_ = [("name", c_char_p), ("input_count", c_int32), ("output_count", c_int32), ("length_count", c_int32),
                ("lengths", c_int32 * MOST_SIZES), ("keeps", c_int32)]


class ValueInfo(Structure):
    _fields_ = [("name", c_char_p), ("axes", c_char_p), ("type", c_int32), ("rank", c_int32), ("dims", c_int64 * MOST_DIMENSIONS),
                ("has_default", c_int32), ("index_bound", c_int32), ("default_value", c_double)]


class GenerateOptions(Structure):
    _fields_ = [("rows", c_int64), ("prompts", POINTER(c_char_p)), ("prompt_ids", POINTER(POINTER(c_int32))),
                ("prompt_lengths", POINTER(c_int64)), ("max_tokens", c_int64), ("temperature", c_float), ("top_k", c_int32),
                ("top_p", c_float), ("min_p", c_float), ("repetition_penalty", c_float), ("seed", c_uint64), ("resume", c_int32),
                ("text_only", c_int32), ("sources", POINTER(POINTER(c_float))), ("language", c_char_p), ("task", c_char_p),
                ("beams", c_int32), ("length_penalty", POINTER(c_float)), ("early_stopping", c_int32), ("texts", c_int32),
                ("scores", POINTER(c_float)), ("special_tokens", c_int32), ("typical_p", c_float), ("presence_penalty", c_float),
                ("frequency_penalty", c_float), ("biased_tokens", POINTER(c_int32)), ("biases", POINTER(c_float)),
                ("bias_count", c_int32), ("stops", POINTER(c_char_p)), ("stop_count", c_int32), ("likeliest", c_int32),
                ("likeliest_tokens", POINTER(c_int32)), ("log_probabilities", POINTER(c_float)), ("json_schema", c_char_p),
                ("timestamps", c_int32), ("speculate", c_int32), ("speculated", POINTER(c_int64))]


class EmbedOptions(Structure):
    _fields_ = [("entry", c_char_p), ("prompt", c_char_p), ("text_only", c_int32), ("tokens", POINTER(c_int64)),
                ("cut", POINTER(c_int64))]


class ChatOptions(Structure):
    _fields_ = [("tools", c_char_p), ("template_name", c_char_p), ("variables", c_char_p), ("without_answer", c_int32)]


TokenCallback = CFUNCTYPE(c_int32, c_void_p, c_int64, c_int32, c_void_p, c_int64)

_model = _session = _entry = c_void_p
_lengths, _inputs, _outputs = POINTER(POINTER(c_int64)), POINTER(c_void_p), POINTER(c_void_p)
_rows = POINTER(c_int64)


class Interface(Structure):
    """heddle_interface. A function that the model has no use for is false."""

    _fields_ = [
        ("version", c_uint32),
        ("bytes", c_uint32),
        ("program", c_void_p),
        ("last_error", CFUNCTYPE(c_char_p)),
        ("open", CFUNCTYPE(_model, c_void_p, POINTER(OpenOptions))),
        ("use_huge_pages", CFUNCTYPE(c_int32, _model)),
        ("profile_start", CFUNCTYPE(c_int32, _model)),
        ("profile_write", CFUNCTYPE(c_int32, _model, c_char_p)),
        ("close", CFUNCTYPE(None, _model)),
        ("describe", CFUNCTYPE(c_int32, _model, POINTER(ModelInfo))),
        ("describe_size", CFUNCTYPE(c_int32, _model, c_int32, POINTER(SizeInfo))),
        ("describe_entry", CFUNCTYPE(c_int32, _model, _entry, POINTER(EntryInfo))),
        ("describe_input", CFUNCTYPE(c_int32, _model, _entry, c_int32, POINTER(ValueInfo))),
        ("describe_output", CFUNCTYPE(c_int32, _model, _entry, c_int32, POINTER(ValueInfo))),
        ("session_open", CFUNCTYPE(_session, _model, POINTER(SessionOptions))),
        ("session_close", CFUNCTYPE(None, _session)),
        ("session_length", CFUNCTYPE(c_int64, _session, c_int64)),
        ("session_rewind", CFUNCTYPE(c_int32, _session, c_int64, c_int64)),
        ("entry_named", CFUNCTYPE(_entry, _model, c_char_p)),
        ("entry_at", CFUNCTYPE(_entry, _model, c_int32)),
        ("call", CFUNCTYPE(c_int32, _session, _entry, c_int64, _lengths, _rows, _inputs, _outputs)),
        ("output_elements", CFUNCTYPE(c_int64, _session, _entry, c_int64, _lengths, _rows, c_int32)),
        ("output_shape", CFUNCTYPE(c_int32, _session, _entry, c_int64, _lengths, _rows, c_int32, c_int64, POINTER(c_int64))),
        ("tokenize", CFUNCTYPE(c_int64, _model, c_char_p, c_int64, c_int32, POINTER(c_int32), c_int64)),
        ("tokenize_pair", CFUNCTYPE(c_int64, _model, c_char_p, c_int64, c_char_p, c_int64, c_int32, POINTER(c_int32),
                                    POINTER(c_int32), c_int64)),
        ("detokenize", CFUNCTYPE(c_int64, _model, POINTER(c_int32), c_int64, c_char_p, c_int64)),
        ("detokenize_special", CFUNCTYPE(c_int64, _model, POINTER(c_int32), c_int64, c_char_p, c_int64)),
        ("generate", CFUNCTYPE(c_int32, _session, POINTER(GenerateOptions), TokenCallback, c_void_p)),
        ("describe_generation", CFUNCTYPE(c_int32, _model, POINTER(GenerateOptions))),
        ("embed", CFUNCTYPE(c_int32, _session, c_int64, POINTER(c_char_p), POINTER(EmbedOptions), POINTER(c_float))),
        ("embedding_width", CFUNCTYPE(c_int64, _model)),
        ("similarity", CFUNCTYPE(c_double, _model, POINTER(c_float), POINTER(c_float), c_int64)),
        ("chat_render", CFUNCTYPE(c_int64, _model, c_char_p, POINTER(ChatOptions), c_char_p, c_int64)),
        ("chat_answer", CFUNCTYPE(c_int32, _session, c_char_p, POINTER(ChatOptions), POINTER(GenerateOptions), TokenCallback,
                                  c_void_p)),
    ]


# What test/python compares: the header's structs.
STRUCTS = {"heddle_open_options": OpenOptions, "heddle_session_options": SessionOptions, "heddle_named_id": NamedId,
           "heddle_prompt": Prompt, "heddle_model_info": ModelInfo, "heddle_size_info": SizeInfo, "heddle_entry_info": EntryInfo,
           "heddle_value_info": ValueInfo, "heddle_generate_options": GenerateOptions, "heddle_embed_options": EmbedOptions,
           "heddle_chat_options": ChatOptions, "heddle_interface": Interface}


class Error(RuntimeError):
    """What heddle_last_error() says; `status` is a heddle_status."""

    def __init__(self, message: str, status: int = 1):
        super().__init__(message)
        self.status = status


def load(path: str) -> Interface:
    """The functions of a shared library, which stays loaded."""
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise Error(str(error), 2) from None
    try:
        function = library.heddle_model_interface
    except AttributeError:
        raise Error(f"{path}: found no heddle_model_interface, needed a library of heddle build --emit=so", 2) from None
    function.restype = POINTER(Interface)
    interface = function().contents
    if interface.version != VERSION or interface.bytes != ctypes.sizeof(Interface):
        raise Error(f"{path} has interface {interface.version}, needed {VERSION}: compile it with the Heddle that this package is of", 4)
    return interface
