// Each op reads its field of heddle_frame (runtime/abi.h) at the field's byte offset.
// RUN: heddle-opt %s --convert-to-llvm --reconcile-unrealized-casts --canonicalize --cse --split-input-file --verify-diagnostics | FileCheck %s

module attributes {kernel.sizes = ["B", "T"], kernel.monomials = ["B", "B*T"]} {

// frame->sizes[1]
// CHECK-LABEL: @size(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr
func.func @size(%frame: !kernel.frame) -> index {
  // CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[FRAME]][48]
  // CHECK: %[[SIZES:.*]] = llvm.load %[[FIELD]] invariant {{.*}} -> !llvm.ptr
  // CHECK: %[[AT:.*]] = llvm.getelementptr %[[SIZES]][8]
  // CHECK: llvm.load %[[AT]] invariant {{.*}} -> i64
  %t = kernel.size %frame "T"
  return %t : index
}

// frame->extents[1].total
// CHECK-LABEL: @extent(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr
func.func @extent(%frame: !kernel.frame) -> index {
  // CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[FRAME]][40]
  // CHECK: %[[EXTENTS:.*]] = llvm.load %[[FIELD]]
  // CHECK: %[[AT:.*]] = llvm.getelementptr %[[EXTENTS]][16]
  // CHECK: llvm.load %[[AT]] invariant {{.*}} -> i64
  %t = kernel.extent %frame "B*T"
  return %t : index
}

// frame->extents[1].rows[b]
// CHECK-LABEL: @row_start(
func.func @row_start(%frame: !kernel.frame, %b: index) -> index {
  // CHECK: %[[AT:.*]] = llvm.getelementptr %{{.*}}[24]
  // CHECK: %[[ROWS:.*]] = llvm.load %[[AT]] invariant {{.*}} -> !llvm.ptr
  // CHECK: %[[DISTANCE:.*]] = llvm.mul %{{.*}}, %{{.*}} : i64
  // CHECK: %[[ROW:.*]] = llvm.getelementptr %[[ROWS]][%[[DISTANCE]]]
  // CHECK: llvm.load %[[ROW]] invariant {{.*}} -> i64
  %t = kernel.row_start %frame "B*T" [%b]
  return %t : index
}

// frame->inputs[2], with the size given and the strides that follow from it
// CHECK-LABEL: @input(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr, %[[N:.*]]: i64
func.func @input(%frame: !kernel.frame, %n: index) -> memref<?x3xi32> {
  // CHECK-DAG: %[[THREE:.*]] = llvm.mlir.constant(3 : index)
  // CHECK-DAG: %[[ONE:.*]] = llvm.mlir.constant(1 : index)
  // CHECK: %[[INPUTS:.*]] = llvm.load %[[FRAME]]
  // CHECK: %[[AT:.*]] = llvm.getelementptr %[[INPUTS]][16]
  // CHECK: %[[DATA:.*]] = llvm.load %[[AT]]
  // CHECK: llvm.insertvalue %[[DATA]], %{{.*}}[1]
  // CHECK: llvm.insertvalue %[[N]], %{{.*}}[3, 0]
  // CHECK: llvm.insertvalue %[[THREE]], %{{.*}}[3, 1]
  // CHECK: llvm.insertvalue %[[THREE]], %{{.*}}[4, 0]
  // CHECK: llvm.insertvalue %[[ONE]], %{{.*}}[4, 1]
  %x = kernel.input %frame 2 (%n) : memref<?x3xi32>
  return %x : memref<?x3xi32>
}

// frame->outputs[1]
// CHECK-LABEL: @output(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr
func.func @output(%frame: !kernel.frame) -> memref<2x3xf32> {
  // CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[FRAME]][8]
  // CHECK: %[[OUTPUTS:.*]] = llvm.load %[[FIELD]]
  // CHECK: llvm.getelementptr %[[OUTPUTS]][8]
  %x = kernel.output %frame 1 () : memref<2x3xf32>
  return %x : memref<2x3xf32>
}

// frame->arena + offset
// CHECK-LABEL: @arena(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr, %[[OFFSET:.*]]: i64, %{{.*}}: i64
func.func @arena(%frame: !kernel.frame, %offset: index, %n: index) -> memref<?xf32> {
  // CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[FRAME]][16]
  // CHECK: %[[ARENA:.*]] = llvm.load %[[FIELD]]
  // CHECK: %[[DISTANCE:.*]] = llvm.mul %[[OFFSET]]
  // CHECK: llvm.getelementptr %[[ARENA]][%[[DISTANCE]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  %x = kernel.arena %frame[%offset] (%n) : memref<?xf32>
  return %x : memref<?xf32>
}

// frame->weights + 5 + l, and of that line again the l-th
// CHECK-LABEL: @weights(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr
func.func @weights(%frame: !kernel.frame, %l: index) -> memref<3xbf16> {
  // CHECK: %[[EIGHT:.*]] = llvm.mlir.constant(8 : i64)
  // CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[FRAME]][24]
  // CHECK: %[[TABLE:.*]] = llvm.load %[[FIELD]]
  // CHECK: %[[ENTRY:.*]] = llvm.getelementptr %[[TABLE]][40]
  %entry = kernel.entry_slots %frame 5
  // CHECK: %[[DISTANCE:.*]] = llvm.mul %{{.*}}, %[[EIGHT]]
  // CHECK: %[[CALLEE:.*]] = llvm.getelementptr %[[ENTRY]][%[[DISTANCE]]]
  %callee = kernel.callee_slots %entry[%l]
  // CHECK: %[[SLOT:.*]] = llvm.getelementptr %[[CALLEE]][%[[DISTANCE]]]
  // CHECK: llvm.load %[[SLOT]] invariant {{.*}} -> !llvm.ptr
  %w = kernel.weight %callee[%l] : memref<3xbf16>
  return %w : memref<3xbf16>
}

// caches[slot].data + caches[slot].rows[b] · capacity · 2 · 4 · 4 bytes
// CHECK-LABEL: @cache_row(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr
func.func @cache_row(%frame: !kernel.frame, %slot: index, %b: index, %n: index) -> memref<?x2x4xf32> {
  // CHECK-DAG: %[[POSITION:.*]] = llvm.mlir.constant(32 : i64)
  // CHECK-DAG: %[[VIEWSIZE:.*]] = llvm.mlir.constant(24 : i64)
  // CHECK: llvm.getelementptr %[[FRAME]][32]
  // CHECK: llvm.mul %{{.*}}, %[[VIEWSIZE]]
  // CHECK: %[[VIEW:.*]] = llvm.getelementptr
  // CHECK: %[[DATA:.*]] = llvm.load %[[VIEW]] invariant {{.*}} -> !llvm.ptr
  // CHECK: llvm.getelementptr %[[VIEW]][8]
  // CHECK: %[[CAPACITY:.*]] = llvm.load {{.*}} -> i64
  // CHECK: llvm.getelementptr %[[VIEW]][16]
  // CHECK: %[[ROW:.*]] = llvm.load {{.*}} -> i64
  // CHECK: %[[FIRST:.*]] = llvm.mul %[[ROW]], %[[CAPACITY]]
  // CHECK: %[[BYTES:.*]] = llvm.mul %[[FIRST]], %[[POSITION]]
  // CHECK: llvm.getelementptr %[[DATA]][%[[BYTES]]]
  %k = kernel.cache_row %frame[%slot] row %b (%n) : memref<?x2x4xf32>
  return %k : memref<?x2x4xf32>
}

// CHECK-LABEL: @cache_capacity(
func.func @cache_capacity(%frame: !kernel.frame, %slot: index) -> index {
  // CHECK: %[[VIEWS:.*]] = llvm.load
  // CHECK: %[[CAPACITY:.*]] = llvm.load {{.*}} -> i64
  // CHECK: return
  %n = kernel.cache_capacity %frame[%slot]
  return %n : index
}

// Strides 5, capacity · 5 · 3, capacity · 5 and 1: it lies as [2, 3, capacity, 5].
// CHECK-LABEL: @cache_row_with_positions_inside(
func.func @cache_row_with_positions_inside(%frame: !kernel.frame, %slot: index, %b: index, %n: index) -> memref<?x2x3x5xf32, strided<[5, ?, ?, 1]>> {
  // CHECK-DAG: %[[FIVE:.*]] = llvm.mlir.constant(5 : i64)
  // CHECK-DAG: %[[THREE:.*]] = llvm.mlir.constant(3 : i64)
  // CHECK: %[[CAPACITY:.*]] = llvm.load {{.*}} -> i64
  // CHECK: %[[ROW:.*]] = llvm.load {{.*}} -> i64
  // CHECK: llvm.mul %[[ROW]], %[[CAPACITY]]
  // CHECK: %[[INNER:.*]] = llvm.mul %[[CAPACITY]], %[[FIVE]]
  // CHECK: %[[OUTER:.*]] = llvm.mul %[[INNER]], %[[THREE]]
  // CHECK: llvm.insertvalue %[[FIVE]], %{{.*}}[4, 0]
  // CHECK: llvm.insertvalue %[[OUTER]], %{{.*}}[4, 1]
  // CHECK: llvm.insertvalue %[[INNER]], %{{.*}}[4, 2]
  %k = kernel.cache_row %frame[%slot] row %b (%n) : memref<?x2x3x5xf32, strided<[5, ?, ?, 1]>>
  return %k : memref<?x2x3x5xf32, strided<[5, ?, ?, 1]>>
}
}

// -----

module attributes {kernel.sizes = ["B"]} {
func.func @a_size_that_the_frame_does_not_hold(%frame: !kernel.frame) -> index {
  // expected-error @+2 {{the module's kernel.sizes has no "T"}}
  // expected-error @+1 {{failed to legalize operation 'kernel.size'}}
  %t = kernel.size %frame "T"
  return %t : index
}
}
