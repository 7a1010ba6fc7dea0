// RUN: heddle-opt %s --kernel-to-vector=target=avx512+ahead | FileCheck %s

// Tiles of many rows ask for a part of the next panel each, at an even pace: two lines a step of k, so far apart that all
// tiles together are through in one go.
// CHECK-LABEL: func.func private @matmul_6x64(
// CHECK: %[[TILES:.*]] = arith.ceildivui %{{.*}}, %c12{{.*}} : index
// CHECK: %[[LINES:.*]] = arith.muli %[[TILES]], %{{.*}} : index
// CHECK: %[[SPACING:.*]] = arith.ceildivui %{{.*}}, %[[LINES]] : index
// CHECK: %[[PART:.*]] = arith.muli %[[SPACING]], %{{.*}} : index
// CHECK: scf.for %[[TILE:.*]] =
// CHECK: %[[NUMBER:.*]] = arith.remui %[[TILE]], %[[TILES]]
// CHECK: %[[BYTES:.*]] = arith.muli %[[NUMBER]], %[[PART]]
// CHECK: %[[NEXT:.*]] = llvm.getelementptr %{{.*}}[%{{.*}}]
// CHECK: func.call @matmul_6x64_tile_7x32_part(%{{.*}}, %{{.*}}, %{{.*}}, %[[NEXT]], %[[SPACING]])

// CHECK-LABEL: func.func private @matmul_6x64_tile_12x32_part(
// CHECK-SAME: %[[FROM:[^:]*]]: !llvm.ptr {llvm.noalias}, %[[APART:[^:]*]]: index)
// CHECK: scf.for
// CHECK: arith.muli %[[APART]], %{{.*}}
// CHECK: llvm.getelementptr %[[FROM]]
// CHECK-COUNT-4: "llvm.intr.prefetch"
// CHECK-COUNT-48: vector.fma
// CHECK: scf.yield
func.func @parts_of_the_next_panel(%x: memref<?x6xf32>, %w: memref<2x6x32xf32>, %y: memref<?x64xf32>) {
  kernel.matmul %x, %w into %y : memref<?x6xf32>, memref<2x6x32xf32> into memref<?x64xf32>
  return
}
