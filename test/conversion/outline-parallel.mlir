// RUN: heddle-opt %s --kernel-outline-parallel | FileCheck %s
// RUN: heddle-opt %s --kernel-outline-parallel --convert-scf-to-cf --convert-to-llvm --reconcile-unrealized-casts | FileCheck %s --check-prefix=LLVM

// LLVM-NOT: unrealized_conversion_cast
func.func private @work(index, index, !llvm.ptr)

// The context holds what is read from outside; constants are repeated instead.
// CHECK-LABEL: func.func @shared_where_it_is_worth_it(
// CHECK-SAME: %[[FRAME:.*]]: !kernel.frame, %[[P:.*]]: !llvm.ptr, %[[N:.*]]: index, %[[WORTH:.*]]: i1
// CHECK: %[[CONTEXT:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(ptr)>
// CHECK: llvm.store %{{.*}}, %[[CONTEXT]]
// CHECK: scf.if %[[WORTH]] {
// CHECK: %[[TASK:.*]] = func.constant @shared_where_it_is_worth_it_task_0
// CHECK: %[[POINTER:.*]] = builtin.unrealized_conversion_cast %[[FRAME]] : !kernel.frame to !llvm.ptr
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[POINTER]][64]
// CHECK: %[[FOR:.*]] = llvm.load %[[AT]] invariant
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[POINTER]][56]
// CHECK: %[[POOL:.*]] = llvm.load %[[AT]] invariant
// CHECK: llvm.call %[[FOR]](%[[POOL]], %{{.*}}, %[[CONTEXT]], %{{.*}})
// CHECK: } else {
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[N]] step %{{.*}} {
// CHECK: func.call @shared_where_it_is_worth_it_task_0(%[[CONTEXT]], %[[I]])
func.func @shared_where_it_is_worth_it(%frame: !kernel.frame, %p: !llvm.ptr, %n: index, %worth: i1) {
  %c5 = arith.constant 5 : index
  kernel.parallel %frame (%i) to %n when %worth {
    func.call @work(%i, %c5, %p) : (index, index, !llvm.ptr) -> ()
  }
  return
}
// CHECK-LABEL: func.func @shared_without_a_condition(
// CHECK-NOT: scf.if
// CHECK: llvm.call
func.func @shared_without_a_condition(%frame: !kernel.frame, %p: !llvm.ptr, %n: index) {
  kernel.parallel %frame (%i) to %n {
    func.call @work(%i, %n, %p) : (index, index, !llvm.ptr) -> ()
  }
  return
}

// The context is made once, not once a turn.
// CHECK-LABEL: func.func @a_region_in_a_loop(
// CHECK: llvm.alloca
// CHECK: scf.for
// CHECK-NOT: llvm.alloca
// CHECK: llvm.call
func.func @a_region_in_a_loop(%frame: !kernel.frame, %x: memref<?xf32>, %p: !llvm.ptr, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %j = %c0 to %n step %c1 {
    kernel.parallel %frame (%i) to %n {
      %v = memref.load %x[%i] : memref<?xf32>
      memref.store %v, %x[%j] : memref<?xf32>
      func.call @work(%i, %j, %p) : (index, index, !llvm.ptr) -> ()
    }
  }
  return
}

// CHECK-LABEL: func.func private @shared_where_it_is_worth_it_task_0(
// CHECK-SAME: %[[CONTEXT:.*]]: !llvm.ptr, %[[I:.*]]: index)
// CHECK: %[[C5:.*]] = arith.constant 5 : index
// CHECK: %[[FIELDS:.*]] = llvm.load %[[CONTEXT]]
// CHECK: %[[P:.*]] = llvm.extractvalue %[[FIELDS]][0]
// CHECK: call @work(%[[I]], %[[C5]], %[[P]])
