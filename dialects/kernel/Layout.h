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
// panel: columns lie side by side in panels of P = `panel`, in the order in
// which a matrix product walks its right operand. A panel is a row of steps,
// each of some successive k; `interleave` > 1 keeps that many of them together
// for one column, as the dot instructions of narrow types want them. A panel is
// one contiguous stream of whole cache lines:
//
//   type        step of k    a step's bytes                    at the end
//   elements    interleave   [P][interleave]
//   a row's     4            [P][4] u8                         [P] scales
//   in groups   32           of each plane [bytes / 4][P][4]
//                            u8, then [groups][P] scales and
//                            [groups][P] minima
//
// Where the type has spans of 256 k, the steps of each stand behind what it has
// itself: [P] f16 for scales and [P] for minima. Scales and minima of fewer
// than eight bits are no part of the steps, but lie behind those, of each plane
// [bytes][P] u8.
//
// The integers of a row (i8) share a scale, or those of a group (q8, q4); the
// table of PackedFormat.h has types, planes, scales and minima, and which types
// have spans. Byte [j][n][i] of a plane is byte 4 j + i of column n: with q4,
// its low nibble is of k = 4 j + i and its high one of k = 16 + 4 j + i.
//
// Columns are the outputs in order, unless
// - they are a concatenation of column groups (D -> H K | G K | G K), each of
//   which begins a panel, or
// - they are `paired`: the outputs are two halves of the same width, a gate and
//   what it is multiplied with, each padded to a multiple of 16. Sixteen
//   columns of the first half, then sixteen of the second, alternate, so that
//   a tile of 32 columns holds both factors of 16 products.
// What lies beyond a group's, a half's or the inputs' end stands for zero: the
// zero point where quantised, with scale 0 if the whole column lies beyond.
// (Beyond the inputs' end, activations are zero.)
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_DIALECTS_KERNEL_LAYOUT_H
#define HEDDLE_DIALECTS_KERNEL_LAYOUT_H

#include "dialects/kernel/PackedFormat.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <cassert>
#include <optional>
#include <string>

namespace heddle::kernel {

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

  /// Columns of a product's panel: two cache lines of f32 for each step of k,
  /// on every target, so that one packed file serves all of them.
  static constexpr int64_t productColumns = 32;

  /// Columns of one half that lie together where the halves are paired.
  static constexpr int64_t pairedColumns = 16;

  Kind kind = Kind::Plain;
  PackedType type = PackedType::F32;
  /// The checkpoint stores [inputs, outputs] (GPT-2). The packed bytes are the
  /// same either way.
  bool transposed = false;
  /// Panel only: columns side by side, successive k kept together, whether two
  /// halves of the outputs alternate, and widths of the column groups (none:
  /// one group).
  int64_t panel = 0;
  int64_t interleave = 1;
  bool paired = false;
  llvm::SmallVector<int64_t, 3> groups;

  static PackedLayout plain(PackedType type = PackedType::F32,
                            bool transposed = false);
  static PackedLayout panels(int64_t panel, PackedType type = PackedType::F32,
                             bool transposed = false,
                             llvm::ArrayRef<int64_t> groups = {},
                             int64_t interleave = 1);
  /// Panels of 32 columns with the interleave of the type: what kernel.matmul
  /// reads.
  static PackedLayout ofProduct(PackedType type, bool transposed = false,
                                llvm::ArrayRef<int64_t> groups = {},
                                bool paired = false);

  const PackedFormat &format() const { return formatOf(type); }

  /// The matrix that a checkpoint tensor of `shape` is in this layout.
  MatrixShape matrix(llvm::ArrayRef<int64_t> shape) const;

  /// Success, or what is wrong with this layout for a matrix of that shape.
  llvm::Error verify(MatrixShape matrix) const;

