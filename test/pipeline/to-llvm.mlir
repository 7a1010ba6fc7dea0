// What leaves the pipeline's last step is the LLVM dialect alone, whatever dialects came in.
// RUN: heddle-opt %s --convert-linalg-to-loops --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-math-to-llvm --convert-math-to-libm --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s

// CHECK-LABEL: llvm.func @relu_in_place
// CHECK-NOT: {{linalg|scf\.|memref\.|arith\.|func\.func}}
// CHECK: llvm.intr.maximum
func.func @relu_in_place(%x: memref<2x3xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%x : memref<2x3xf32>) {
  ^bb0(%e: f32):
    %zero = arith.constant 0.0 : f32
    %y = arith.maximumf %e, %zero : f32
    linalg.yield %y : f32
  }
  return
}

// LLVM has an intrinsic for exp, the C library a function for erf.
// CHECK-LABEL: llvm.func @exp_and_erf
// CHECK-DAG: llvm.intr.exp
// CHECK-DAG: llvm.call @erff
func.func @exp_and_erf(%x: f32) -> f32 {
  %e = math.exp %x : f32
  %y = math.erf %e : f32
  return %y : f32
}
