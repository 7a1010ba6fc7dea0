// RUN: heddle-opt %s | heddle-opt | FileCheck %s

// CHECK-LABEL: func.func @machine_operations(
func.func @machine_operations(%frame: !llvm.ptr, %x: memref<?x5xf32>, %w: memref<1x5x32xf32>, %b: memref<7xf32>,
                              %y: memref<?x7xf32>, %n: index, %c: i1) attributes {
  // CHECK-SAME: layout = #kernel.layout<"panel<32> f32 transposed groups<3, 4>">
  layout = #kernel.layout<"panel<32> f32 transposed groups<3, 4>">
} {
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} into %{{.*}} : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  kernel.matmul %x, %w into %y activation none : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} bias %{{.*}} into %{{.*}} activation gelu_tanh
  kernel.matmul %x, %w bias %b into %y activation gelu_tanh
    : memref<?x5xf32>, memref<1x5x32xf32> bias memref<7xf32> into memref<?x7xf32>
  // CHECK: kernel.parallel %{{.*}} (%[[I:.*]]) to %{{.*}} {
  kernel.parallel %frame (%i) to %n {
    // CHECK-NEXT: func.call @task(%[[I]])
    func.call @task(%i) : (index) -> ()
  }
  // CHECK: kernel.parallel %{{.*}} (%{{.*}}) to %{{.*}} when %{{.*}} {
  kernel.parallel %frame (%i) to %n when %c {
  }
  return
}
func.func private @task(index)
