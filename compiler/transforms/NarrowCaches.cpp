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
#include "dialects/nn/SizeTable.h"
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

static constexpr auto narrowCachesRemarks =
    remark::RemarkOpts::name("narrow-cache").category("nn-narrow-caches");

namespace {

/// A use that widens what it reads.
bool isRead(OpOperand &use) { return roleOf(use) == OperandRole::MixedRows; }

/// A use by an attention that has a kernel, which multiplies by scales.
bool isScaled(OpOperand &use, const SizeTable &sizes) {
  auto attention = dyn_cast<AttentionOp>(use.getOwner());
  return attention && isRead(use) && attention.getScore().empty() &&
         sizes.liesInLines(attention);
}

struct NarrowCaches : heddle::transforms::impl::NarrowCachesBase<NarrowCaches> {
  using Base = heddle::transforms::impl::NarrowCachesBase<NarrowCaches>;
  using Base::Base;

  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    if (type == "f32")
      return;
    if (type != "bf16" && type != "q8") {
      emitError(getOperation().getLoc())
          << "found cache type " << type << ", needed f32, bf16 or q8";
      return signalPassFailure();
    }
    sizes.emplace(getOperation());
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    findRefused(*tree);
    Type element = BFloat16Type::get(&getContext());
    if (type == "q8")
      element = DynamicType::get(&getContext(), DynamicType::kRow, false);
    getOperation().walk([&](CacheAppendOp append) {
      if (refused.contains(append)) {
        remark::missed(append.getLoc(), narrowCachesRemarks)
            << "cache stays f32"
            << remark::reason("more than attention reads it");
        return;
      }
      Value kept = append.getResult();
      kept.setType(append.getType().clone(element));
      remark::passed(append.getLoc(), narrowCachesRemarks)
          << remark::add("cache kept as {0}", type.getValue());
    });
    for (StateOp state : getOperation().getOps<StateOp>())
      narrowState(state, element);
  }

private:
  bool isKeysOrValues(Operation *op) const {
    if (!isa<CacheAppendOp, StateReadOp>(op))
      return false;
    Value kept = op->getResult(0);
    return getElementTypeOrSelf(kept.getType()).isF32() &&
           llvm::all_of(kept.getUses(), [&](OpOperand &use) {
             return type == "q8" ? isScaled(use, *sizes) : isRead(use);
           });
  }

  void narrowState(StateOp state, Type element) {
    SmallVector<StateReadOp> reads;
    getOperation().walk([&](StateReadOp read) {
      if (read.getState() == state.getSymName())
        reads.push_back(read);
    });
    auto isNarrow = [&](StateReadOp read) { return isKeysOrValues(read); };
    if (reads.empty() || !llvm::all_of(reads, isNarrow))
      return;
    auto kept = cast<RankedTensorType>(state.getType()).clone(element);
    state.setType(kept);
    for (StateReadOp read : reads)
      read.getResult().setType(kept);
    remark::passed(state.getLoc(), narrowCachesRemarks)
        << remark::add("state kept as {0}", type.getValue());
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

  std::optional<SizeTable> sizes;
  llvm::SmallDenseSet<Operation *> refused;
};

} // namespace
