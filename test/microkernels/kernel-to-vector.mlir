// RUN: heddle-opt %s --kernel-to-vector=target=avx512 --split-input-file | FileCheck %s
// RUN: heddle-opt %s --kernel-to-vector=target=avx2 --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: not heddle-opt %s --kernel-to-vector=target=vax 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: target 'vax' is unknown, needed avx512, avx2, neon or generic, with +bf16, +vnni or +ahead where the unit has them

// Without a frame the tasks are a loop; both products share one function.
// CHECK-LABEL: func.func @two_products_of_one_shape_share_code(
// CHECK-SAME: %[[X:.*]]: memref<?x5xf32>
// CHECK: %[[M:.*]] = memref.dim %[[X]], %{{.*}}
// CHECK: scf.for %[[T:.*]] =
// CHECK: func.call @matmul_5x70_bias_gelu.a.0(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[M]], %[[T]])
// CHECK: func.call @matmul_5x70_bias_gelu.a.0(
// CHECK-NOT: kernel.matmul
func.func @two_products_of_one_shape_share_code(%x: memref<?x5xf32>, %w: memref<3x5x32xf32>, %b: memref<70xf32>,
                                                %y: memref<?x70xf32>) {
  kernel.matmul %x, %w bias %b into %y then {
  ^bb0(%sum: f32):
    %0 = scalar.gelu %sum
    kernel.yield %0 : f32
  }
    : memref<?x5xf32>, memref<3x5x32xf32> bias memref<70xf32> into memref<?x70xf32>
  kernel.matmul %x, %w bias %b into %y then {
  ^bb0(%sum: f32):
    %0 = scalar.gelu %sum
    kernel.yield %0 : f32
  }
    : memref<?x5xf32>, memref<3x5x32xf32> bias memref<70xf32> into memref<?x70xf32>
  return
}

// One row: 128 columns a task, here all 70 of them, the last 6 in a masked vector. Two steps of k at once, as far as
// they go. The activation is a loop. Nothing is prefetched.
// CHECK-LABEL: func.func private @matmul_5x70_bias_gelu.a.0_tile_1x70(
// CHECK-SAME: passthrough = ["noinline"]
// CHECK: scf.for %[[K:.*]] = {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-NOT: "llvm.intr.prefetch"
// CHECK-COUNT-10: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-5: vector.fma
// CHECK: llvm.intr.masked.load
// CHECK: scf.for
// CHECK: llvm.intr.masked.store
// CHECK: func.func private @matmul_5x70_bias_gelu.a.0_tile_2x64(
// CHECK: func.func private @matmul_5x70_bias_gelu.a.0_tile_12x32(
// CHECK: "llvm.intr.prefetch"
// AVX2: func.func private @matmul_5x70_bias_gelu.a.0_tile_3x32(
// AVX2: func.func private @matmul_5x70_bias_gelu.a.0_tile_6x16(
// AVX2-NOT: vector<16xf32>

// -----

// CHECK-LABEL: func.func @tasks_are_parallel_where_there_is_a_frame(
// CHECK-SAME: %[[FRAME:.*]]: !kernel.frame
// CHECK: %[[WORTH:.*]] = arith.cmpi uge, %{{.*}}, %{{.*}} : index
// CHECK: kernel.parallel %[[FRAME]] (%[[T:.*]]) to %{{.*}} when %[[WORTH]] {
// CHECK: func.call @matmul_5x32(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[T]])
func.func @tasks_are_parallel_where_there_is_a_frame(%frame: !kernel.frame, %x: memref<?x5xf32>, %w: memref<1x5x32xf32>,
                                                     %y: memref<?x32xf32>) {
  kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x32xf32>
  return
}

// -----

// Both loops as one, in tasks; a vector of neighbours, then what is left under a mask.
// CHECK-LABEL: func.func @elementwise_loops_are_one
// CHECK-SAME: %[[FRAME:.*]]: !kernel.frame
// CHECK: kernel.parallel %[[FRAME]] (%[[T:.*]]) to %{{.*}} when %{{.*}} {
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> vector<16xf32>
// CHECK: arith.mulf %{{.*}}, %{{.*}} : vector<16xf32>
// CHECK: llvm.store %{{.*}} : vector<16xf32>, !llvm.ptr
// CHECK: scf.if
// CHECK: llvm.intr.masked.load
// CHECK: llvm.intr.masked.store
// CHECK-NOT: linalg.generic
#id = affine_map<(m, n) -> (m, n)>
func.func @elementwise_loops_are_one(%frame: !kernel.frame, %x: memref<?x768xf32>, %y: memref<?x768xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x768xf32>) outs(%y : memref<?x768xf32>) {
  ^bb0(%a: f32, %old: f32):
    %b = arith.mulf %a, %a : f32
    linalg.yield %b : f32
  }
  return
}

