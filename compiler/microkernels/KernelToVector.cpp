//===- KernelToVector.cpp - machine operations to vector code -------------===//
//
// Walks the module and hands every machine operation to its emitter.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Attention.h"
#include "compiler/microkernels/Elementwise.h"
#include "compiler/microkernels/Matmul.h"
#include "compiler/microkernels/Narrow.h"
#include "compiler/microkernels/Norm.h"
#include "compiler/microkernels/Passes.h"
#include "compiler/microkernels/Reduction.h"
#include "compiler/microkernels/Rope.h"
#include "compiler/microkernels/Topk.h"
#include "compiler/microkernels/Windows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"

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
          << "' is unknown, needed avx512, avx2, neon or generic, with +bf16 "
             "or +vnni where the unit has them";
      return signalPassFailure();
    }
    SymbolTable symbols(getOperation());
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      if (isa<heddle::kernel::MatmulOp, heddle::kernel::AttentionOp,
              heddle::kernel::NarrowOp, heddle::kernel::NormOp,
              heddle::kernel::RopeOp, heddle::kernel::TopkOp,
              heddle::kernel::WindowsOp, linalg::GenericOp, linalg::FillOp>(op))
        operations.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : operations) {
      LogicalResult lowered =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case([&](heddle::kernel::MatmulOp product) {
                return lowerMatmul(rewriter, product, *machine, symbols);
              })
              .Case([&](heddle::kernel::NarrowOp narrow) {
                return lowerNarrow(rewriter, narrow, *machine, symbols);
              })
              .Case([&](heddle::kernel::AttentionOp attention) {
                lowerAttention(rewriter, attention, *machine, symbols);
                return success();
              })
              .Case([&](heddle::kernel::NormOp norm) {
                lowerNorm(rewriter, norm, *machine, symbols);
                return success();
              })
              .Case([&](heddle::kernel::RopeOp rope) {
                lowerRope(rewriter, rope, *machine);
                return success();
              })
              .Case([&](heddle::kernel::TopkOp topk) {
                lowerTopk(rewriter, topk, *machine, symbols);
                return success();
              })
              .Case([&](heddle::kernel::WindowsOp windows) {
                lowerWindows(rewriter, windows, *machine);
                return success();
              })
              // What is refused is left to naive loops.
              .Case([&](linalg::GenericOp generic) {
                if (failed(lowerElementwise(rewriter, generic, *machine)))
                  (void)lowerReduction(rewriter, generic, *machine);
                return success();
              })
              .Case([&](linalg::FillOp fill) {
                rewriter.setInsertionPoint(fill);
                auto generic = linalg::generalizeNamedOp(rewriter, fill);
                (void)lowerElementwise(rewriter, *generic, *machine);
                return success();
              });
      if (failed(lowered))
        return signalPassFailure();
    }
  }
};
} // namespace
