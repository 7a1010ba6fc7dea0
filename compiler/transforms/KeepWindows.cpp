//===- KeepWindows.cpp - of keys and values, what a window shows ----------===//
//
// Enters: an nn module, fused. Leaves: each nn.cache_append `within` the window
// of the attention that reads it, where nothing else does and every mask says
// how far back it looks: a session keeps a ring of that. Other caches keep all
// positions, with a remark where some masks have a window.
//
// Appends of one path are one buffer, which has the widest window of all that
// hangs together: an append in a function called from several places stands for
// several paths.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/Pairs.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/SizeTable.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_KEEPWINDOWS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

static constexpr auto keepWindowsRemarks =
    remark::RemarkOpts::name("keep-window").category("nn-keep-windows");

namespace {

/// As wide as a cache that keeps all.
constexpr int64_t all = std::numeric_limits<int64_t>::max();

class Windows {
public:
  Windows(ModuleOp module, const PathTree &tree)
      : module(module), sizes(module), tree(tree) {}

  /// Of every append, in the order of the module.
  llvm::MapVector<Operation *, int64_t> find() {
    for (const PathTree::Slot &slot : tree.caches())
      if (auto append = dyn_cast<CacheAppendOp>(slot.op))
        windows[append] = windowOf(append);
    while (widenPaths() || widenPairs()) // until nothing is wider any more
      ;
    return std::move(windows);
  }

private:
  bool widen(Operation *op, int64_t window) {
    auto found = windows.find(op);
    if (found == windows.end() || found->second >= window)
      return false;
    found->second = window;
    return true;
  }

  bool widenPaths() {
    llvm::StringMap<int64_t> ofPaths;
    for (const PathTree::Slot &slot : tree.caches()) {
      int64_t &widest = ofPaths[slot.path];
      widest = std::max(widest, windowOfSlot(slot));
    }
    bool any = false;
    for (const PathTree::Slot &slot : tree.caches())
      any |= widen(slot.op, ofPaths[slot.path]);
    return any;
  }

  /// Keys and values lie in rings of one length.
  bool widenPairs() {
    bool any = false;
    module.walk([&](AttentionOp attention) {
      Operation *k = attention.getK().getDefiningOp(),
                *v = attention.getV().getDefiningOp();
      auto ofK = windows.find(k), ofV = windows.find(v);
      if (ofK == windows.end() || ofV == windows.end())
        return;
      int64_t widest = std::max(ofK->second, ofV->second);
      any |= widen(k, widest);
      any |= widen(v, widest);
    });
    return any;
  }

  /// What is no append keeps all.
  int64_t windowOfSlot(const PathTree::Slot &slot) const {
    auto found = windows.find(slot.op);
    return found == windows.end() ? all : found->second;
  }

  int64_t windowOf(CacheAppendOp append) const {
    int64_t window = append->use_empty() ? all : 1;
    for (OpOperand &use : append->getUses()) {
      auto attention = dyn_cast<AttentionOp>(use.getOwner());
      if (!attention || use.get() == attention.getQ() ||
          !sizes.liesInLines(attention))
        return all;
      window = std::max(
          window, heddle::nn::windowOf(attention.getMask()).value_or(all));
      auto k = attention.getK().getDefiningOp<CacheAppendOp>(),
           v = attention.getV().getDefiningOp<CacheAppendOp>();
      if (!k || !v || k.getTo() != v.getTo())
        return all;
    }
    return window < mostPositions(append) ? window : all;
  }

  int64_t mostPositions(CacheAppendOp append) const {
    for (SizeOp size : sizes.dynamicSizes())
      if (size.getSymName() == append.getTo())
        return static_cast<int64_t>(*size.getMax());
    return 0;
  }

  ModuleOp module;
  SizeTable sizes;
  const PathTree &tree;
  llvm::MapVector<Operation *, int64_t> windows;
};

struct KeepWindows : heddle::transforms::impl::KeepWindowsBase<KeepWindows> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    for (auto [op, window] : Windows(getOperation(), *tree).find()) {
      auto append = cast<CacheAppendOp>(op);
      if (window == all)
        continue;
      append.setWindow(window);
      remark::passed(op->getLoc(), keepWindowsRemarks)
          << remark::add("cache keeps a window of {0} positions", window);
    }
  }
};

} // namespace
