//===- Passes.td - passes that know more than one room ---------------------------------------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_PASSES_TD
#define HEDDLE_COMPILER_PIPELINE_PASSES_TD

include "mlir/Pass/PassBase.td"

def DescribeProgram : Pass<"describe-program", "::mlir::ModuleOp"> {
  let summary = "note on the module what the runtime needs to know of the program";
  let description = [{
    Reads an nn module that nn-plan-memory has been over: sizes, entries with their arguments and what they need of the
    arena, caches and states, and the numbering of weight slots. Writes the attribute `heddle.program` (see
    compiler/codegen/Program.h), which code generation turns into constant data.

    Before:
    ```mlir
    module attributes {nn.model = "m"} { nn.size @B in 1 to 8 … func.func @f(…) attributes {nn.entry, …} }
    ```
    After:
    ```mlir
    module attributes {heddle.program = {name = "m", sizes = […], entries = […], caches = […], …}} { … }
    ```
  }];
  let options = [Option<"hasTokenizer", "tokenizer", "bool", /*default=*/"false",
                        "the weights file will carry a tokenizer">];
}

#endif // HEDDLE_COMPILER_PIPELINE_PASSES_TD
