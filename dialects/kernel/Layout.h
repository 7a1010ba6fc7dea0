//===- Layout.h - How a weight lies in the packed file ----------*- C++ -*-===//
//
// One description of each packed layout, read by the packer
// (compiler/checkpoint) and by the emitters (compiler/microkernels, through an
// attribute of the kernel dialect), so that the two cannot disagree.
//
// A weight is seen as a matrix W of `outputs` x `inputs` (y[n] = sum over k of
// W[n][k] x[k]). A tensor of rank 1 is a column (inputs = 1); of a higher rank,
// the first dimension is outputs and the rest are inputs, in order (with
// `transposed`, the last dimension is outputs).
//
// plain: W[n][k], row by row.
//
// panel: [panels][ceil(inputs / interleave)][panel][interleave].
// `panel` outputs lie side by side for each step of k, in the order in which a
// matrix product walks its right operand. `interleave` > 1 keeps that many
// successive k of one output together, as the dot instructions of narrow types
// want them (bf16: 2). The outputs may be a concatenation of column groups
// (D -> H K | G K | G K): each group begins a panel. What lies beyond a
// group's or the inputs' end is zero.
//
// Block-quantised types (q8, q4) will add their own kinds here.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_DIALECTS_KERNEL_LAYOUT_H
#define HEDDLE_DIALECTS_KERNEL_LAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <string>

namespace heddle::kernel {

/// Element types that packed weights may have.
enum class PackedType : uint8_t { F32, BF16 };

int64_t bytesOf(PackedType type);
llvm::StringRef nameOf(PackedType type);
std::optional<PackedType> packedTypeNamed(llvm::StringRef name);

/// The two sides of a weight seen as a matrix.
struct MatrixShape {
  int64_t outputs = 0, inputs = 0;
  bool operator==(const MatrixShape &other) const = default;
};

struct PackedLayout {
  enum class Kind : uint8_t { Plain, Panel };

  /// Tensors of the packed file begin at multiples of this, and each step of k
  /// in a panel fills whole lines of it.
  static constexpr int64_t alignment = 64;

  Kind kind = Kind::Plain;
  PackedType type = PackedType::F32;
  /// The checkpoint stores [inputs, outputs] (GPT-2). The packed bytes are the
  /// same either way.
  bool transposed = false;
  /// Panel only: outputs side by side, successive k kept together, and widths
  /// of the column groups (none: one group).
  int64_t panel = 0;
  int64_t interleave = 1;
  llvm::SmallVector<int64_t, 3> groups;

  static PackedLayout plain(PackedType type = PackedType::F32,
                            bool transposed = false);
  static PackedLayout panels(int64_t panel, PackedType type = PackedType::F32,
                             bool transposed = false,
                             llvm::ArrayRef<int64_t> groups = {},
                             int64_t interleave = 1);

  /// The matrix that a checkpoint tensor of `shape` is in this layout.
  MatrixShape matrix(llvm::ArrayRef<int64_t> shape) const;

  /// Success, or what is wrong with this layout for a matrix of that shape.
  llvm::Error verify(MatrixShape matrix) const;

  /// Panels before the group that begins at `group` (0-based); with the number
  /// of groups, panels in all.
  int64_t panelsBefore(size_t group, MatrixShape matrix) const;
  int64_t panelCount(MatrixShape matrix) const;
  /// Elements of one panel: inputs rounded up to interleave, times panel.
  int64_t panelElements(MatrixShape matrix) const;

  /// Elements with their padding, and bytes (a multiple of nothing in
  /// particular for plain layouts).
  int64_t packedElements(MatrixShape matrix) const;
  int64_t packedBytes(MatrixShape matrix) const;
  int64_t packedBytes(llvm::ArrayRef<int64_t> shape) const {
    return packedBytes(matrix(shape));
  }

  /// Where W[n][k] lies, in elements.
  int64_t elementOffset(int64_t n, int64_t k, MatrixShape matrix) const;

  /// `plain f32`, `plain bf16 transposed`, `panel<32> f32 transposed
  /// groups<768, 256, 256>`, `panel<32, 2> bf16`.
  std::string asString() const;
  static llvm::Expected<PackedLayout> parse(llvm::StringRef text);

  bool operator==(const PackedLayout &other) const = default;
};

} // namespace heddle::kernel

#endif // HEDDLE_DIALECTS_KERNEL_LAYOUT_H
