#!/usr/bin/env python3
"""directory_faults.py HEDDLE GOLDEN DIRECTORY: damages what lies beside the weights
of a small checkpoint, and asks for outputs that cannot be written."""

import json
import os
import shutil
import sys

import refused
from safetensors import read, write

HEDDLE, GOLDEN, DIRECTORY = map(os.path.abspath, sys.argv[1:])
mistakes = refused.Mistakes(lambda: refused.copy_checkpoint(GOLDEN + "/gpt2"))
mistake = mistakes.add
WEIGHTS = "model/model.safetensors"


def edit_json(path, change):
    value = json.loads(read(path))
    change(value)
    write(path, json.dumps(value))


#===-- The directory --===#


@mistake("error: model: found no config.json, needed one to know the architecture")
def directory_empty():
    shutil.rmtree("model")
    os.mkdir("model")


NEEDED = ("needed model.safetensors, pytorch_model.bin, an index of shards of either, or one file of weights")


@mistake("error: model: found no weights, " + NEEDED)
def directory_without_weights():
    os.remove(WEIGHTS)


@mistake("error: model: found flax_model.msgpack, " + NEEDED)
def directory_with_foreign_weights():
    os.rename(WEIGHTS, "model/flax_model.msgpack")


@mistake("error: model: found 2 files of weights (a.safetensors, b.safetensors), needed …")
def directory_with_two_models():
    shutil.copy(WEIGHTS, "model/a.safetensors")
    os.rename(WEIGHTS, "model/b.safetensors")


@mistake("error: model: found 5 files of weights (1.gguf, 2.gguf, 3.gguf, 4.gguf, ...), needed one: name it in place of the directory")
def directory_of_several_gguf():
    directory_empty()
    for number in range(1, 6):
        write(f"model/{number}.gguf", b"GGUF")
    write("model/5-00002-of-00002.gguf", b"GGUF")


@mistake("error: model/model.gguf: byte 4: truncated: …")
def directory_of_a_damaged_gguf():
    directory_empty()
    write("model/model.gguf", b"GGUF")


#===-- config.json --===#

CONFIG = "model/config.json"


def config(change):
    edit_json(CONFIG, change)


@mistake("error: model/config.json: no model file is for \"GPT5LMHeadModel\"; did you mean \"GPT2LMHeadModel\"?")
def architecture_unknown():
    config(lambda c: c.update(architectures=["GPT5LMHeadModel"]))


@mistake("error: model/config.json: names no architecture; name the model file instead")
def architecture_absent():
    config(lambda c: c.pop("architectures"))


@mistake("error: model/config.json: names no architecture; name the model file instead")
def architecture_no_text():
    config(lambda c: c.update(architectures=[[]]))


@mistake("…gpt2.heddle:…: error: config.json has no .n_embd; pass --set D=…")
def config_without_a_key():
    config(lambda c: c.pop("n_embd"))


@mistake("…gpt2.heddle:…: error: D is \"wide\", needs a whole number")
def config_value_of_another_kind():
    config(lambda c: c.update(n_embd="wide"))


@mistake("…gpt2.heddle:…: error: D is 32.5, needs a whole number")
def config_value_not_whole():
    config(lambda c: c.update(n_embd=32.5))


@mistake("…gpt2.heddle:…: error: D is -32, needs a whole number from 0 to 2147483647")
def config_value_negative():
    config(lambda c: c.update(n_embd=-32))


@mistake("…gpt2.heddle:…: error: D is 1099511627776, needs a whole number from 0 to 2147483647")
def config_value_huge():
    config(lambda c: c.update(n_embd=2**40))


@mistake("…gpt2.heddle:…: error: eps is 1e+300 (.layer_norm_epsilon of config.json), out of the range of f32")
def config_value_beyond_f32():
    config(lambda c: c.update(layer_norm_epsilon=1e300))


@mistake("…gpt2.heddle:…: error: K = D/H is 6.4, needs a whole number from 0 to 2147483647")
def config_heads_do_not_divide():
    config(lambda c: c.update(n_head=5))


@mistake("…gpt2.heddle:…: error: K = D/H is inf, needs a whole number from 0 to 2147483647")
def config_heads_are_zero():
    config(lambda c: c.update(n_head=0))


