//===- PathTree.h - weights and caches of a model, numbered ---------------===//
//
// Enters: a verified nn module. Leaves: for every weight and cache its full
// path, and the number of the slot through which the generated code reaches it.
//
// Slots are laid out along the call tree: a function instance owns one line of
// slots; its callees' lines lie within it, and each turn of a loop has its own
// stretch of it. So an instance finds everything at a constant distance from
// the start of its line, plus a constant stride a loop index, whatever the
// depth of the model. Different slots with equal paths are the same tensor.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_PATHTREE_H
#define HEDDLE_DIALECTS_NN_PATHTREE_H

#include "dialects/nn/NN.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace heddle::nn {

/// Where an op's slot (for a call: its callee's line) begins within the line of
/// the function that holds it: first + Σ stride[i] · (value of loop i), loops
/// counted from the outermost around the op.
struct SlotPlace {
  int64_t first = 0;
  llvm::SmallVector<int64_t, 2> strides;
};

class PathTree {
public:
  /// One use of a tensor or cache.
  struct Slot {
    std::string path;
    /// nn.weight, nn.cache_append, nn.scan, nn.state_read or nn.state_write.
    mlir::Operation *op;
    mlir::RankedTensorType type;
    /// Paths of the tensors that follow the first within one weight.
    std::vector<std::string> then = {};
  };

  /// Uses of weights and caches over all entries, layers and experts: more is
  /// no model, and would take all memory to spell out.
  static constexpr int64_t mostSlots = 500000;

  /// Fails, with a diagnostic, on a loop that does not count by one between
  /// constants, on recursion, and on more than mostSlots.
  static llvm::FailureOr<PathTree> build(mlir::ModuleOp module);

  /// Every weight slot of the program, in order; caches and states likewise.
  llvm::ArrayRef<Slot> weights() const { return weights_; }
  llvm::ArrayRef<Slot> caches() const { return caches_; }

  /// First weight and cache slot of an entry.
  std::pair<int64_t, int64_t> entryStart(llvm::StringRef entry) const {
    return entries_.lookup(entry);
  }

  /// Place of an op that uses weights (nn.weight, nn.call, nn.route) or caches.
  const SlotPlace &weightPlace(mlir::Operation *op) const {
    return weightPlaces_.at(op);
  }
  const SlotPlace &cachePlace(mlir::Operation *op) const {
    return cachePlaces_.at(op);
  }

  /// Ops of a block that use weights or caches, themselves or within: what is
  /// to be visited in each turn of a loop.
  llvm::ArrayRef<mlir::Operation *> opsWithSlots(mlir::Block &block) const {
    auto ops = opsWithSlots_.find(&block);
    return ops == opsWithSlots_.end() ? llvm::ArrayRef<mlir::Operation *>()
                                      : llvm::ArrayRef(ops->second);
  }

  /// Weight and cache slots of one instance of a function.
  std::pair<int64_t, int64_t> lineOf(llvm::StringRef function) const {
    return lines_.lookup(function);
  }

private:
  struct Builder;

  std::vector<Slot> weights_, caches_;
  llvm::StringMap<std::pair<int64_t, int64_t>> entries_, lines_;
  llvm::DenseMap<mlir::Operation *, SlotPlace> weightPlaces_, cachePlaces_;
  llvm::DenseMap<mlir::Block *, std::vector<mlir::Operation *>> opsWithSlots_;
};

/// Whether a function is an entry of the model.
bool isEntry(mlir::func::FuncOp function);

/// `outer.inner`; either may be empty; an absolute `inner` stands alone.
std::string joinPaths(llvm::StringRef outer, llvm::StringRef inner,
                      bool absolute);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_PATHTREE_H