  /// Panels before the group that begins at `group` (0-based); with the number
  /// of groups, panels in all.
  int64_t panelsBefore(size_t group, MatrixShape matrix) const;
  int64_t panelCount(MatrixShape matrix) const;
  /// Successive k of a step of a panel, the bytes of a step, and the steps.
  int64_t stepInputs() const;
  int64_t stepBytes() const;
  int64_t stepCount(MatrixShape matrix) const;
  /// Bytes of one panel, all steps and what is behind them.
  int64_t panelBytes(MatrixShape matrix) const;
  /// Elements of one panel, padding included. Not quantised.
  int64_t panelElements(MatrixShape matrix) const;

  /// Bytes with their padding (a multiple of nothing in particular for plain
  /// layouts), and elements where not quantised.
  int64_t packedElements(MatrixShape matrix) const;
  int64_t packedBytes(MatrixShape matrix) const;
  int64_t packedBytes(llvm::ArrayRef<int64_t> shape) const {
    return packedBytes(matrix(shape));
  }

  /// The column in which output n lies: column c is in panel c / panel.
  int64_t columnOf(int64_t n, MatrixShape matrix) const;
  /// The output in a column below panelCount * panel; none in padding.
  std::optional<int64_t> outputAt(int64_t column, MatrixShape matrix) const;

  /// Where W[n][k] lies, in elements. Not quantised.
  int64_t elementOffset(int64_t n, int64_t k, MatrixShape matrix) const;
  /// Where some bits of the u of W[n][k] lie: u has ((byte >> shift) & mask) <<
  /// firstBit.
  struct Bits {
    int64_t byte;
    unsigned shift, mask, firstBit;
  };
  /// All of them, plane by plane. Quantised.
  llvm::SmallVector<Bits, 2> bitsOf(int64_t n, int64_t k,
                                    MatrixShape matrix) const;
  /// Where the scale of W[n][k] lies, byte by byte or plane by plane, and its
  /// minimum, where it has one. Quantised.
  llvm::SmallVector<Bits, 4> bitsOfScale(int64_t n, int64_t k,
                                         MatrixShape matrix) const;
  llvm::SmallVector<Bits, 4> bitsOfMinimum(int64_t n, int64_t k,
                                           MatrixShape matrix) const;
  /// The first byte of the f16 of its span, where there are such.
  int64_t spanScaleOffset(int64_t n, int64_t k, MatrixShape matrix) const;
  int64_t spanMinimumOffset(int64_t n, int64_t k, MatrixShape matrix) const;

  //===--- Within a step of groups ----------------------------------------===//

  /// What u is multiplied with for bytes whose zero is 128.
  int64_t multiple() const { return int64_t(1) << (8 - format().bits()); }
  /// Groups of a step; where their scales and minima begin in a step, unless
  /// they are narrow; bytes of what all columns have of a span, and where
  /// narrow scales begin there. Times the panel's columns.
  int64_t stepGroups() const { return stepInputs() / format().group; }
  int64_t scalesInStep() const { return stepInputs() * format().bits() / 8; }
  int64_t minimaInStep() const {
    return scalesInStep() + stepGroups() * format().scaleBits() / 8;
  }
  int64_t spanBytes() const {
    return scalesInSpan() + format().spanNumbers() * format().scaleBits() / 8;
  }
  int64_t scalesInSpan() const {
    return format().hasSpans() ? 2 * format().numbers() : 0;
  }
  /// Steps of a span, and the bytes from one to the next.
  int64_t spanSteps() const { return PackedFormat::spanSize / stepInputs(); }
  int64_t spanStride() const {
    return panel * spanBytes() + spanSteps() * stepBytes();
  }
  /// Where a step of k begins in a panel.
  int64_t stepOffset(int64_t step) const {
    if (!format().hasSpans())
      return step * stepBytes();
    return step / spanSteps() * spanStride() + panel * spanBytes() +
           step % spanSteps() * stepBytes();
  }

  /// `plain f32`, `plain bf16 transposed`, `panel<32> f32 transposed
  /// groups<768, 256, 256>`, `panel<32, 2> bf16`, `panel<32, 4> q8 paired`.
  std::string asString() const;
  static llvm::Expected<PackedLayout> parse(llvm::StringRef text);

