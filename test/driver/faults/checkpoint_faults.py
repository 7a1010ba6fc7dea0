#!/usr/bin/env python3
"""checkpoint_faults.py HEDDLE GOLDEN DIRECTORY: damages the weights of a small
checkpoint in every way that is told below, and builds it."""

import json
import os
import shutil
import struct
import sys

import refused
from safetensors import Safetensors, read, write

HEDDLE, GOLDEN, DIRECTORY = map(os.path.abspath, sys.argv[1:])
mistakes = refused.Mistakes(lambda: refused.copy_checkpoint(GOLDEN + "/gpt2"))
mistake = mistakes.add
WEIGHTS = "model/model.safetensors"


def header(text, size=None):
    """A file of a header alone, which may lie about its size."""
    write(WEIGHTS, struct.pack("<Q", len(text) if size is None else size) + text)


def tensor_field(field, value, name="transformer.wte.weight"):
    with Safetensors(WEIGHTS) as s:
        s.header[name][field] = value


def split_in_shards():
    with Safetensors(WEIGHTS) as s:
        whole, data = s.header, s.data
    whole.pop("__metadata__", None)
    names = sorted(whole)
    places = {}
    for i, part in enumerate([names[:20], names[20:]]):
        shard = f"model-{i + 1:05}-of-00002.safetensors"
        shutil.copy(WEIGHTS, "model/" + shard)
        with Safetensors("model/" + shard) as s:
            s.header, s.data = {}, b""
            for name in part:
                begin, end = whole[name]["data_offsets"]
                s.append(name, whole[name]["dtype"], whole[name]["shape"],
                         data[begin:end])
                places[name] = shard
    os.remove(WEIGHTS)
    write_index(places)
    return places


def write_index(places):
    write("model/model.safetensors.index.json",
          json.dumps({"metadata": {}, "weight_map": places}))


#===-- The header of a safetensors file --===#

AT = "error: model/model.safetensors: "


@mistake(AT + "truncated: found 0 bytes, needed the 8 of a header size")
def empty_file():
    write(WEIGHTS, b"")


@mistake(AT + "truncated: found 5 bytes, needed the 8 of a header size")
def file_within_the_header_size():
    write(WEIGHTS, b"\x10\0\0\0\0")


@mistake(AT + "truncated: found 500 bytes, needed … for the header alone")
def file_ends_in_the_header():
    write(WEIGHTS, read(WEIGHTS)[:500])


@mistake(AT + "tensor …: truncated: found a file of … bytes, needed … (1 tensor cut off)")
def file_ends_in_the_data():
    write(WEIGHTS, read(WEIGHTS)[:-4])


@mistake(AT + "found 3 bytes after the last tensor, needed none")
def bytes_after_the_data():
    write(WEIGHTS, read(WEIGHTS) + b"end")


# All of these are 8 bytes that mean something else than a size: NaN, -1, huge.
@mistake(AT + "found a header size of 9221120237041090560 bytes, needed at most 100000000: …")
def header_size_not_a_number():
    header(b"{}", struct.unpack("<Q", struct.pack("<d", float("nan")))[0])


@mistake(AT + "found a header size of 18446744073709551615 bytes, needed at most 100000000: …")
def header_size_negative():
    header(b"{}", 2**64 - 1)


@mistake(AT + "found a header size of 100000001 bytes, needed at most 100000000: …")
def header_size_huge():
    header(b"{}", 100000001)


@mistake(AT + "truncated: found 10 bytes, needed 100000008 for the header alone")
def header_size_large():
    header(b"{}", 100000000)


@mistake("error: model/model.safetensors: header:1:1: malformed JSON: …")
def header_size_zero():
    header(b"")


@mistake("error: model/model.safetensors: header:1:11: malformed JSON: …")
def header_malformed():
    header(b'{"wte": { ] }')


@mistake(AT + "the header is no JSON object")
def header_no_object():
    header(b"[]")


@mistake("error: model/model.safetensors: header:1:65: brackets nested deeper than 64")
def header_nested_deeply():
    header(b"[" * 100000)


