#!/usr/bin/env python3
"""model_faults.py HEDDLE GOLDEN MODELS DIRECTORY: one change to a model file or to
the command line, which makes it wrong."""

import os
import shutil
import sys

import refused
from safetensors import read, write

HEDDLE, GOLDEN, MODELS, DIRECTORY = map(os.path.abspath, sys.argv[1:])
COMMAND = ["build", "gpt2.heddle", "--weights=model", "-o", "out"]


def prepare():
    refused.copy_checkpoint(GOLDEN + "/gpt2")
    shutil.copy(MODELS + "/gpt2.heddle", ".")


mistakes = refused.Mistakes(prepare)
AT = "gpt2.heddle:…: error: "


def edit(*expected, old, new, name):
    """The model with `old` replaced by `new`."""
    def make():
        text, before = read("gpt2.heddle"), old.encode()
        assert text.count(before) == 1, f"{name}: {text.count(before)} times: {old}"
        write("gpt2.heddle", text.replace(before, new if isinstance(new, bytes) else new.encode()))
    make.__name__ = name
    mistakes.add(*expected, command=COMMAND)(make)


def command(*expected, words, name):
    def make():
        pass
    make.__name__ = name
    mistakes.add(*expected, command=words)(make)


#===-- Text --===#

edit(AT + "found the character '$', which the language does not use",
     AT + "found 'return', needed ']'",
     name="character_unknown", old="step(ids: V[B T])", new="step(ids: V[B $])")
edit(AT + "string without its closing quote",
     AT + "found 'h', needed the end of the line",
     name="text_not_closed", old='"h.*.attn.bias"', new='"h.*.attn.bias')
edit(AT + "found a string that is not UTF-8, needs UTF-8",
     name="text_not_utf8", old='"h.*.attn.bias"', new=b'"h.*.attn\xffbias"')
edit(AT + "found the end of the file, needed the '}' that closes the '{' at gpt2.heddle:…",
     name="bracket_not_closed", old="generate step", new="block b(x: [B T D]) { return x")
edit(AT + "linear: found 3 arguments, needs 2",
     name="arrow_missing", old="D -> H K | H K | H K", new="D, H K | H K | H K")
edit(AT + "found 'generat', needed a declaration: model, import, config, dyn, tokenizer, state, default, weights, drop, block, entry or generate",
     name="item_unknown", old="generate step", new="generat step")
edit(AT + "found 'b', needed the name of a size, which starts with a capital",
     name="size_in_lower_case", old="dyn B in", new="dyn b in")
edit(AT + "found 'ignores', needed a rule: prefix, rename, ignore, same, split or keep",
     name="weights_rule_unknown", old="ignore \"", new="ignores \"")
edit(AT + "expression is nested too deeply",
     name="brackets_nested_deeply", old="h = act(", new="h = " + "(" * 5000 + "act(")

#===-- Names and sizes --===#

edit(AT + "unknown name z",
     name="name_unknown", old="return x + linear@mlp", new="return z + linear@mlp")
edit(AT + "unknown size Q",
     name="size_unknown", old="layernorm@ln_2(x), D -> F)", new="layernorm@ln_2(x), D -> Q)")
edit(AT + "unknown operation or block lineer; did you mean linear",
     name="operation_unknown", old="x = x + linear@attn", new="x = x + lineer@attn")
edit(AT + "layernorm has no option epsilon; it has eps, weight, bias, offset",
     name="operation_has_no_option", old="default layernorm(eps = eps)", new="default layernorm(epsilon = eps)")
edit(AT + "cannot combine real[B T D] + real[B T F]: no axis F in [B T D]",
     name="axes_do_not_match", old="embed@wpe(positions(T), N -> D)", new="embed@wpe(positions(T), N -> F)")
edit(AT + "linear: real[B T D] does not end in F; F is declared at gpt2.heddle:…",
     name="axes_do_not_end_in_the_pattern", old="linear@mlp.c_proj(h, F -> D)", new="linear@mlp.c_proj(x, F -> D)")
edit(AT + "embed: the indices are V[B T], the table is over N",
     name="indices_of_another_table", old="embed@wte(ids, V -> D)", new="embed@wte(ids, N -> D)")
edit(AT + "attention: found real[B T D], needs rows, sequence, heads and depth",
     name="attention_of_other_heads", old="attention(q, k, v,", new="attention(x, k, v,")
edit(AT + "entry step returns real[B V], declared real[B T V] at gpt2.heddle:…",
     name="result_is_not_as_declared", old="step(ids: V[B T]) -> f32[B V]", new="step(ids: V[B T]) -> f32[B T V]")
edit(AT + "found 2 names for 3 values",
     AT + "unknown name v",
     name="values_and_names_differ_in_number", old="q, k, v = ", new="q, k = ")
edit(AT + "decoder, defined at gpt2.heddle:…, needs its parameter ids",
     name="too_few_arguments", old="return logits(decoder(ids))", new="return logits(decoder())")
edit(AT + "block layer is already defined at gpt2.heddle:…; say 'override block' to replace it",
     name="block_defined_twice", old="generate step", new="block layer(x: [B T D]) { return x }")
edit(AT + "found real[B T D], needs yes or no, known when the model is compiled",
     name="condition_not_known_when_compiled", old="x = x + linear@attn", new="if x { x = x }\n  x = x + linear@attn")
