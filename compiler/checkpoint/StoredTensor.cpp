//===- StoredTensor.cpp - What a checkpoint says of a tensor --------------===//

#include "compiler/checkpoint/StoredTensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

struct DTypeInfo {
  DType type;
  StringLiteral name;
  unsigned bits;
};

constexpr DTypeInfo dtypes[] = {
    {DType::BOOL, "BOOL", 8},       {DType::U8, "U8", 8},
    {DType::I8, "I8", 8},           {DType::F8_E5M2, "F8_E5M2", 8},
    {DType::F8_E4M3, "F8_E4M3", 8}, {DType::F8_E8M0, "F8_E8M0", 8},
    {DType::F4, "F4", 4},           {DType::F6_E2M3, "F6_E2M3", 6},
    {DType::F6_E3M2, "F6_E3M2", 6}, {DType::I16, "I16", 16},
    {DType::U16, "U16", 16},        {DType::F16, "F16", 16},
    {DType::BF16, "BF16", 16},      {DType::I32, "I32", 32},
    {DType::U32, "U32", 32},        {DType::F32, "F32", 32},
    {DType::F64, "F64", 64},        {DType::I64, "I64", 64},
    {DType::U64, "U64", 64},        {DType::C64, "C64", 64},
};

const DTypeInfo &infoOf(DType type) {
  const DTypeInfo &info = dtypes[static_cast<size_t>(type)];
  assert(info.type == type && "the table is in the order of the enumeration");
  return info;
}

} // namespace

StringRef nameOf(DType type) { return infoOf(type).name; }
unsigned bitsOf(DType type) { return infoOf(type).bits; }

std::optional<DType> dtypeNamed(StringRef name) {
  for (const DTypeInfo &info : dtypes)
    if (info.name == name)
      return info.type;
  return std::nullopt;
}

bool holdsWeights(DType type) {
  switch (type) {
  case DType::F32:
  case DType::F16:
  case DType::BF16:
  case DType::F64:
  case DType::F8_E4M3:
  case DType::F8_E5M2:
    return true;
  default:
    return false;
  }
}

std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  raw_string_ostream os(text);
  os << '[';
  interleaveComma(shape, os);
  os << ']';
  return text;
}

} // namespace heddle::checkpoint
