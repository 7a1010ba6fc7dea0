// A whole program at the llvm stage, written by hand: entry `twice` doubles every element of x [B T D], whose rows lie
// one after the other. Offsets are those of heddle_frame: inputs 0, outputs 8, extents 40.
module attributes {kernel.monomials = ["B*T"]} {
  program.description "double" rows "B" {
    program.size "B" in 1 to 4
    program.size "T" in 1 to 8 per "B"
    program.entry @twice {
      program.input "x" "B T D" : f32 ["B", "T", "3"]
      program.output "result" "B T D" : f32 ["B", "T", "3"]
    }
  }
  llvm.func @twice(%frame: !llvm.ptr) -> i32 {
    %zero = llvm.mlir.constant(0 : i64) : i64
    %one = llvm.mlir.constant(1 : i64) : i64
    %three = llvm.mlir.constant(3 : i64) : i64
    %inputs = llvm.load %frame : !llvm.ptr -> !llvm.ptr
    %outputs_at = llvm.getelementptr %frame[8] : (!llvm.ptr) -> !llvm.ptr, i8
    %outputs = llvm.load %outputs_at : !llvm.ptr -> !llvm.ptr
    %extents_at = llvm.getelementptr %frame[40] : (!llvm.ptr) -> !llvm.ptr, i8
    %extents = llvm.load %extents_at : !llvm.ptr -> !llvm.ptr
    %tokens = llvm.load %extents : !llvm.ptr -> i64
    %n = llvm.mul %tokens, %three : i64
    %x = llvm.load %inputs : !llvm.ptr -> !llvm.ptr
    %y = llvm.load %outputs : !llvm.ptr -> !llvm.ptr
    llvm.br ^head(%zero : i64)
  ^head(%i: i64):
    %more = llvm.icmp "slt" %i, %n : i64
    llvm.cond_br %more, ^body, ^done
  ^body:
    %x_at = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %y_at = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %e = llvm.load %x_at : !llvm.ptr -> f32
    %d = llvm.fadd %e, %e : f32
    llvm.store %d, %y_at : f32, !llvm.ptr
    %next = llvm.add %i, %one : i64
    llvm.br ^head(%next : i64)
  ^done:
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}
