// Inputs of several types that may be left out.
module {
  program.description "defaults" {
    program.entry @run {
      program.input "small" "D" : i32 ["3"] default -3.0
      program.input "scale" "D" : f32 ["3"] default 0.1
      program.input "whole" "D" : f32 ["3"] default 2.0
      program.output "result" "D" : f32 ["3"]
    }
  }
  llvm.func @run(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}
