//===- KernelToVector.cpp - machine operations to vector code -------------===//
//
// Walks the module and hands every machine operation to its emitter, as one
// table says.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Attention.h"
#include "compiler/microkernels/AttentionSpans.h"
#include "compiler/microkernels/Depthwise.h"
#include "compiler/microkernels/Elementwise.h"
#include "compiler/microkernels/KeepRows.h"
#include "compiler/microkernels/Matmul.h"
#include "compiler/microkernels/Narrow.h"
#include "compiler/microkernels/Norm.h"
#include "compiler/microkernels/Passes.h"
#include "compiler/microkernels/Reduction.h"
#include "compiler/microkernels/Rope.h"
#include "compiler/microkernels/Topk.h"
#include "compiler/microkernels/Windows.h"
#include "dialects/scalar/Scalar.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringMap.h"
#include <functional>

namespace heddle::microkernels {
#define GEN_PASS_DEF_KERNELTOVECTOR
#include "compiler/microkernels/Passes.h.inc"
} // namespace heddle::microkernels

using namespace mlir;
using namespace heddle;
using namespace heddle::microkernels;

namespace {

/// What each op is emitted by. What is refused becomes naive loops.
class Emitters {
public:
  explicit Emitters(const Target &machine) : machine(machine) {
    add<kernel::MatmulOp>(lowerMatmul);
    add<kernel::NarrowOp>(lowerNarrow);
    add<kernel::KeepRowsOp>(lowerKeepRows);
    add<kernel::AttentionOp>(lowerAttention);
    add<kernel::MergeSpansOp>(lowerMergeSpans);
    add<kernel::NormOp>(lowerNorm);
    add<kernel::RopeOp>(lowerRope);
    add<kernel::TopkOp>(lowerTopk);
    add<kernel::WindowsOp>(lowerWindows);
    add<kernel::DepthwiseOp>(lowerDepthwise);
    add<linalg::GenericOp>(lowerGeneric);
    add<linalg::FillOp>(lowerFill);
  }

  LogicalResult run(ModuleOp module) {
    SymbolTable symbols(module);
    SmallVector<Operation *> operations;
    module.walk([&](Operation *op) {
      if (emitters.contains(op->getName().getStringRef()))
        operations.push_back(op);
    });
    IRRewriter rewriter(module.getContext());
    for (Operation *op : operations) {
      const Emitter &emitter = emitters.at(op->getName().getStringRef());
      if (failed(emitter(rewriter, op, symbols)))
        return failure();
    }
    lowerToLoops(rewriter, module);
    return success();
  }

private:
  using Emitter =
      std::function<LogicalResult(IRRewriter &, Operation *, SymbolTable &)>;

  /// `lower` gets the rewriter, the op, the target and, where it wants them,
  /// the module's symbols.
  template <typename OpTy, typename Function> void add(Function lower) {
    emitters[OpTy::getOperationName()] = [lower, this](IRRewriter &rewriter,
                                                       Operation *op,
                                                       SymbolTable &symbols) {
      auto call = [&] {
        if constexpr (std::is_invocable_v<Function, IRRewriter &, OpTy,
                                          const Target &>)
          return lower(rewriter, cast<OpTy>(op), machine);
        else
          return lower(rewriter, cast<OpTy>(op), machine, symbols);
      };
      if constexpr (std::is_void_v<decltype(call())>)
        return call(), success();
      else
        return call();
    };
  }

  static void lowerGeneric(IRRewriter &rewriter, linalg::GenericOp generic,
                           const Target &machine) {
    if (failed(lowerElementwise(rewriter, generic, machine)))
      (void)lowerReduction(rewriter, generic, machine);
  }

  static void lowerFill(IRRewriter &rewriter, linalg::FillOp fill,
                        const Target &machine) {
    rewriter.setInsertionPoint(fill);
    auto generic = linalg::generalizeNamedOp(rewriter, fill);
    (void)lowerElementwise(rewriter, *generic, machine);
  }

  /// What is left of linalg. MLIR's pass does the same, but rewrites all that
  /// the emitters have written until nothing changes: a tenth of compiling.
  static void lowerToLoops(IRRewriter &rewriter, ModuleOp module) {
    SmallVector<linalg::LinalgOp> operations;
    module.walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        operations.push_back(op);
    });
    for (linalg::LinalgOp op : operations) {
      rewriter.setInsertionPoint(op);
      if (succeeded(linalg::linalgOpToLoops(rewriter, op)))
        rewriter.eraseOp(op);
    }
  }

  const Target &machine;
  llvm::StringMap<Emitter> emitters; ///< by name of the op
};

/// A micro-kernel that several ops call is emitted for the first of them. Its
/// location is that of all.
class SharedKernels {
public:
  explicit SharedKernels(ModuleOp module) {
    SymbolTable symbols(module);
    module.walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (callee && callee->hasAttr("passthrough"))
        calls[callee].push_back(call);
    });
  }

  void locate() {
    for (auto &[kernel, _] : calls) {
      llvm::SmallSetVector<Location, 8> places;
      llvm::SmallPtrSet<Operation *, 8> seen;
      collect(kernel, places, seen);
      if (places.size() < 2)
        continue;
      MLIRContext *context = kernel->getContext();
      auto why = StringAttr::get(context, kernel::KernelDialect::kSharedPlace);
      Location all = FusedLoc::get(places.getArrayRef(), why, context);
      kernel->walk([&](Operation *op) { op->setLoc(all); });
    }
  }

private:
  /// Where a kernel is called, be it by way of others.
  void collect(func::FuncOp kernel, llvm::SmallSetVector<Location, 8> &places,
               llvm::SmallPtrSet<Operation *, 8> &seen) const {
    if (!seen.insert(kernel).second)
      return;
    for (func::CallOp call : calls.lookup(kernel))
      if (auto caller = call->getParentOfType<func::FuncOp>();
          calls.contains(caller))
        collect(caller, places, seen);
      else
        places.insert(placeOf(call.getLoc()));
  }

  /// That of the op; from where its block is called does not matter.
  static Location placeOf(Location location) {
    auto place = location->findInstanceOf<FileLineColLoc>();
    return place ? Location(place) : location;
  }

  llvm::MapVector<func::FuncOp, SmallVector<func::CallOp>> calls;
};

struct KernelToVector
    : heddle::microkernels::impl::KernelToVectorBase<KernelToVector> {
  using Base::Base;

  void runOnOperation() override {
    std::optional<Target> machine = Target::named(target);
    if (!machine) {
      getOperation().emitError()
          << "target '" << target
          << "' is unknown, needed avx512, avx2, neon or generic, with +bf16, "
             "+vnni or +ahead where the unit has them";
      return signalPassFailure();
    }
    if (failed(Emitters(*machine).run(getOperation())))
      return signalPassFailure();
    SharedKernels(getOperation()).locate();
    // What naive loops are left with.
    heddle::scalar::expandFunctions(getOperation());
  }
};

} // namespace
