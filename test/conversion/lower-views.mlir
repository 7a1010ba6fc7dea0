// RUN: heddle-opt %s --lower-views | FileCheck %s

// CHECK-LABEL: func.func @view
// CHECK: %[[BASE:[^,]+]], %{{.*}} = memref.extract_strided_metadata %arg0
// CHECK: %[[BEGIN:.+]] = affine.apply {{.*}}[%arg1]
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [%[[BEGIN]]], sizes: [%arg2, 4], strides: [4, 1]
func.func @view(%m: memref<?x4xf32>, %i: index, %n: index) -> memref<?x4xf32, strided<[4, 1], offset: ?>> {
  %v = memref.subview %m[%i, 0] [%n, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
  return %v : memref<?x4xf32, strided<[4, 1], offset: ?>>
}

// A view of a view has the sum of both offsets.
// CHECK-LABEL: func.func @view_of_a_view
// CHECK-NOT: memref.subview
// CHECK: memref.reinterpret_cast
// CHECK: return
func.func @view_of_a_view(%m: memref<8x4xf32>, %i: index) -> memref<2xf32, strided<[1], offset: ?>> {
  %v = memref.subview %m[%i, 0] [2, 4] [1, 1] : memref<8x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
  %w = memref.subview %v[1, 2] [1, 2] [1, 1] : memref<2x4xf32, strided<[4, 1], offset: ?>> to memref<2xf32, strided<[1], offset: ?>>
  return %w : memref<2xf32, strided<[1], offset: ?>>
}

// What is no view stays as it is: nothing here is folded or removed.
// CHECK-LABEL: func.func @no_view
// CHECK: arith.addi
func.func @no_view(%n: index) {
  %zero = arith.constant 0 : index
  %sum = arith.addi %n, %zero : index
  return
}
