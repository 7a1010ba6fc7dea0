// RUN: heddle-opt %s --kernel-to-vector=target=avx512+vnni | FileCheck %s
// RUN: heddle-opt %s --kernel-to-vector=target=avx512 | FileCheck %s --check-prefix=PAIRS
// RUN: heddle-opt %s --kernel-to-vector=target=avx2 | FileCheck %s --check-prefix=SIGNS
// RUN: heddle-opt %s --kernel-to-vector=target=generic | FileCheck %s --check-prefix=SINGLE

// Nibbles times 16, the low one shifted up; sums of bytes begin at the row's start (behind 32 bytes and a scale), and are
// scaled once a group.
// CHECK-LABEL: func.func private @matmul_q4_32x7_tile_1x7(
// CHECK: scf.for
// CHECK: llvm.getelementptr %{{.*}}[60] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: arith.shli
// CHECK: arith.andi
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK: arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: arith.sitofp
// CHECK: vector.fma
// CHECK: scf.yield
// CHECK: arith.mulf

// Without it, forms that are exact too.
// PAIRS: llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
// SIGNS: llvm.call_intrinsic "llvm.x86.avx2.psign.b"
// SIGNS: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// SINGLE: arith.muli %{{.*}}, %{{.*}} : vector<4xi32>
// SINGLE-NOT: f16
func.func @nibbles(%x: memref<?x64xi8>, %w: memref<1x576xi8>, %y: memref<?x7xf32>) {
  kernel.matmul %x, %w into %y layout <"panel<32, 4> q4"> inputs 32
    : memref<?x64xi8>, memref<1x576xi8> into memref<?x7xf32>
  return
}
