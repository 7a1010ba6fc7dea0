//===- PackPlan.h - Where packed weights lie in their file ------*- C++ -*-===//
//
// Cuts the work of the packer into tiles: contiguous pieces of a tensor's
// packed bytes, about a megabyte each, that begin at a cache line. Tiles need
// nothing of each other, so their order does not matter.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PACKPLAN_H
#define HEDDLE_COMPILER_CHECKPOINT_PACKPLAN_H

#include "compiler/checkpoint/Packer.h"
#include "runtime/abi.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace heddle::checkpoint {

/// A packed tensor as a row of units: panels, or rows of a plain layout. Units
/// lie one after the other in the file.
struct TensorPlan {
  const PackedTensor *tensor;
  kernel::MatrixShape matrix;
  std::vector<kernel::MatrixShape> partMatrices;
  uint64_t offset = 0; ///< within the section of tensors
  int64_t units, unitBytes;

  explicit TensorPlan(const PackedTensor &tensor);

  const kernel::PackedLayout &layout() const { return tensor->layout; }
  bool isPanel() const {
    return layout().kind == kernel::PackedLayout::Kind::Panel;
  }
  bool isQuantised() const { return kernel::isQuantised(layout().type); }
  uint64_t bytes() const { return units * unitBytes; }
  /// Not quantised.
  int64_t unitElements() const {
    return unitBytes / kernel::bytesOf(layout().type);
  }

  /// Successive outputs.
  struct Outputs {
    int64_t first = 0, count = 0;
  };
  /// What units begin … end − 1 hold: one run, or of paired halves one each.
  llvm::SmallVector<Outputs, 2> outputsOf(int64_t begin, int64_t end) const;
  /// Whether a panel has elements that no weight fills.
  bool hasPadding(int64_t unit) const;
  /// Units of one tile.
  int64_t tileUnits() const;
};

struct Tile {
  const TensorPlan *plan;
  int64_t begin, end; ///< units

  /// Calls fill(column, row, width) for columns of a unit that lie side by side
  /// both in the panel and, as rows, in the tile.
  void forColumns(
      int64_t unit,
      llvm::function_ref<void(int64_t column, int64_t row, int64_t width)> fill)
      const;
};

struct PackPlan {
  std::vector<TensorPlan> tensors;
  /// In the order in which the checkpoint's files store the tensors: a disk is
  /// read from front to back.
  std::vector<Tile> tiles;
  std::vector<int64_t> slotOffsets;
  std::vector<heddle_section> sections; ///< slots, tokenizer if any, tensors
  uint64_t fileBytes = 0;

  explicit PackPlan(const PackRequest &request);
  PackPlan(const PackPlan &) = delete; // tiles point to tensors

  const heddle_section &tensorSection() const { return sections.back(); }

private:
  void addSection(llvm::StringRef name, uint64_t bytes, uint64_t alignment);
  void cutTiles();
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PACKPLAN_H
