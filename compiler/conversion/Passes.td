//===- Passes.td - from one dialect to the next --------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_PASSES_TD
#define HEDDLE_COMPILER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def NNToLinalg : Pass<"nn-to-linalg", "::mlir::ModuleOp"> {
  let summary = "nn to naive loops over buffers: what the ops mean";
  let description = [{
    Lowers every op of a module that nn-plan-memory has been over, the way its description says it, without regard to
    speed. What mixes tokens of a row is done row by row, so that nothing can depend on a row's neighbours.

    Before:
    ```mlir
    %y = nn.relu %x {nn.places = array<i64: 0>} : tensor<?x?x8xf32, #nn.axes<B, T, D>>
    ```
    After:
    ```mlir
    %n = kernel.extent %frame "B*T"
    %y = kernel.arena %frame[%offset] (%n) : memref<?x8xf32>
    linalg.generic {…} ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %zero = arith.constant 0.0 : f32
      %max = arith.maximumf %in, %zero : f32
      linalg.yield %max : f32
    }
    ```
  }];
  let dependentDialects = ["::heddle::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect"];
}

def NNToKernel : Pass<"nn-to-kernel", "::mlir::ModuleOp"> {
  let summary = "nn to machine operations over buffers";
  let description = [{
    Like nn-to-linalg, of which it is an alternative, but products whose weights nn-assign-layouts put in panels become
    kernel.matmul, one a result, and nn.narrow kernel.narrow. What has no machine operation is lowered as nn-to-linalg does.

    Before:
    ```mlir
    %w = nn.weight "w" {layout = #kernel.layout<"panel<32> f32">} : tensor<7x8xf32, #nn.axes<E, D>>
    %y = nn.linear %x, %w contracts 1 then { … } : …
    ```
    After:
    ```mlir
    %w = kernel.weight %weights[%slot] : memref<1x8x32xf32>
    kernel.matmul %x, %w into %y then { … } : memref<?x8xf32>, memref<1x8x32xf32> into memref<?x7xf32>
    ```
  }];
  let options = [
    Option<"attentionQueries", "attention-queries", "int64_t", "128", "queries that a task of attention takes">,
    Option<"convolutionStack", "convolution-stack", "int64_t", "2 << 20", "bytes of stack that a task of a convolution may use">,
    Option<"linesToCopy", "lines-to-copy", "int64_t", "64", "lines that are worth copying with several threads">,
    Option<"parallelWork", "parallel-work", "int64_t", "200000", "multiplications that are worth waking threads">
  ];
  let dependentDialects = ["::heddle::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect"];
}

def CheckBounds : Pass<"check-bounds", "::mlir::ModuleOp"> {
  let summary = "calls of heddle_check_bounds before every access";
  let description = [{
    Every index against its dimension, every view against what it is a view of, parts of the arena against its bytes, rows of
    caches against their capacity. Blind to what a caller passes, and to parts of the arena that overlap.

    Before:
    ```mlir
    %v = memref.load %m[%b, %j] : memref<?x4xf32>
    ```
    After:
    ```mlir
    %place = llvm.mlir.addressof @place_0 : !llvm.ptr
    %rows = memref.dim %m, %c0 : memref<?x4xf32>
    func.call @heddle_check_bounds(%b, %rows, %place) : (index, index, !llvm.ptr) -> ()
    func.call @heddle_check_bounds(%j, %c4, %place) : (index, index, !llvm.ptr) -> ()
    %v = memref.load %m[%b, %j] : memref<?x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def OutlineParallel : Pass<"kernel-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "bodies of kernel.parallel as functions for the program's threads";
  let description = [{
    The body becomes a function of a context and an index; the context holds what the body reads from outside. Constants
    are repeated in the function.

    Before:
    ```mlir
    kernel.parallel %frame (%i) to %n when %worth {
      func.call @tile(%p, %i) : (!llvm.ptr, index) -> ()
    }
    ```
    After:
    ```mlir
    llvm.store %captured, %context : !llvm.struct<(ptr)>, !llvm.ptr
    scf.if %worth {
      llvm.call %parallel_for(%pool, %task, %context, %n) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
    } else {
      scf.for %i = %c0 to %n step %c1 {
        func.call @f_task_0(%context, %i) : (!llvm.ptr, index) -> ()
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect"];
}

def LowerViews : Pass<"lower-views", "::mlir::ModuleOp"> {
  let summary = "strides and offsets of views as plain arithmetic";
  let description = [{
    MLIR's expand-strided-metadata on the views alone, of which there are few: the pass itself rewrites a whole module until
    nothing changes, micro-kernels too.

    Before:
    ```mlir
    %v = memref.subview %m[%i, 0] [%n, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
    ```
    After:
    ```mlir
    %base, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %m : memref<?x4xf32> -> …
    %begin = affine.apply affine_map<()[s0] -> (s0 * 4)>()[%i]
    %v = memref.reinterpret_cast %base to offset: [%begin], sizes: [%n, 4], strides: [4, 1] : …
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif // HEDDLE_COMPILER_CONVERSION_PASSES_TD
