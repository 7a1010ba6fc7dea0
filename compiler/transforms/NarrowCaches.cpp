//===- NarrowCaches.cpp - keys and values kept in fewer bits --------------===//
//
// Enters: an nn module. Leaves: caches, and states that nn-hoist-state has
// made, of the type asked for, where all that is read of them are the keys and
// values of attention: their nn.cache_append, or nn.state_write, rounds what it
// keeps. Other caches stay f32, with a remark.
//
// Appends of one path are one buffer, and an append in a function called from
// several places stands for several paths: all that hangs together is of one
// type.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_NARROWCACHES
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

static constexpr auto remarkOptions =
    remark::RemarkOpts::name("narrow-cache").category("nn-narrow-caches");

namespace {

/// A use that widens what it reads.
bool isRead(OpOperand &use) { return roleOf(use) == OperandRole::MixedRows; }

bool isKeysOrValues(Operation *op) {
  if (!isa<CacheAppendOp, StateReadOp>(op))
    return false;
  Value kept = op->getResult(0);
  return getElementTypeOrSelf(kept.getType()).isF32() &&
         llvm::all_of(kept.getUses(), isRead);
}

struct NarrowCaches : heddle::transforms::impl::NarrowCachesBase<NarrowCaches> {
  using Base = heddle::transforms::impl::NarrowCachesBase<NarrowCaches>;
  using Base::Base;

  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    if (type == "f32")
      return;
    if (type != "bf16") {
      emitError(getOperation().getLoc())
          << "found cache type " << type << ", needed f32 or bf16";
      return signalPassFailure();
    }
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    findRefused(*tree);
    Type element = BFloat16Type::get(&getContext());
    getOperation().walk([&](CacheAppendOp append) {
      if (refused.contains(append)) {
        remark::missed(append.getLoc(), remarkOptions)
            << "cache stays f32"
            << remark::reason("more than attention reads it");
        return;
      }
      Value kept = append.getResult();
      kept.setType(append.getType().clone(element));
      remark::passed(append.getLoc(), remarkOptions) << "cache kept as bf16";
    });
    for (StateOp state : getOperation().getOps<StateOp>())
      narrowState(state, element);
  }

private:
  void narrowState(StateOp state, Type element) {
    SmallVector<StateReadOp> reads;
    getOperation().walk([&](StateReadOp read) {
      if (read.getState() == state.getSymName())
        reads.push_back(read);
    });
    if (reads.empty() || !llvm::all_of(reads, isKeysOrValues))
      return;
    auto kept = cast<RankedTensorType>(state.getType()).clone(element);
    state.setType(kept);
    for (StateReadOp read : reads)
      read.getResult().setType(kept);
    remark::passed(state.getLoc(), remarkOptions) << "state kept as bf16";
  }

  /// Ops, and the paths of their buffers, until nothing is added.
  void findRefused(const PathTree &tree) {
    llvm::StringSet<> paths;
    for (const PathTree::Slot &slot : tree.caches())
      if (!isKeysOrValues(slot.op))
        refused.insert(slot.op);
    for (size_t before = ~size_t(0); before != refused.size();) {
      before = refused.size();
      for (const PathTree::Slot &slot : tree.caches())
        if (refused.contains(slot.op))
          paths.insert(slot.path);
      for (const PathTree::Slot &slot : tree.caches())
        if (paths.contains(slot.path))
          refused.insert(slot.op);
    }
  }

  llvm::SmallDenseSet<Operation *> refused;
};

} // namespace
