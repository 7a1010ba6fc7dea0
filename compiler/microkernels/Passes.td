//===- Passes.td - machine operations to vector code ---------------------------------------------------===//

#ifndef HEDDLE_COMPILER_MICROKERNELS_PASSES_TD
#define HEDDLE_COMPILER_MICROKERNELS_PASSES_TD

include "mlir/Pass/PassBase.td"

def KernelToVector : Pass<"kernel-to-vector", "::mlir::ModuleOp"> {
  let summary = "machine operations to loops over micro-kernels";
  let description = [{
    Every operation of the kernel dialect that computes becomes tasks (`kernel.parallel`, or a loop in a function without
    a frame) which call micro-kernels: functions of vector code, one a shape, shared by all its users. Parallel loops of
    linalg become tasks over vectors of neighbours, what else there is of linalg naive loops.

    ```mlir
    // Before
    kernel.matmul %x, %w into %y : memref<?x5xf32>, memref<1x5x32xf32> into memref<?x7xf32>
    // After
    scf.for %task = %c0 to %tasks step %c1 {
      func.call @matmul_5x7(%px, %pw, %py, %m, %task) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, index, index) -> ()
    }
    ```
  }];
  let options = [Option<"target", "target", "std::string", "\"generic\"",
                        "vector unit: avx512, avx2, neon or generic; avx512+bf16+vnni where it has dot products of narrow types, +ahead where weights are prefetched in software">];
  let dependentDialects = ["::heddle::kernel::KernelDialect", "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif // HEDDLE_COMPILER_MICROKERNELS_PASSES_TD
