// RUN: heddle-opt %s --kernel-to-vector=target=avx512+bf16 --split-input-file | FileCheck %s
// RUN: heddle-opt %s --kernel-to-vector=target=avx512 --split-input-file | FileCheck %s --check-prefix=WIDE
// RUN: not heddle-opt %s --kernel-to-vector=target=avx2+bf16 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: target 'avx2+bf16' is unknown

// Pairs of k, where the machine has their dot product; K is odd, so that the last pair is one element and zero.
// CHECK-LABEL: func.func private @matmul_bf16_5x7_tile_1x7(
// CHECK: scf.for
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> i32
// CHECK: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// CHECK: scf.yield
// CHECK: %[[LAST:.*]] = llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> i16
// CHECK: arith.extui %[[LAST]] : i16 to i32
// CHECK: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"

// Else both halves are widened and multiplied in turn.
// WIDE-LABEL: func.func private @matmul_bf16_5x7_tile_1x7(
// WIDE: scf.for
// WIDE-COUNT-2: arith.shli
// WIDE: vector.fma
// WIDE-COUNT-2: arith.andi
// WIDE: vector.fma
// WIDE: scf.yield
func.func @pairs(%x: memref<?x5xbf16>, %w: memref<1x3x32x2xbf16>, %y: memref<?x7xf32>) {
  kernel.matmul %x, %w into %y : memref<?x5xbf16>, memref<1x3x32x2xbf16> into memref<?x7xf32>
  return
}

// -----

// A vector of a and one of b, for as many columns of y. What y was is read before it is written.
// CHECK-LABEL: func.func private @matmul_5x7_paired_with7_relu.a_mulf.0.b_addf.c.1.2_tile_1x7(
// CHECK-SAME: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr {llvm.noalias}, %[[R:[a-z0-9]+]]: !llvm.ptr, %[[Y:[a-z0-9]+]]: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias})
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>)
// CHECK: llvm.intr.masked.load %[[R]]
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: llvm.intr.masked.store %{{.*}}, %[[Y]]
func.func @gate(%x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %y: memref<?x7xf32>) {
  kernel.matmul paired %x, %w with %y into %y then {
  ^bb0(%sum: f32, %second: f32, %residual: f32):
    %0 = scalar.relu %sum
    %1 = arith.mulf %0, %second : f32
    %2 = arith.addf %residual, %1 : f32
    kernel.yield %2 : f32
  }
    : memref<?x5xf32>, memref<1x5x32xf32> with memref<?x7xf32> into memref<?x7xf32>
  return
}

// -----

// CHECK-LABEL: func.func @rounding(
// CHECK: scf.for
// CHECK: func.call @narrow_bf16_21(
// CHECK-LABEL: func.func private @narrow_bf16_21(
// CHECK: scf.for
// CHECK: arith.truncf %{{.*}} : vector<16xf32> to vector<16xbf16>
// CHECK: llvm.store %{{.*}} {alignment = 2 : i64} : vector<16xbf16>
// CHECK: llvm.intr.masked.store %{{.*}} {alignment = 2 : i32} : vector<16xbf16>

// WIDE-LABEL: func.func private @narrow_bf16_21(
// WIDE: arith.trunci %{{.*}} : vector<16xi32> to vector<16xi16>
func.func @rounding(%x: memref<?x21xf32>, %y: memref<?x21xbf16>) {
  kernel.narrow %x into %y : memref<?x21xf32> into memref<?x21xbf16>
  return
}
