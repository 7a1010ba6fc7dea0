// The IR can be watched on its way: after one pass, after all, or in one numbered file a pass, which heddle-opt reads.
// RUN: rm -rf %t && mkdir -p %t
// RUN: heddle build %s --emit=llvm --print-ir-after=convert-scf-to-cf -o %t/out.mlir 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: IR Dump After
// ONE: cf.cond_br
// ONE-NOT: IR Dump After

// RUN: heddle build %s --emit=llvm --print-ir-dir=%t/ir -o %t/out.mlir
// RUN: ls %t/ir | FileCheck %s --check-prefix=FILES
// FILES: 01-kernel-outline-parallel.mlir
// FILES: 02-convert-scf-to-cf.mlir
// FILES: -convert-to-llvm.mlir
// FILES: -cse.mlir
// RUN: heddle-opt %t/ir/02-convert-scf-to-cf.mlir | FileCheck %s --check-prefix=BACK
// BACK: cf.cond_br
// RUN: heddle build %t/ir/02-convert-scf-to-cf.mlir --emit=llvm -o %t/again.mlir
// RUN: diff %t/out.mlir %t/again.mlir

// RUN: heddle build %s --emit=asm -o %t/out.s --time-passes 2>&1 | FileCheck %s --check-prefix=TIME
// TIME-DAG: passes
// TIME-DAG: optimise
module {
  program.description "loop" {
    program.entry @run {
    }
  }
  func.func @run(%frame: !kernel.frame) -> i32 {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %ten = arith.constant 10 : index
    %start = arith.constant 0 : i32
    %step = arith.constant 3 : i32
    %sum = scf.for %i = %zero to %ten step %one iter_args(%s = %start) -> i32 {
      %next = arith.addi %s, %step : i32
      scf.yield %next : i32
    }
    return %sum : i32
  }
}
