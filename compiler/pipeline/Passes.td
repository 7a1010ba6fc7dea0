//===- Passes.td - what the pipeline itself notes on a module ---------------------------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_PASSES_TD
#define HEDDLE_COMPILER_PIPELINE_PASSES_TD

include "mlir/Pass/PassBase.td"

def DescribeProgram : Pass<"describe-program", "::mlir::ModuleOp"> {
  let summary = "note what runtime and packer need to know, before nn is lowered away";
  let description = [{
    After nn-plan-memory. Sizes, entries with their shapes, caches and weights become two attributes of the module, which
    stay on it to the end: `heddle.program` (compiler/codegen/Program.h) and `heddle.weights`
    (compiler/pipeline/WeightTable.h).

    Before:
    ```mlir
    module attributes {nn.model = "m"} {
      nn.size @B in 1 to 4
      func.func @double(%x: tensor<?x3xf32, #nn.axes<B, D>>) -> tensor<?x3xf32, #nn.axes<B, D>>
          attributes {nn.entry, nn.arena = "0"} { … }
    ```
    After:
    ```mlir
    module attributes {nn.model = "m",
      heddle.program = {name = "m", sizes = [{name = "B", max = 4} ],
        entries = [{name = "double", function = "double",
                    inputs = [{name = "x", axes = "B D", type = "f32", dims = ["B", "3"], elements = "3*B"} ],
                    outputs = [{name = "result", axes = "B D", type = "f32", dims = ["B", "3"], elements = "3*B"} ]} ]},
      heddle.weights = {tensors = [], slots = array<i32>}} { … }
    ```
  }];
}

#endif // HEDDLE_COMPILER_PIPELINE_PASSES_TD
