// RUN: heddle-opt %s --kernel-observe-inputs --remarks-filter=kernel-observe-inputs 2>&1 | FileCheck %s
// RUN: heddle-opt %s --kernel-observe-inputs --kernel-to-vector --kernel-outline-parallel --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s --check-prefix=LLVM

// LLVM: llvm.func @heddle_observe_inputs(!llvm.ptr, !llvm.ptr, i64, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64, i64)

// CHECK-DAG: remark: {{.*}}"they are no f32"
// CHECK-DAG: remark: {{.*}}"its weight is computed"
// CHECK-DAG: remark: {{.*}}"its function has no frame"

// CHECK: ![[ANY:.*]] = memref<?x?xf32, strided<[?, ?], offset: ?>>
// CHECK: func.func private @heddle_observe_inputs(!kernel.frame, !kernel.slots, index, ![[ANY]])

// Products of one weight's panels and the same x are one; another x is another.
// CHECK-LABEL: func.func @products_of_a_slot(
// CHECK-SAME: %[[FRAME:.*]]: !kernel.frame, %[[SLOTS:.*]]: !kernel.slots, %[[SLOT:.*]]: index, %[[X:.*]]: memref<?x8xf32>, %[[Z:.*]]: memref<?x8xf32>
// CHECK: %[[CAST:.*]] = memref.cast %[[X]]
// CHECK-NEXT: call @heddle_observe_inputs(%[[FRAME]], %[[SLOTS]], %[[SLOT]], %[[CAST]])
// CHECK-NEXT: kernel.matmul
// CHECK-NEXT: memref.subview
// CHECK-NEXT: kernel.matmul
// CHECK-NEXT: %[[OTHER:.*]] = memref.cast %[[Z]]
// CHECK-NEXT: call @heddle_observe_inputs(%[[FRAME]], %[[SLOTS]], %[[SLOT]], %[[OTHER]])
// CHECK-NEXT: kernel.matmul
func.func @products_of_a_slot(%frame: !kernel.frame, %slots: !kernel.slots, %slot: index, %x: memref<?x8xf32>, %z: memref<?x8xf32>, %y: memref<?x32xf32>) {
  %w = kernel.weight %slots[%slot] "w" : memref<2x8x32xf32>
  %first = memref.subview %w[0, 0, 0] [1, 8, 32] [1, 1, 1] : memref<2x8x32xf32> to memref<1x8x32xf32, strided<[256, 32, 1]>>
  kernel.matmul %x, %first into %y : memref<?x8xf32>, memref<1x8x32xf32, strided<[256, 32, 1]>> into memref<?x32xf32>
  %second = memref.subview %w[1, 0, 0] [1, 8, 32] [1, 1, 1] : memref<2x8x32xf32> to memref<1x8x32xf32, strided<[256, 32, 1], offset: 256>>
  kernel.matmul %x, %second into %y : memref<?x8xf32>, memref<1x8x32xf32, strided<[256, 32, 1], offset: 256>> into memref<?x32xf32>
  kernel.matmul %z, %first into %y : memref<?x8xf32>, memref<1x8x32xf32, strided<[256, 32, 1]>> into memref<?x32xf32>
  return
}

// CHECK-LABEL: func.func @not_observed
// CHECK-NOT: call
func.func @not_observed_of_bf16(%frame: !kernel.frame, %slots: !kernel.slots, %slot: index, %x: memref<?x8xbf16>, %y: memref<?x32xf32>) {
  %w = kernel.weight %slots[%slot] "w" : memref<1x4x32x2xbf16>
  kernel.matmul %x, %w into %y : memref<?x8xbf16>, memref<1x4x32x2xbf16> into memref<?x32xf32>
  return
}
func.func @not_observed_of_a_weight_that_is_given(%frame: !kernel.frame, %w: memref<1x8x32xf32>, %x: memref<?x8xf32>, %y: memref<?x32xf32>) {
  kernel.matmul %x, %w into %y : memref<?x8xf32>, memref<1x8x32xf32> into memref<?x32xf32>
  return
}
func.func @not_observed_without_a_frame(%slots: !kernel.slots, %slot: index, %x: memref<?x8xf32>, %y: memref<?x32xf32>) {
  %w = kernel.weight %slots[%slot] "w" : memref<1x8x32xf32>
  kernel.matmul %x, %w into %y : memref<?x8xf32>, memref<1x8x32xf32> into memref<?x32xf32>
  return
}
