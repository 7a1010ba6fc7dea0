//===- KernelToVector.cpp - machine operations to vector code -------------===//
//
// Walks the module and hands every machine operation to its emitter.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Matmul.h"
#include "compiler/microkernels/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::microkernels {
#define GEN_PASS_DEF_KERNELTOVECTOR
#include "compiler/microkernels/Passes.h.inc"
} // namespace heddle::microkernels

using namespace mlir;
using namespace heddle::microkernels;

namespace {
struct KernelToVector
    : heddle::microkernels::impl::KernelToVectorBase<KernelToVector> {
  using Base::Base;

  void runOnOperation() override {
    std::optional<Target> machine = Target::named(target);
    if (!machine) {
      getOperation().emitError()
          << "target '" << target
          << "' is unknown, needed avx512, avx2, neon or generic";
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    SmallVector<heddle::kernel::MatmulOp> products;
    getOperation().walk(
        [&](heddle::kernel::MatmulOp op) { products.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (heddle::kernel::MatmulOp op : products)
      lowerMatmul(rewriter, op, *machine, symbols);
  }
};
} // namespace
