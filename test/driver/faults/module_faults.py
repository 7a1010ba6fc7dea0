#!/usr/bin/env python3
"""module_faults.py HEDDLE DIRECTORY: modules at some stage (.mlir) that cannot be
built."""

import os
import sys

import refused
from safetensors import write

HEDDLE, DIRECTORY = map(os.path.abspath, sys.argv[1:])
mistakes = refused.Mistakes()


def module(*expected, name, text):
    def make():
        write("model.mlir", text)
    make.__name__ = name
    mistakes.add(*expected, command=["build", "model.mlir", "-o", "out"])(make)


def in_function(body):
    return "func.func @f(%x: tensor<2x3xf32, #nn.axes<B, D>>) {\n" + body + "\n  return\n}\n"


module("model.mlir:1:1: error: custom op 'this' is unknown (tried 'builtin.this' as well)",
       name="no_module", text="this is no module\n")
module("model.mlir:0:0: error: found no program.description, needed one: it describes the entries to the runtime",
       name="empty", text="")
module("model.mlir:1:1: error: unexpected character",
       name="bytes", text=b"\x7fELF\2\1\1\0\0\0\0")
module("model.mlir:0:0: error: is bytecode, needs the text of a module",
       name="bytecode", text=b"ML\xefR\x0d")
module("model.mlir:1:11: error: operation being parsed with an unregistered dialect. …",
       name="dialect_unknown", text='"tosa.add"() : () -> ()\n')
module("model.mlir:2:3: error: custom op 'nn.frobnicate' is unknown",
       name="operation_unknown", text=in_function("  nn.frobnicate %x"))
module("model.mlir:2:19: error: use of undeclared SSA value name",
       name="value_unknown", text=in_function('  %y = nn.softmax %z over "D" : (tensor<2x3xf32, #nn.axes<B, D>>) -> tensor<2x3xf32, #nn.axes<B, D>>'))
module("model.mlir:2:3: error: 'func.return' op has 0 operands, but enclosing function (@f) returns 1",
       name="not_verified", text='func.func @f() -> i32 {\n  return\n}\n')
module("model.mlir:1:45: error: tensor has 2 dimensions and names for 1",
       name="axes_of_another_rank", text='func.func @f(%x: tensor<2x3xf32, #nn.axes<B>>) {\n  return\n}\n')
module("model.mlir:0:0: error: found no program.description, needed one: it describes the entries to the runtime",
       name="no_entry", text=in_function(""))
module("model.mlir:1:1: error: 'program.size' op expects parent op 'program.description'",
       name="line_without_a_description", text='program.size "B" in 1 to 2\n')
module("model.mlir:1:1: error: 'program.description' op has no entry, needs one to call",
       name="description_empty", text='program.description "m" {\n}\n')
module("model.mlir:2:3: error: 'program.entry' op calls the function @f, which the module does not have",
       name="entry_without_its_function", text='program.description "m" {\n  program.entry @f {\n  }\n}\n')
module("model.mlir:2:3: error: 'program.entry' op has the size `Q`, needs one of the program's",
       name="entry_over_an_unknown_size",
       text='program.description "m" {\n  program.entry @f arena "3*Q" {\n  }\n}\n'
            'llvm.func @f() { llvm.return }\n')

sys.exit(mistakes.run(HEDDLE, DIRECTORY))