@mistake("error: model/model.safetensors: header:1:…: the key \"a\" is given twice")
def header_with_a_tensor_twice():
    tensor = b'{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    header(b'{"a":' + tensor + b',"a":' + tensor + b"}")


@mistake(AT + "found a git-lfs pointer, needed the file it stands for (git lfs pull)")
def git_lfs_pointer():
    write(WEIGHTS, "version https://git-lfs.github.com/spec/v1\n"
                   "oid sha256:0123\nsize 123456\n")


@mistake(AT + "found a GGUF file, needed safetensors")
def gguf():
    write(WEIGHTS, b"GGUF\3\0\0\0\0\0\0\0")


@mistake(AT + "found a header size of … bytes, needed at most 100000000: is this a safetensors file?")
def zip_archive():
    write(WEIGHTS, b"PK\3\4\x14\0\x08\x08\x08\0\0\0")


@mistake(AT + "found a directory, needed a regular file")
def weights_are_a_directory():
    os.remove(WEIGHTS)
    os.mkdir(WEIGHTS)


#===-- Its tensors --===#

TENSOR = AT + "tensor transformer.wte.weight: "


@mistake(TENSOR + "found dtype \"F31\", needed a type of the format, such as F32, F16 or BF16")
def dtype_unknown():
    tensor_field("dtype", "F31")


@mistake(TENSOR + "found no dtype, needed a type of the format, such as F32, F16 or BF16")
def dtype_absent():
    with Safetensors(WEIGHTS) as s:
        del s.header["transformer.wte.weight"]["dtype"]


@mistake(TENSOR + "found shape [-97,32], needed whole numbers from 0")
def shape_negative():
    tensor_field("shape", [-97, 32])


@mistake(TENSOR + "found shape [97.5,32], needed whole numbers from 0")
def shape_not_whole():
    tensor_field("shape", [97.5, 32])


@mistake(TENSOR + "found shape [4294967296,4294967296] of F32, needed a size in whole bytes below 2^60")
def shape_overflows():
    tensor_field("shape", [2**32, 2**32])


@mistake(TENSOR + "found data_offsets [8,4], needed [begin, end] with 0 <= begin <= end")
def offsets_backwards():
    tensor_field("data_offsets", [8, 4])


@mistake(TENSOR + "found … bytes at data_offsets …, needed 12416 for [97, 32] of F32")
def offsets_unlike_the_shape():
    with Safetensors(WEIGHTS) as s:
        s.header["transformer.wte.weight"]["data_offsets"][1] += 4


@mistake(TENSOR + "found data_offsets \"0\", needed [begin, end] with 0 <= begin <= end")
def offsets_no_list():
    tensor_field("data_offsets", "0")


@mistake(AT + "tensor …: found offset …, needed …: it overlaps tensor …",
         AT + "tensor …: found offset …, needed …: the bytes between belong to no tensor")
def offsets_overlap():
    with Safetensors(WEIGHTS) as s:
        tensor = s.header["transformer.h.1.ln_1.weight"]
        tensor["data_offsets"] = [o - 4 for o in tensor["data_offsets"]]


@mistake(AT + "tensor z: found offset …, needed …: the bytes between belong to no tensor",
         AT + "tensor z: truncated: found a file of … bytes, needed … (1 tensor cut off)")
def offsets_beyond_the_file():
    with Safetensors(WEIGHTS) as s:
        end = len(s.data) + 4096
        s.header["z"] = {"dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]}


@mistake(TENSOR + "found 7, needed an object with dtype, shape, data_offsets")
def tensor_no_object():
    with Safetensors(WEIGHTS) as s:
        s.header["transformer.wte.weight"] = 7


#===-- Its tensors against the model's weights --===#


def as_type(dtype, bits):
    def damage():
        with Safetensors(WEIGHTS) as s:
            s.remove("transformer.ln_f.bias")
            s.append("transformer.ln_f.bias", dtype, [32], bytes(32 * bits // 8))
    damage.__name__ = "dtype_" + dtype
    return damage


for dtype, bits in [("F8_E8M0", 8), ("C64", 64), ("I8", 8), ("I32", 32), ("BOOL", 8)]:
    mistake(AT + f"tensor transformer.ln_f.bias: found {dtype}, needed F32, F16, BF16, F64, F8_E4M3 or F8_E5M2 at "
            "…gpt2.heddle:…")(as_type(dtype, bits))


@mistake("error: model: tensor ln_f.bias: found none, needed [32] at …gpt2.heddle:…")
def tensor_missing():
    with Safetensors(WEIGHTS) as s:
        s.remove("transformer.ln_f.bias")


@mistake("error: model: tensor ln_f.bias: found none, needed [32] at …gpt2.heddle:…",
         AT + "tensor transformer.ln_f.biass: found [32], needed by no part of the model; …")
def tensor_misspelt():
    with Safetensors(WEIGHTS) as s:
        s.remove("transformer.ln_f.bias")
        s.append("transformer.ln_f.biass", "F32", [32], bytes(128))


@mistake(AT + "tensor head.weight: found [2], needed by no part of the model; "
         "to leave it out, add ignore \"head.weight\" to the model's weights")
def tensor_extra():
    with Safetensors(WEIGHTS) as s:
        s.append("head.weight", "F32", [2], bytes(8))


@mistake(AT + "tensor transformer.h.1.mlp.c_fc.bias: found [57], needed [56] at …gpt2.heddle:…")
def tensor_misshapen():
    with Safetensors(WEIGHTS) as s:
        s.remove("transformer.h.1.mlp.c_fc.bias")
        s.append("transformer.h.1.mlp.c_fc.bias", "F32", [57], bytes(57 * 4))


@mistake(AT + "tensor transformer.h.1.mlp.c_fc.weight: found [56, 32], needed [32, 56] at …gpt2.heddle:…; "
         "it is stored the other way round: layout = in_out or out_in")
def tensor_transposed():
    tensor_field("shape", [56, 32], "transformer.h.1.mlp.c_fc.weight")


@mistake(AT + "tensor transformer.wte.weight: found [1, 97, 32, 1, 2], …", )
def tensor_of_more_axes():
    with Safetensors(WEIGHTS) as s:
        s.remove("transformer.wte.weight")
        s.append("transformer.wte.weight", "F32", [1, 97, 32, 1, 2], bytes(97 * 32 * 8))


@mistake(AT + "tensor wte.weight: found transformer.wte.weight as well for wte.weight, needed one of them at …gpt2.heddle:…")
def tensor_twice_with_and_without_prefix():
    with Safetensors(WEIGHTS) as s:
        s.append("wte.weight", "F32", [97, 32], bytes(97 * 32 * 4))


#===-- Shards and their index --===#

INDEX = "error: model/model.safetensors.index.json"


@mistake("error: model/model-00002-of-00002.safetensors: missing shard: needed for … tensors, the first of them …")
def shard_missing():
    split_in_shards()
    os.remove("model/model-00002-of-00002.safetensors")


@mistake("error: model/model-00001-of-00002.safetensors: tensor …: truncated: …")
def shard_truncated():
    split_in_shards()
    shard = "model/model-00001-of-00002.safetensors"
    write(shard, read(shard)[:-16])


@mistake("error: model/model-00001-of-00002.safetensors: tensor transformer.ln_g.bias: not found, needed by the index model.safetensors.index.json")
def index_names_no_tensor():
    places = split_in_shards()
    places["transformer.ln_g.bias"] = "model-00001-of-00002.safetensors"
    write_index(places)


@mistake("error: model/model-00002-of-00002.safetensors: tensor transformer.h.0.attn.c_attn.bias: found a second one, in "
         "model/model-00001-of-00002.safetensors as well, needed one")
def shards_share_a_tensor():
    split_in_shards()
    with Safetensors("model/model-00002-of-00002.safetensors") as s:
        s.append("transformer.h.0.attn.c_attn.bias", "F32", [96], bytes(96 * 4))


@mistake(INDEX + ": tensor transformer.ln_f.bias: found \"../model.safetensors\", needed the name of a file beside the index")
def index_leads_elsewhere():
    places = split_in_shards()
    places["transformer.ln_f.bias"] = "../model.safetensors"
    write_index(places)


@mistake(INDEX + ":1:2: malformed JSON: …")
def index_malformed():
    split_in_shards()
    write("model/model.safetensors.index.json", "{weight_map: {}}")


@mistake(INDEX + ": found no \"weight_map\", needed an object of tensor names and their files")
def index_without_a_map():
    split_in_shards()
    write("model/model.safetensors.index.json", '{"metadata": {}}')


sys.exit(mistakes.run(HEDDLE, DIRECTORY))