@mistake("…gpt2.heddle:…: error: act is \"gelu_newest\" (.activation_function of config.json), needs the name of an activation, such as …")
def config_activation_unknown():
    config(lambda c: c.update(activation_function="gelu_newest"))


@mistake("error: model/config.json:3:…: malformed JSON: …")
def config_malformed():
    write(CONFIG, '{\n  "n_embd": 32\n  "n_layer": 3\n}\n')


@mistake("error: model/config.json:1:1: malformed JSON: …")
def config_empty():
    write(CONFIG, "")


@mistake("error: model/config.json: found no object, needed { … }")
def config_no_object():
    write(CONFIG, "[]")


@mistake("error: model/config.json:1:65: brackets nested deeper than 64")
def config_nested_deeply():
    write(CONFIG, '[' * 200000)


@mistake("error: model/config.json:1:…: the key \"n_embd\" is given twice")
def config_with_a_key_twice():
    write(CONFIG, '{"architectures": ["GPT2LMHeadModel"], "n_embd": 32, "n_embd": 64}')


@mistake("error: model/config.json:1:59: the number 1e309 is out of range")
def config_number_beyond_a_double():
    write(CONFIG, '{"architectures": ["GPT2LMHeadModel"], "attn_pdrop": [0, -1e309]}')


@mistake("error: model/config.json:1:16000001: more than 8000000 values")
def config_of_many_values():
    write(CONFIG, "[" + "0," * 8000000 + "0]")


@mistake("error: model/config.json:…: malformed JSON: …")
def config_not_utf8():
    write(CONFIG, b'{"architectures": ["\xff\xfe"]}')


#===-- tokenizer.json --===#

TOKENIZER = "model/tokenizer.json"


def tokenizer(**fields):
    plain = {"version": "1.0", "added_tokens": [], "normalizer": None,
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False,
                               "use_regex": True},
             "post_processor": None, "decoder": {"type": "ByteLevel"},
             "model": {"type": "BPE", "unk_token": None, "fuse_unk": False,
                       "vocab": {chr(c): c - 33 for c in range(33, 97)},
                       "merges": []}}
    write(TOKENIZER, json.dumps(dict(plain, **fields)))


@mistake("error: model/tokenizer.json:1:2: malformed JSON: …")
def tokenizer_malformed():
    write(TOKENIZER, "{version: 1}")


@mistake("error: model/tokenizer.json: found an array, needed an object")
def tokenizer_no_object():
    write(TOKENIZER, "[]")


@mistake("error: model/tokenizer.json: tokenizer: missing closing parenthesis at byte 9 of `(unclosed`")
def tokenizer_expression_malformed():
    tokenizer(pre_tokenizer={"type": "Split", "pattern": {"Regex": "(unclosed"},
                             "behavior": "Isolated", "invert": False})


@mistake("error: model/tokenizer.json: model.merges[0]: found `ab`, needed a token of the vocabulary")
def tokenizer_merge_without_a_token():
    tokenizer(model={"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]})


#===-- What the checkpoint and the output are --===#


@mistake("error: nowhere: no such file or directory", command=["build", "nowhere", "-o", "out"])
def model_absent():
    pass


@mistake("error: nowhere: …o such file or directory",
         command=["build", "model", "--weights=nowhere", "-o", "out"])
def weights_absent():
    pass


@mistake("error: …nowhere.json: …o such file or directory",
         command=["build", "model", "--config=nowhere.json", "-o", "out"])
def config_absent():
    pass


@mistake("error: …none/out…: …o such file or directory",
         command=["build", "model", "-o", "none/out"])
def output_directory_absent():
    pass


@mistake("error: …model…: …s a directory", command=["build", "model", "-o", "model"])
def output_is_a_directory():
    pass


@mistake("error: …config.json/out…: …ot a directory",
         command=["build", "model", "-o", "model/config.json/out"])
def output_below_a_file():
    pass


@mistake("error: …none/program.h…: …o such file or directory",
         command=["build", "model", "-o", "out", "--header=none/program.h"])
def header_directory_absent():
    pass


@mistake("error: /dev/full: …o space left on device",
         command=["build", "model", "--emit=ll", "-o", "/dev/full"])
def disk_full():
    pass


sys.exit(mistakes.run(HEDDLE, DIRECTORY))