// -----

// Neighbours of the result, each with a chain of its own: four vectors of them go down the rows of x.
// CHECK-LABEL: func.func @reduced_across
// CHECK-SAME: %[[FRAME:.*]]: !kernel.frame
// CHECK: kernel.parallel %[[FRAME]]
// CHECK: scf.for
// CHECK-COUNT-4: llvm.load %{{.*}} : !llvm.ptr -> vector<16xf32>
// CHECK: scf.for %{{.*}} iter_args(%[[S:.*]] = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: %[[X:.*]] = llvm.load %{{.*}} : !llvm.ptr -> vector<16xf32>
// CHECK: arith.addf %[[X]], %[[S]] : vector<16xf32>
// CHECK-NOT: linalg.generic
func.func @reduced_across(%frame: !kernel.frame, %x: memref<?x768xf32>, %y: memref<768xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, m) -> (m, n)>, affine_map<(n, m) -> (n)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x768xf32>) outs(%y : memref<768xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %b = arith.addf %a, %sum : f32
    linalg.yield %b : f32
  }
  return
}

// -----

// One element, four chains of vectors; products are added as they are multiplied.
// CHECK-LABEL: func.func @reduced_along
// CHECK: scf.for %{{.*}} iter_args(%{{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-4: vector.fma
// CHECK: scf.for
// CHECK: llvm.intr.masked.load
// CHECK: vector.shuffle
// CHECK-NOT: linalg.generic
func.func @reduced_along(%x: memref<?xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<?xf32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %sum: f32):
    %b = arith.mulf %a, %a : f32
    %c = arith.addf %sum, %b : f32
    linalg.yield %c : f32
  }
  return
}

// -----

// A dozen terms are no line for a vector: sixteen lines at once.
// CHECK-LABEL: func.func @short_lines_are_reduced_across
// CHECK: llvm.intr.masked.gather
// CHECK-NOT: vector.shuffle
func.func @short_lines_are_reduced_across(%x: memref<?x12xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x12xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %most: f32):
    %b = arith.maximumf %a, %most : f32
    linalg.yield %b : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func @loops_where_it_is_no_sum_or_maximum
// CHECK-NOT: vector
// CHECK: scf.for
// CHECK-NOT: vector
// CHECK: return
func.func @loops_where_it_is_no_sum_or_maximum(%x: memref<?xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<?xf32>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %product: f32):
    %b = arith.mulf %a, %product : f32
    linalg.yield %b : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func @loops_where_a_reduced_loop_is_outside
// CHECK-NOT: vector
// CHECK: scf.for
// CHECK-NOT: vector
// CHECK: return
func.func @loops_where_a_reduced_loop_is_outside(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %b = arith.addf %a, %sum : f32
    linalg.yield %b : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func @loops_where_terms_are_apart
// CHECK-NOT: vector
// CHECK: scf.for
// CHECK-NOT: vector
// CHECK: return
func.func @loops_where_terms_are_apart(%x: memref<?xf32, strided<[3]>>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<?xf32, strided<[3]>>) outs(%y : memref<f32>) {
  ^bb0(%a: f32, %sum: f32):
    %b = arith.addf %a, %sum : f32
    linalg.yield %b : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func @loops_where_neighbours_are_apart
// CHECK-NOT: vector
// CHECK: scf.for
// CHECK-NOT: vector
// CHECK: return
func.func @loops_where_neighbours_are_apart(%x: memref<?xf32>, %y: memref<?xf32, strided<[2]>>) {
  linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%y : memref<?xf32, strided<[2]>>) {
  ^bb0(%a: f32, %old: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

// CHECK-LABEL: func.func @loops_where_the_body_calls
// CHECK-NOT: vector
// CHECK: scf.for
// CHECK-NOT: vector
// CHECK: return
func.func private @g(f32) -> f32
func.func @loops_where_the_body_calls(%y: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n) -> (n)>], iterator_types = ["parallel"]} outs(%y : memref<?xf32>) {
  ^bb0(%old: f32):
    %a = func.call @g(%old) : (f32) -> f32
    linalg.yield %a : f32
  }
  return
}
