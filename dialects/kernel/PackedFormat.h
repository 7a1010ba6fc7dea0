//===- PackedFormat.h - The types of packed weights -------------*- C++ -*-===//
//
// One table of the element types that a weight may have in the packed file.
// Packer, reference, emitters, verifiers and the choices of `--quant` read it:
// a new type is a line of the enumeration and a row of the table.
//
// An element of a quantised type stands for
//
//   W[n][k] = (u − zeroPoint) * scale,   0 <= u < 2^bits,
//   zeroPoint = 2^(bits − 1),
//
// or, where groups have minima, for u * scale + minimum. In groups, a scale is
// an f16, or a small integer of the group times an f16 of a span of 256; so is
// a minimum. The names and the numbers are those of ggml where it has the same
// (q4 and q5 are its q4_0 and q5_0), so that its blocks keep their bits.
//
// The bits of u may lie in several planes (PackedFormat::Plane), so that six of
// them, say, are a plane of four and a plane of two. So do those of integers
// that are scales and minima, where they have fewer than eight.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_DIALECTS_KERNEL_PACKEDFORMAT_H
#define HEDDLE_DIALECTS_KERNEL_PACKEDFORMAT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <optional>
#include <string>

namespace heddle::kernel {

enum class PackedType : uint8_t {
  F32,
  BF16,
  F16,
  I8,
  Q8,
  Q6,
  Q5,
  Q4,
  Q5_1,
  Q4_1,
  Q6_K,
  Q5_K,
  Q4_K,
  Q3_K,
  Q2_K
};

struct PackedFormat {
  /// Successive k of a step of a panel where scales are of groups: one of 32
  /// or two of 16. Activations are quantised in the same groups (QuantisedRow
  /// in Layout.h).
  static constexpr int64_t stepSize = 32;
  /// Successive k that share an f16 where scales are integers.
  static constexpr int64_t spanSize = 256;

  enum class Scale : uint8_t {
    None,
    F16,
    F32,
    // Integers, times the f16 of a span.
    I8,
    I6, ///< −32 … 31, or 0 … 63 where groups have minima
    I4  ///< 0 … 15
  };
  /// Which numbers u − zeroPoint the quantiser chooses from, z = zeroPoint.
  enum class Range : uint8_t {
    Symmetric, ///< −(z − 1) … z − 1: the largest |x| becomes ±(z − 1)
    Whole      ///< −z … z − 1: the x of largest magnitude becomes −z
  };

  PackedType type;
  llvm::StringLiteral name;
  /// Of two types for a weight, `keep` chooses the one with more.
  unsigned precision;
  /// Successive k that lie together for one column of a product's panel, as
  /// the machine's dot products take them.
  int64_t interleave;
  /// Bits of an element in each plane, the lowest of u first; a type that is
  /// not quantised has one plane.
  std::array<unsigned, 2> planeBits;
  /// Quantised: successive k that share a scale (0: all of a row), the type of
  /// the scale, and the range of u.
  int64_t group = 0;
  Scale scale = Scale::None;
  Range range = Range::Symmetric;
  /// Of groups: whether each has a minimum, of the type of the scales.
  bool hasMinima = false;

  constexpr bool isQuantised() const { return scale != Scale::None; }
  constexpr bool isGrouped() const { return group != 0; }
  constexpr unsigned bits() const { return planeBits[0] + planeBits[1]; }
  /// Bits of a scale; a minimum has as many.
  constexpr unsigned scaleBits() const {
    switch (scale) {
    case Scale::None:
      return 0;
    case Scale::F16:
      return 16;
    case Scale::F32:
      return 32;
    case Scale::I8:
      return 8;
    case Scale::I6:
      return 6;
    case Scale::I4:
      return 4;
    }
    return 0;
  }
  /// Whether scales are integers.
  constexpr bool hasSpans() const {
    return isQuantised() && scale != Scale::F16 && scale != Scale::F32;
  }
  /// Whether they lie with what a span has, in planes.
  constexpr bool hasNarrowScales() const {
    return hasSpans() && scaleBits() < 8;
  }
  /// What is taken from the bits of a narrow scale.
  constexpr int scaleZero() const {
    return hasNarrowScales() && !hasMinima ? 1 << (scaleBits() - 1) : 0;
  }
  /// The integers that scales may be for the quantiser.
  constexpr int leastScale() const {
    return hasNarrowScales() ? -scaleZero() : -127;
  }
  constexpr int mostScale() const {
    return hasNarrowScales() ? (1 << scaleBits()) - 1 - scaleZero() : 127;
  }
  /// Numbers of a group, and of a span where there are such: a scale, and
  /// perhaps a minimum.
  constexpr int64_t numbers() const { return hasMinima ? 2 : 1; }
  /// Successive k that are quantised together; 0: all of a row.
  constexpr int64_t run() const { return hasSpans() ? spanSize : group; }
  /// What a weight takes of a long row, scales included.
  constexpr double bitsPerWeight() const {
    double ofGroup = static_cast<double>(numbers() * scaleBits());
    double ofSpan = hasSpans() ? 16.0 * static_cast<double>(numbers()) : 0;
    return bits() + (group ? ofGroup / static_cast<double>(group) : 0) +
           ofSpan / static_cast<double>(spanSize);
  }

  constexpr int zeroPoint() const { return 1 << (bits() - 1); }
  /// Steps of the scale from zero to the largest magnitude.
  constexpr int steps() const {
    return range == Range::Whole ? zeroPoint() : zeroPoint() - 1;
  }

  /// A plane of a step of a panel (Layout.h): of every column some bytes, each
  /// of which holds `8 / bits` parts. Part p of byte b, the lowest part first,
  /// belongs to the element k = p * bytes + b of the step and is the bits
  /// firstBit … firstBit + bits − 1 of its u. Or of the narrow scales and
  /// minima of a span, likewise.
  struct Plane {
    unsigned bits, firstBit;
    /// Of one column: what the planes before take, and what this one takes.
    int64_t offset, bytes;

    unsigned parts() const { return 8 / bits; }
    unsigned mask() const { return (1u << bits) - 1; }
  };
  /// Those of a step of `inputs` successive k. Quantised.
  llvm::SmallVector<Plane, 2> planes(int64_t inputs) const;

  /// Of narrow scales: those of a span, with minima, and their planes. First
  /// that of the first group of every step, then that of the second, then
  /// minima in the same order.
  constexpr int64_t spanNumbers() const {
    return hasNarrowScales() ? spanSize / group * numbers() : 0;
  }
  llvm::SmallVector<Plane, 2> scalePlanes() const;
};

/// All formats, in the order of PackedType.
llvm::ArrayRef<PackedFormat> packedFormats();
const PackedFormat &formatOf(PackedType type);
std::optional<PackedType> packedTypeNamed(llvm::StringRef name);
/// `f32, bf16, i8 or q8`: for messages.
std::string packedTypeNames();

inline llvm::StringRef nameOf(PackedType type) { return formatOf(type).name; }
/// Small integers with scales, which exist in panels only.
inline bool isQuantised(PackedType type) {
  return formatOf(type).isQuantised();
}
/// Bytes of an element of a type that is not quantised.
int64_t bytesOf(PackedType type);

} // namespace heddle::kernel

#endif // HEDDLE_DIALECTS_KERNEL_PACKEDFORMAT_H