edit(AT + "h.0.mlp.c_fc.weight is [F D] here but [D F] at gpt2.heddle:…",
     AT + "h.0.mlp.c_fc.bias is [D] here but [F] at gpt2.heddle:…",
     name="one_weight_in_two_shapes", old="linear@mlp.c_proj(h", new="linear@mlp.c_fc(h")
edit(AT + "nowhere.heddle: no such file or directory",
     name="import_absent", old="config {", new='import "nowhere.heddle"\nconfig {')
edit(AT + "generate: there is no entry stop",
     name="generate_without_entry", old="generate step", new="generate stop")
edit(AT + "division by zero",
     name="division_by_zero", old="K = D / H", new="K = D / 0")
edit(AT + "K = D/5 is 6.4, needs a whole number from 0 to 2147483647",
     name="division_with_a_rest", old="K = D / H", new="K = D / 5")
edit(AT + "block layer calls itself",
     name="block_calls_itself", old="h = act(linear@mlp.c_fc(layernorm@ln_2(x), D -> F))", new="h = layer(x, depth)")
edit(AT + "unknown operation or block nothing",
     AT + "unknown name idz",
     name="two_at_once", old="x = embed@wte(ids, V -> D)", new="y = nothing(ids)\n  x = embed@wte(idz, V -> D)")

#===-- The command line --===#

MODEL = ["build", "model", "-o", "out"]
command("error: --emit: found `elf`, needed ast, nn, …",
     name="stage_unknown", words=MODEL + ["--emit=elf"])
command("error: --set Q: the model has no config value Q",
     name="set_a_name_that_is_none", words=MODEL + ["--set", "Q=3"])
command("…" + AT + "D is \"wide\", needs a whole number",
     name="set_no_number", words=MODEL + ["--set", "D=wide"])
command("…" + AT + "D is -3, needs a whole number from 0 to 2147483647",
     name="set_out_of_range", words=MODEL + ["--set", "D=-3"])
command("error: --dim Q: the model declares no 'dyn Q'",
     name="dim_of_no_size", words=MODEL + ["--dim", "Q=1..3"])
command("error: --dim D: the model declares no 'dyn D'",
     name="dim_of_a_config_size", words=MODEL + ["--dim", "D=1..3"])
command("error: --dim T=many: needs a number or a range within 1..64",
     name="dim_no_range", words=MODEL + ["--dim", "T=many"])
command("error: --dim T=1..4096: needs a number or a range within 1..64",
     name="dim_beyond_the_range", words=MODEL + ["--dim", "T=1..4096"])
command("error: --dim T=8..4: needs a number or a range within 1..64",
     name="dim_backwards", words=MODEL + ["--dim", "T=8..4"])
command("error: --cpu: found `z80`, needed native, generic, x86-64-v3, x86-64-v4 or a CPU of x86_64 by its LLVM name",
     name="cpu_unknown", words=MODEL + ["--cpu=z80"])
command("error: --features: x86_64 has no feature `warp`",
     name="features_unknown", words=MODEL + ["--features=+warp"])
command("error: --target: found `pdp11-dec-unix`, needed 64-bit Linux: x86_64-linux-gnu or aarch64-linux-gnu",
     name="target_unknown", words=MODEL + ["--target=pdp11-dec-unix"])
command("error: found no libheddle_runtime.a in nowhere, needed Heddle's runtime for aarch64: use --runtime-dir, or --emit=obj to link elsewhere",
     name="target_without_a_runtime", words=MODEL + ["--target=aarch64-linux-gnu", "--runtime-dir=nowhere"])
command("error: --static is for executables",
     name="static_library", words=MODEL + ["--static", "--emit=so"])
command("error: found both --weights and --random-weights, needed one of them",
     name="both_weights_and_random_weights", words=MODEL + ["--weights=model", "--random-weights=1"])
command("error: --random-weights: found `x`, needed a number",
     name="random_seed_no_number", words=MODEL + ["--random-weights=x"])
command("error: --threads: found `-1`, needed a number",
     name="threads_negative", words=MODEL + ["--threads=-1"])
command("error: --print-ir-after: found `nothing`, needed all or one of nn-find-verifier, …",
     name="pass_unknown", words=MODEL + ["--print-ir-after=nothing"])
command("error: gpt2.heddle: not a directory",
     name="directory_for_passes_is_a_file", words=MODEL + ["--print-ir-dir=gpt2.heddle"])
command("error: found neither --weights nor --random-weights, needed one of them to run the model",
     name="run_a_model_without_its_weights", words=["run", "gpt2.heddle", "--config=model/config.json"])
command("error: --in belongs behind the name of an entry; --help lists the entries",
     name="run_an_entry_that_is_none", words=["run", "model", "--", "nothing", "--in", "ids=x.npy"])
command("error: nowhere.npy: No such file or directory",
     name="run_with_an_input_absent", words=["run", "model", "--", "step", "--in", "ids=nowhere.npy"])
command(AT + "no config.json gives .n_embd; pass --set D=…",
     AT + "no config.json gives .n_layer; pass --set L=…",
     AT + "no config.json gives .n_head; pass --set H=…",
     AT + "no config.json gives .vocab_size; pass --set V=…",
     AT + "no config.json gives .n_positions; pass --set N=…",
     name="model_file_without_config", words=["build", "gpt2.heddle", "-o", "out"])

sys.exit(mistakes.run(HEDDLE, DIRECTORY))
