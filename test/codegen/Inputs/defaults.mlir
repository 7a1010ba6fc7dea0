// Inputs of several types that may be left out.
module attributes {heddle.program = {name = "defaults", entries = [{name = "run", function = "run",
    inputs = [{name = "small", axes = "D", type = "i32", dims = ["3"], elements = "3", default = -3.0},
              {name = "scale", axes = "D", type = "f32", dims = ["3"], elements = "3", default = 0.1},
              {name = "whole", axes = "D", type = "f32", dims = ["3"], elements = "3", default = 2.0}],
    outputs = [{name = "result", axes = "D", dims = ["3"], elements = "3"}]}]}} {
  llvm.func @run(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}
