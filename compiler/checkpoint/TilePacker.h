//===- TilePacker.h - One piece of a packed tensor --------------*- C++ -*-===//
//
// Fetches the rows of the matrix that a tile holds as floats, puts them in the
// layout's order, and rounds or quantises them to the packed type. One packer a
// thread: it owns the buffers, which grow to the largest tile and are used
// again.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_TILEPACKER_H
#define HEDDLE_COMPILER_CHECKPOINT_TILEPACKER_H

#include "compiler/checkpoint/PackPlan.h"
#include "compiler/checkpoint/Quantise.h"

namespace heddle::checkpoint {

/// A buffer that grows to the largest tile and is not cleared in between.
template <typename T> class Scratch {
public:
  T *atLeast(size_t count) {
    if (count > capacity) {
      data = std::make_unique_for_overwrite<T[]>(count);
      capacity = count;
    }
    return data.get();
  }

private:
  std::unique_ptr<T[]> data;
  size_t capacity = 0;
};

class TilePacker {
public:
  explicit TilePacker(const PackRequest &request) : request(request) {}

  struct Packed {
    llvm::ArrayRef<char> bytes; ///< valid until the next tile
    size_t nonFinite;           ///< how many elements are infinite or NaN
    RangeLoss loss;
  };
  llvm::Expected<Packed> pack(const Tile &tile);

private:
  /// Some outputs of one part.
  struct Slice {
    const TensorPart *part;
    kernel::MatrixShape matrix;
    int64_t first, count;
  };

  llvm::Error fetch(const TensorPlan &plan, int64_t first, int64_t count,
                    float *rows, int64_t stride);
  llvm::Error fetchRows(const Slice &slice, float *to);
  llvm::Error fetchColumns(const Slice &slice, float *to, int64_t stride);
  const float *order(const Tile &tile, int64_t count, const float *rows);
  //===--- Quantised (QuantisedTiles.cpp) ---------------------------------===//

  /// Whether all parts are stored as integers of the packed type.
  bool holdsIntegers(const TensorPlan &plan) const;
  llvm::Expected<Packed> packIntegers(const Tile &tile);
  /// Makes those of parts that are `rounded` what they are in that type.
  void roundRows(const Tile &tile, int64_t count, float *rows);
  const char *quantise(const Tile &tile, int64_t count, const float *rows);

  const PackRequest &request;
  RangeLoss loss; ///< of the tile
  llvm::SmallVector<char, 0> rawBuffer;
  Scratch<float> rowBuffer, orderBuffer;
  Scratch<uint16_t> roundedBuffer;
  Scratch<uint8_t> integerBuffer;
  Scratch<char> packedBuffer;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TILEPACKER_H
