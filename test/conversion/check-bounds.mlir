// RUN: heddle-opt %s --check-bounds | FileCheck %s
// RUN: heddle-opt %s --check-bounds --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s --check-prefix=LLVM

// LLVM-NOT: unrealized_conversion_cast
// LLVM: llvm.call @heddle_check_bounds(%{{.*}}, %{{.*}}, %{{.*}}) : (i64, i64, !llvm.ptr) -> ()

// CHECK: func.func private @heddle_check_bounds(index, index, !llvm.ptr)

// CHECK-LABEL: func.func @every_index_of_a_read_and_a_write
// CHECK-SAME: %[[M:.*]]: memref<?x4xf32>, %[[I:.*]]: index, %[[J:.*]]: index
// CHECK: %[[ROWS:.*]] = memref.dim %[[M]], %c0
// CHECK: call @heddle_check_bounds(%[[I]], %[[ROWS]], %{{.*}})
// CHECK: %[[COLUMNS:.*]] = memref.dim %[[M]], %c1
// CHECK: call @heddle_check_bounds(%[[J]], %[[COLUMNS]], %{{.*}})
// CHECK: memref.load
// CHECK: call @heddle_check_bounds(%[[J]]
// CHECK: call @heddle_check_bounds(%[[I]]
// CHECK: memref.store
func.func @every_index_of_a_read_and_a_write(%m: memref<?x4xf32>, %i: index, %j: index) {
  %v = memref.load %m[%i, %j] : memref<?x4xf32>
  memref.store %v, %m[%j, %i] : memref<?x4xf32>
  return
}

// A view of nothing may begin where its source ends.
// CHECK-LABEL: func.func @a_view_against_its_source
// CHECK-SAME: %[[M:.*]]: memref<?xf32>, %[[I:.*]]: index, %[[N:.*]]: index
// CHECK: %[[END:.*]] = arith.addi %[[I]], %[[N]]
// CHECK: %[[LENGTH:.*]] = memref.dim %[[M]]
// CHECK: %[[PAST:.*]] = arith.addi %[[LENGTH]], %c1
// CHECK: call @heddle_check_bounds(%[[END]], %[[PAST]], %{{.*}})
// CHECK: memref.subview
func.func @a_view_against_its_source(%m: memref<?xf32>, %i: index, %n: index) -> memref<?xf32, strided<[1], offset: ?>> {
  %v = memref.subview %m[%i] [%n] [1] : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
  return %v : memref<?xf32, strided<[1], offset: ?>>
}

// CHECK-LABEL: func.func @a_row_of_what_is_flat
// CHECK-SAME: %[[M:.*]]: memref<?xf32>, %[[I:.*]]: index, %[[N:.*]]: index
// CHECK: %[[COUNT:.*]] = arith.muli %{{.*}}, %c3
// CHECK: %[[END:.*]] = arith.addi %[[I]], %[[COUNT]]
// CHECK: call @heddle_check_bounds(%[[END]], %{{.*}}, %{{.*}})
// CHECK: memref.reinterpret_cast
func.func @a_row_of_what_is_flat(%m: memref<?xf32>, %i: index, %n: index) -> memref<?x3xf32, strided<[3, 1], offset: ?>> {
  %v = memref.reinterpret_cast %m to offset: [%i], sizes: [%n, 3], strides: [3, 1] : memref<?xf32> to memref<?x3xf32, strided<[3, 1], offset: ?>>
  return %v : memref<?x3xf32, strided<[3, 1], offset: ?>>
}

// CHECK-LABEL: func.func @parts_of_the_arena_and_rows_of_caches
// CHECK-SAME: %[[FRAME:.*]]: !kernel.frame, %[[OFFSET:.*]]: index, %[[N:.*]]: index
// CHECK: %[[ELEMENTS:.*]] = arith.muli %c4{{.*}}, %[[N]]
// CHECK: %[[BYTES:.*]] = arith.muli %[[ELEMENTS]], %c8
// CHECK: %[[POINTER:.*]] = builtin.unrealized_conversion_cast %[[FRAME]] : !kernel.frame to !llvm.ptr
// CHECK: llvm.getelementptr %[[POINTER]][88]
// CHECK: arith.addi %[[OFFSET]], %[[BYTES]]
// CHECK: call @heddle_check_bounds
// CHECK: kernel.arena
// CHECK: llvm.getelementptr %{{.*}}[32]
// CHECK: llvm.getelementptr %{{.*}}[8]
// CHECK: call @heddle_check_bounds(%[[N]],
// CHECK: kernel.cache_row
func.func @parts_of_the_arena_and_rows_of_caches(%frame: !kernel.frame, %offset: index, %n: index) {
  %x = kernel.arena %frame[%offset] (%n) : memref<?x8xf32>
  %k = kernel.cache_row %frame[%offset] row %offset (%n) : memref<?x8xf32>
  %c0 = arith.constant 0 : index
  %v = memref.load %k[%c0, %c0] : memref<?x8xf32>
  memref.store %v, %x[%c0, %c0] : memref<?x8xf32>
  return
}
