// Faults of a hand-written descriptor are diagnostics, not crashes.
// RUN: split-file %s %t
// RUN: not heddle build %t/none.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not heddle build %t/function.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=FUNCTION
// RUN: not heddle build %t/size.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not heddle build %t/field.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=FIELD
// RUN: not heddle build %t/type.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not heddle build %t/entry.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not heddle build %t/slot.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SLOT
// RUN: not heddle build %t/model.mlir --emit=header -o %t/model.h 2>&1 | FileCheck %s --check-prefix=MODEL
// RUN: not heddle build %t/value.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=VALUE
// RUN: not heddle build %t/axes.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=AXES
// RUN: not heddle build %t/twice.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not heddle build %t/range.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not heddle build %t/sizes.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SIZES
// RUN: not heddle build %t/bound.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=BOUND
// RUN: not heddle build %t/path.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=PATH
// RUN: not heddle build %t/wide.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=WIDE
// RUN: not heddle build %t/signature.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SIGNATURE
// RUN: not heddle build %t/symbol.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SYMBOL
// RUN: not heddle build %t/assembly.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=ASSEMBLY
// RUN: not heddle build %t/unit.mlir --emit=ll --cpu=x86-64-v3 2>&1 | FileCheck %s --check-prefix=UNIT

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

// Names of a module become names of files, symbols and C.
//--- model.mlir
// MODEL: error: heddle.program: program: model is called "../../evil", needed letters, digits and underscores
module attributes {heddle.program = {name = "../../evil", entries = [{name = "e", function = "f"}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}

//--- value.mlir
// VALUE: error: heddle.program: program: input or output of `e` is called "x, int y", needed letters
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f", inputs = [{name = "x, int y"}]}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}

//--- axes.mlir
// AXES: error: heddle.program: program: `x` has the axis "*/", needed a size expression
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f", inputs = [{name = "x", axes = "B */"}]}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}

//--- twice.mlir
// TWICE: error: heddle.program: program: there are two of the entry `e`
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f"}, {name = "e", function = "f"}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}

//--- range.mlir
// RANGE: error: heddle.program: program: the size `B` is 5 to 3 step 1, needed a range that is not empty
module attributes {heddle.program = {name = "m", sizes = [{name = "B", min = 5, max = 3}]}} {}

//--- sizes.mlir
// SIZES: error: heddle.program: program: there are 9 sizes, needed 8 at most
module attributes {heddle.program = {name = "m", sizes = [{name = "A"}, {name = "B"}, {name = "C"}, {name = "D"}, {name = "E"},
  {name = "F"}, {name = "G"}, {name = "H"}, {name = "I"}]}} {}

//--- bound.mlir
// BOUND: error: heddle.program: program: the bound of `x` is 4294967296, needed 0 to 2147483647
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f", inputs = [{name = "x", index_bound = 4294967296}]}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}

//--- path.mlir
// PATH: error: heddle.program: program: the path of a cache has a control character
module attributes {heddle.program = {name = "m", caches = [{path = "a\1Bb"}]}} {}

//--- wide.mlir
// WIDE: error: heddle.program: cache: field `position_bytes` needed an i64
module attributes {heddle.program = {name = "m", caches = [{path = "a", position_bytes = 1 : i128}]}} {}

//--- signature.mlir
// SIGNATURE: error: the function @f of the entry `e` is no i32 (ptr)
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f"}]}} {
  llvm.func @f() {
    llvm.return
  }
}

//--- symbol.mlir
// SYMBOL: error: the symbol @m_open is one of the program's interface
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f"}]}} {
  llvm.mlir.global internal @m_open(3 : i32) : i32
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}

// LLVM ends the process at what it cannot compile.
//--- assembly.mlir
// ASSEMBLY: assembly.mlir:{{.*}}: error: 'llvm.inline_asm' op is made by no pass of heddle
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f"}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.inline_asm "frobnicate $0", "=r" : () -> i32
    llvm.return %ok : i32
  }
}

//--- unit.mlir
// UNIT: unit.mlir:{{.*}}: error: 'llvm.call_intrinsic' op needs avx512vnni, which the target does not have
module attributes {heddle.program = {name = "m", entries = [{name = "e", function = "f"}]}} {
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %a = llvm.load %frame : !llvm.ptr -> vector<16xi32>
    %b = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%a, %a, %a) : (vector<16xi32>, vector<16xi32>, vector<16xi32>) -> vector<16xi32>
    llvm.store %b, %frame : vector<16xi32>, !llvm.ptr
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}
