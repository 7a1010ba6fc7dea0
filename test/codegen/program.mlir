// Faults of a hand-written descriptor are diagnostics, not crashes.
// RUN: split-file %s %t
// RUN: not heddle build %t/none.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not heddle build %t/function.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=FUNCTION
// RUN: not heddle build %t/size.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not heddle build %t/field.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=FIELD
// RUN: not heddle build %t/type.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not heddle build %t/entry.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not heddle build %t/slot.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SLOT

//--- none.mlir
// NONE: none.mlir:{{.*}}: error: found no attribute heddle.program, needed one
module {}

//--- function.mlir
// FUNCTION: error: heddle.program: entry: `e` names the function @f, which the module does not have
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f"}]}} {}

//--- size.mlir
// SIZE: error: heddle.program: program: the size `T` is not among the program's
module attributes {heddle.program = {name = "m", sizes = [{name = "B"}]}, kernel.monomials = ["B*T"]} {}

//--- field.mlir
// FIELD: error: heddle.program: size: has no field `maximum`
module attributes {heddle.program = {name = "m", sizes = [{name = "B", maximum = 3}]}} {}

//--- type.mlir
// TYPE: error: heddle.program: value: field `type` is "f64", needed one of f32, bf16, f16, i32, i64, i8, i1
module attributes {heddle.program = {name = "m", entries = [{name = "e", inputs = [{name = "x", type = "f64"}]}]}} {}

//--- slot.mlir
// SLOT: error: heddle.program: program: cache slot 1, needed 0 to 1 exclusive
module attributes {heddle.program = {name = "m", caches = [{path = "k"}], cache_slots = array<i64: 0, 1>}} {}

//--- entry.mlir
// ENTRY: error: heddle.program: program: the entry `open` has the name of a function that every model has
module attributes {heddle.program = {name = "m", entries = [{name = "open", function = "f"}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}
