// RUN: heddle-opt %s --kernel-to-vector=target=avx512 --split-input-file | FileCheck %s
// RUN: heddle-opt %s --kernel-to-vector=target=avx2 --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: not heddle-opt %s --kernel-to-vector=target=vax 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: target 'vax' is unknown, needed avx512, avx2, neon or generic

// Without a frame the tasks are a loop; both products share one function.
// CHECK-LABEL: func.func @two_products_of_one_shape_share_code(
// CHECK-SAME: %[[X:.*]]: memref<?x5xf32>
// CHECK: %[[M:.*]] = memref.dim %[[X]], %{{.*}}
// CHECK: scf.for %[[T:.*]] =
// CHECK: func.call @matmul_5x70_bias_gelu(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[M]], %[[T]])
// CHECK: func.call @matmul_5x70_bias_gelu(
// CHECK-NOT: kernel.matmul
func.func @two_products_of_one_shape_share_code(%x: memref<?x5xf32>, %w: memref<3x5x32xf32>, %b: memref<70xf32>,
                                                %y: memref<?x70xf32>) {
  kernel.matmul %x, %w bias %b into %y activation gelu
    : memref<?x5xf32>, memref<3x5x32xf32> bias memref<70xf32> into memref<?x70xf32>
  kernel.matmul %x, %w bias %b into %y activation gelu
    : memref<?x5xf32>, memref<3x5x32xf32> bias memref<70xf32> into memref<?x70xf32>
  return
}

// Few rows: 64 columns a task, the last one has 6 of them in one masked vector. The activation is a loop.
// CHECK-LABEL: func.func private @matmul_5x70_bias_gelu_tile_6x6(
// CHECK: scf.for %[[K:.*]] = {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: "llvm.intr.prefetch"
// CHECK-COUNT-6: vector.fma
// CHECK: llvm.intr.masked.load
// CHECK: llvm.intr.masked.store
// CHECK: scf.for
// CHECK: llvm.intr.masked.store
// CHECK: func.func private @matmul_5x70_bias_gelu_tile_1x64(
// CHECK: func.func private @matmul_5x70_bias_gelu_tile_12x32(
// AVX2: func.func private @matmul_5x70_bias_gelu_tile_3x32(
// AVX2: func.func private @matmul_5x70_bias_gelu_tile_6x16(
// AVX2-NOT: vector<16xf32>

// -----

// CHECK-LABEL: func.func @tasks_are_parallel_where_there_is_a_frame(
// CHECK-SAME: %[[FRAME:.*]]: !llvm.ptr
// CHECK: %[[WORTH:.*]] = arith.cmpi uge, %{{.*}}, %{{.*}} : index
// CHECK: kernel.parallel %[[FRAME]] (%[[T:.*]]) to %{{.*}} when %[[WORTH]] {
// CHECK: func.call @matmul_5x32(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[T]])
func.func @tasks_are_parallel_where_there_is_a_frame(%frame: !llvm.ptr, %x: memref<?x5xf32>, %w: memref<1x5x32xf32>,
                                                     %y: memref<?x32xf32>) {
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x32xf32>
  return
}
