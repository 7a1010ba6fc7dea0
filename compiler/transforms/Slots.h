//===- Slots.h - the tensors and caches of a program, by slot ---*- C++ -*-===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_SLOTS_H
#define HEDDLE_COMPILER_TRANSFORMS_SLOTS_H

#include "dialects/nn/PathTree.h"
#include "dialects/nn/SizeTable.h"
#include "dialects/program/Program.h"

namespace heddle::transforms {

/// Numbers what the slots of a program hold: slots with equal paths hold the
/// same cache, or the same tensor if they want it packed in the same way.
class Slots {
public:
  explicit Slots(const nn::PathTree &tree);

  /// An entry's line of slots; null if it has none.
  program::SlotsAttr weightsOf(llvm::StringRef entry,
                               mlir::MLIRContext *context) const;
  program::SlotsAttr cachesOf(llvm::StringRef entry,
                              mlir::MLIRContext *context) const;

  /// Builds a program.cache, or program.tensor, for each that there is.
  void addCaches(const nn::SizeTable &sizes, mlir::OpBuilder &builder) const;
  void addTensors(mlir::OpBuilder &builder) const;

private:
  using Slot = nn::PathTree::Slot;

  /// What is in each slot, by number, and the first slot of each number.
  struct Numbered {
    Numbered(llvm::ArrayRef<Slot> all,
             llvm::function_ref<std::string(const Slot &)> keyOf);
    program::SlotsAttr line(int64_t start, int64_t count,
                            mlir::MLIRContext *context) const;

    std::vector<int32_t> numbers;
    std::vector<const Slot *> firsts;
  };

  const nn::PathTree &tree;
  Numbered tensors, caches;
};

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_SLOTS_H
