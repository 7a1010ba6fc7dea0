//===- PackedFormat.h - The types of packed weights -------------*- C++ -*-===//
//
// One table of the element types that a weight may have in the packed file.
// Packer, reference, emitters, verifiers and the choices of `--quant` read it:
// a new type is a line of the enumeration and a row of the table.
//
// An element of a quantised type stands for
//
//   W[n][k] = (u − zeroPoint) * scale,   0 <= u < 2^bits,
//   zeroPoint = 2^(bits − 1).
//
// The bits of u may lie in several planes (PackedFormat::Plane), so that six of
// them, say, are a plane of four and a plane of two.
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

enum class PackedType : uint8_t { F32, BF16, I8, Q8, Q6, Q4 };

struct PackedFormat {
  /// Successive k that share a scale where not all of a row does. Activations
  /// are quantised in the same groups (QuantisedRow in Layout.h).
  static constexpr int64_t groupSize = 32;

  enum class Scale : uint8_t { None, F16, F32 };
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

  constexpr bool isQuantised() const { return scale != Scale::None; }
  constexpr bool isGrouped() const { return group != 0; }
  constexpr unsigned bits() const { return planeBits[0] + planeBits[1]; }
  constexpr int64_t scaleBytes() const {
    return scale == Scale::None ? 0 : scale == Scale::F16 ? 2 : 4;
  }

  constexpr int zeroPoint() const { return 1 << (bits() - 1); }
  /// Steps of the scale from zero to the largest magnitude.
  constexpr int steps() const {
    return range == Range::Whole ? zeroPoint() : zeroPoint() - 1;
  }

  /// A plane of a step of a panel (Layout.h): of every column some bytes, each
  /// of which holds `8 / bits` parts. Part p of byte b, the lowest part first,
  /// belongs to the element k = p * bytes + b of the step and is the bits
  /// firstBit … firstBit + bits − 1 of its u.
  struct Plane {
    unsigned bits, firstBit;
    /// Of one column: what the planes before take, and what this one takes.
    int64_t offset, bytes;

    unsigned parts() const { return 8 / bits; }
    unsigned mask() const { return (1u << bits) - 1; }
  };
  /// Those of a step of `inputs` successive k. Quantised.
  llvm::SmallVector<Plane, 2> planes(int64_t inputs) const;
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
