//===- StoredTensor.h - What a checkpoint says of a tensor ------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_STOREDTENSOR_H
#define HEDDLE_COMPILER_CHECKPOINT_STOREDTENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace heddle::checkpoint {

/// Element types, by the names that safetensors has for them. Weights are
/// floats of 8 bits or more; tensors of the others are accepted where nothing
/// needs them.
enum class DType : uint8_t {
  BOOL,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  F8_E8M0,
  F4,
  F6_E2M3,
  F6_E3M2,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  F64,
  I64,
  U64,
  C64
};

llvm::StringRef nameOf(DType type);
unsigned bitsOf(DType type);
std::optional<DType> dtypeNamed(llvm::StringRef name);
/// Whether it is one of weightTypes.
bool holdsWeights(DType type);
constexpr llvm::StringLiteral weightTypes =
    "F32, F16, BF16, F64, F8_E4M3 or F8_E5M2";

/// `[2, 3, 5]`
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// One tensor of a file: where its bytes lie, row-major and little-endian.
struct StoredTensor {
  std::string name;
  DType dtype;
  llvm::SmallVector<int64_t, 4> shape;
  uint64_t offset; ///< from the start of the file
  uint64_t bytes;
  unsigned file; ///< index of the file within its checkpoint
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_STOREDTENSOR_H