  bool operator==(const PackedLayout &other) const = default;

private:
  llvm::SmallVector<Bits, 4> bitsOfNumber(bool isMinimum, int64_t n, int64_t k,
                                          MatrixShape matrix) const;
};

/// A row of K activations, quantised: what kernel.narrow leaves for products
/// with quantised weights. Every x[k] becomes q[k] = round(x[k] / d), ties to
/// even, -L <= q <= L, with a scale d for the row or for each group of 16 or
/// 32, as the weight has them. L is 127, or 127 * 255 where rows of groups are
/// `wide`. Let m be the largest |x[k]| of a group, and M that of the row,
/// 2^-100 at least, 2^-92 where wide:
///
///   of a row      d = M / L
///   of a group    d = unit * (2^high + 2^low),   unit = M / (L * 2^16),
///                 the least such d that is m / L at least, high >= low >= 0
///
/// Scales are then multiplied by adding to exponents: multiplications are what
/// products have too many of. The d of a group is 1.1 times m / L in the mean,
/// and less than 4/3 times as large but where m is next to nothing beside M.
///
///   K bytes    q; where wide, h of q = 255 h + l, -127 <= l <= 127
///   zeros      to a whole number of steps of 32
///   K bytes    l, and zeros; wide only
///   zeros      as many as the sizes below need
///   [G] i32    high * 2^23, what to add to the bits of an f32; of groups only
///   [G] i32    low * 2^23, likewise
///   [G] f32    (the sum of the group's q) * (2^high + 2^low); of groups only
///   [G] i32    starts, -128 * (the sum of the group's l); wide only
///   [G] i32    starts, -128 * (the sum of the group's first bytes); G = 1 for
///              a row
///   f32        unit, or d of a row
///
/// A product sums u8 * s8 from `start` on:
///   start + sum of u q = sum of (u - 128) q,
/// and of fewer bits, with u * 2^(8 - bits) for u, 2^(8 - bits) times the sum
/// of (u - zeroPoint) q. Multiplied with the scale of the group and that of the
/// weight, this is the sum over the group of W[n][k] x[k]. Where the weight has
/// minima, (minimum + zeroPoint * scale) times the sum of the group's q is to
/// be added.
struct QuantisedRow {
  int64_t inputs = 0;
  int64_t group = 0; ///< 0: the row
  bool wide = false;

  /// For the product with a weight of that type.
  static QuantisedRow of(PackedType type, int64_t inputs, bool wide = false) {
    assert(isQuantised(type) && "activations stay as they are");
    return {inputs, formatOf(type).group, wide};
  }

  /// What M is at least: units stay normal numbers.
  float leastMagnitude() const { return wide ? 0x1p-92f : 0x1p-100f; }
  /// The largest 2^high + 2^low.
  static constexpr float largestMultiple = 0x1p16f;
  /// L.
  float largest() const { return wide ? 127 * 255 : 127; }

  bool isGrouped() const { return group != 0; }
  int64_t groupCount() const;
  /// Bytes of q or of one half of it, with zeros.
  int64_t paddedInputs() const;
  /// Bytes of a row, a multiple of PackedLayout::alignment.
  int64_t bytes() const;
  /// First bytes: of l, of what is behind q and zeros, of the strips for the
  /// first group, and of the f32 at the row's end.
  int64_t lowBytesOffset() const { return paddedInputs(); }
  int64_t numbersOffset() const {
    return isGrouped() ? highOffset() : startOffset();
  }
  int64_t highOffset() const { return lowOffset() - 4 * groupCount(); }
  int64_t lowOffset() const { return sumOffset() - 4 * groupCount(); }
  int64_t sumOffset() const {
    return startOffset() - (wide ? 2 : 1) * 4 * groupCount();
  }
  int64_t lowStartOffset() const { return startOffset() - 4 * groupCount(); }
  int64_t startOffset() const { return scaleOffset() - 4 * groupCount(); }
  int64_t scaleOffset() const { return bytes() - 4; }
};

} // namespace heddle::kernel

#endif // HEDDLE_DIALECTS_KERNEL_LAYOUT_H
