// What code generation refuses of a module whose description is well formed (test/dialects/program-invalid.mlir has the others).
// RUN: split-file %s %t
// RUN: not heddle build %t/none.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not heddle build %t/empty.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not heddle build %t/monomial.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=MONOMIAL
// RUN: not heddle build %t/entry.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not heddle build %t/model.mlir --emit=header -o %t/model.h 2>&1 | FileCheck %s --check-prefix=MODEL
// RUN: not heddle build %t/signature.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SIGNATURE
// RUN: not heddle build %t/symbol.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=SYMBOL
// RUN: not heddle build %t/assembly.mlir --emit=ll 2>&1 | FileCheck %s --check-prefix=ASSEMBLY
// RUN: not heddle build %t/unit.mlir --emit=ll --cpu=x86-64-v3 2>&1 | FileCheck %s --check-prefix=UNIT

//--- none.mlir
// NONE: none.mlir:{{.*}}: error: found no program.description, needed one
module {}

//--- empty.mlir
// EMPTY: empty.mlir:2:1: error: 'program.description' op has no entry, needs one to call
program.description "m" {
}

//--- monomial.mlir
// MONOMIAL: error: kernel.monomials has "B*T", needs products of the program's sizes such as "B*T"
module attributes {kernel.monomials = ["B*T"]} {
  program.description "m" {
    program.size "B" in 1 to 2
    program.entry @f {
    }
  }
  llvm.func @f(%frame: !llvm.ptr) -> i32 {
    %ok = llvm.mlir.constant(0 : i32) : i32
    llvm.return %ok : i32
  }
}

//--- entry.mlir
// ENTRY: error: 'program.entry' op `open` has the name of a function that every model has, needs another
program.description "m" {
  program.entry @open {
  }
}
llvm.func @open(%frame: !llvm.ptr) -> i32 {
  %ok = llvm.mlir.constant(0 : i32) : i32
  llvm.return %ok : i32
}

// Names of a module become names of files, symbols and C.
//--- model.mlir
// MODEL: error: 'program.description' op is called "../../evil", needs letters, digits and underscores
program.description "../../evil" {
  program.entry @f {
  }
}
llvm.func @f(%frame: !llvm.ptr) -> i32 {
  %ok = llvm.mlir.constant(0 : i32) : i32
  llvm.return %ok : i32
}

//--- signature.mlir
// SIGNATURE: error: the function @f of the entry `f` is no i32 (ptr)
program.description "m" {
  program.entry @f {
  }
}
llvm.func @f() {
  llvm.return
}

//--- symbol.mlir
// SYMBOL: error: the symbol @m_open is one of the program's interface
program.description "m" {
  program.entry @f {
  }
}
llvm.mlir.global internal @m_open(3 : i32) : i32
llvm.func @f(%frame: !llvm.ptr) -> i32 {
  %ok = llvm.mlir.constant(0 : i32) : i32
  llvm.return %ok : i32
}

// LLVM ends the process at what it cannot compile.
//--- assembly.mlir
// ASSEMBLY: assembly.mlir:{{.*}}: error: 'llvm.inline_asm' op is made by no pass of heddle
program.description "m" {
  program.entry @f {
  }
}
llvm.func @f(%frame: !llvm.ptr) -> i32 {
  %ok = llvm.inline_asm "frobnicate $0", "=r" : () -> i32
  llvm.return %ok : i32
}

//--- unit.mlir
// UNIT: unit.mlir:{{.*}}: error: 'llvm.call_intrinsic' op needs avx512vnni, which the target does not have
program.description "m" {
  program.entry @f {
  }
}
llvm.func @f(%frame: !llvm.ptr) -> i32 {
  %a = llvm.load %frame : !llvm.ptr -> vector<16xi32>
  %b = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%a, %a, %a) : (vector<16xi32>, vector<16xi32>, vector<16xi32>) -> vector<16xi32>
  llvm.store %b, %frame : vector<16xi32>, !llvm.ptr
  %ok = llvm.mlir.constant(0 : i32) : i32
  llvm.return %ok : i32
}
