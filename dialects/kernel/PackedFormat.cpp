//===- PackedFormat.cpp - The table of packed weights' types --------------===//

#include "dialects/kernel/PackedFormat.h"
#include <cassert>

using namespace llvm;

namespace heddle::kernel {

using Scale = PackedFormat::Scale;
using Range = PackedFormat::Range;

// clang-format off
static constexpr PackedFormat formats[] = {
    // type, name, precision, interleave, planes, group, scale, range, minima
    {PackedType::F32,  "f32",  50, 1, {32, 0}},
    {PackedType::BF16, "bf16", 40, 2, {16, 0}},
    {PackedType::F16,  "f16",  45, 1, {16, 0}},
    {PackedType::I8,   "i8",   20, 4, {8, 0}, 0,  Scale::F32, Range::Symmetric},
    {PackedType::Q8,   "q8",   30, 4, {8, 0}, 32, Scale::F16, Range::Symmetric},
    {PackedType::Q6,   "q6",   16, 4, {4, 2}, 32, Scale::F16, Range::Whole},
    {PackedType::Q5,   "q5",   12, 4, {4, 1}, 32, Scale::F16, Range::Whole},
    {PackedType::Q4,   "q4",   9,  4, {4, 0}, 32, Scale::F16, Range::Whole},
    {PackedType::Q5_1, "q5_1", 13, 4, {4, 1}, 32, Scale::F16, Range::Whole, true},
    {PackedType::Q4_1, "q4_1", 10, 4, {4, 0}, 32, Scale::F16, Range::Whole, true},
    {PackedType::Q6_K, "q6_k", 17, 4, {4, 2}, 16, Scale::I8,  Range::Whole},
    {PackedType::Q5_K, "q5_k", 14, 4, {4, 1}, 32, Scale::I6,  Range::Whole, true},
    {PackedType::Q4_K, "q4_k", 11, 4, {4, 0}, 32, Scale::I6,  Range::Whole, true},
    {PackedType::Q3_K, "q3_k", 6,  4, {2, 1}, 16, Scale::I6,  Range::Whole},
    {PackedType::Q2_K, "q2_k", 3,  4, {2, 0}, 16, Scale::I4,  Range::Whole, true},
};
// clang-format on

/// The emitters take bytes u * 2^(8 − bits), whole parts of bytes, groups that
/// are whole parts of a step, and rows with floats.
static constexpr bool isWellFormed(const PackedFormat &format) {
  if (!format.isQuantised())
    return !format.isGrouped() && format.planeBits[1] == 0;
  for (unsigned bits : format.planeBits)
    if (bits && 8 % bits)
      return false;
  if (format.bits() > 8 || format.interleave != 4)
    return false;
  if (!format.isGrouped())
    return format.scale == Scale::F32 && format.planeBits[0] == 8 &&
           !format.hasMinima;
  return format.scale != Scale::F32 &&
         (format.group == 16 || format.group == PackedFormat::stepSize);
}

static constexpr bool isTable() {
  for (size_t row = 0; row < std::size(formats); ++row)
    if (static_cast<size_t>(formats[row].type) != row ||
        !isWellFormed(formats[row]))
      return false;
  return true;
}
static_assert(isTable(), "rows are well formed and in the order of the types");

ArrayRef<PackedFormat> packedFormats() { return formats; }

const PackedFormat &formatOf(PackedType type) {
  return formats[static_cast<size_t>(type)];
}

std::optional<PackedType> packedTypeNamed(StringRef name) {
  for (const PackedFormat &format : formats)
    if (format.name == name)
      return format.type;
  return std::nullopt;
}

std::string packedTypeNames() {
  std::string names = formats[0].name.str();
  for (const PackedFormat &format : packedFormats().drop_front())
    names +=
        (&format == std::end(formats) - 1 ? " or " : ", ") + format.name.str();
  return names;
}

int64_t bytesOf(PackedType type) {
  assert(!isQuantised(type) && "a quantised element has no bytes of its own");
  return formatOf(type).bits() / 8;
}

/// Of `count` numbers whose bits, from the lowest on, lie in such planes.
static SmallVector<PackedFormat::Plane, 2> planesOf(ArrayRef<unsigned> bitsOf,
                                                    int64_t count) {
  SmallVector<PackedFormat::Plane, 2> planes;
  unsigned firstBit = 0;
  int64_t offset = 0;
  for (unsigned bits : bitsOf) {
    if (!bits)
      break;
    int64_t bytes = count * bits / 8;
    planes.push_back({bits, firstBit, offset, bytes});
    firstBit += bits;
    offset += bytes;
  }
  return planes;
}

SmallVector<PackedFormat::Plane, 2> PackedFormat::planes(int64_t inputs) const {
  assert(isQuantised() && "other types are no integers");
  return planesOf(planeBits, inputs);
}

SmallVector<PackedFormat::Plane, 2> PackedFormat::scalePlanes() const {
  assert(hasNarrowScales() && "others lie byte by byte");
  return planesOf({4, scaleBits() - 4}, spanNumbers());
}

} // namespace heddle::kernel
