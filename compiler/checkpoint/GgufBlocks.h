//===- GgufBlocks.h - How GGUF stores weights -------------------*- C++ -*-===//
//
// A row of a tensor is a run of blocks. A block holds small integers and, for
// each group of them, a scale and perhaps a minimum:
//
//   weight[i] = scale[i / group] * integer[i] - minimum[i / group]
//
// each operation rounded to f32 (ggml-quants.c of llama.cpp; the numbers are
// those of the package `gguf`). Who wants the weights takes the floats, who
// keeps them as they are the parts.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUFBLOCKS_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUFBLOCKS_H

#include "compiler/checkpoint/Quantise.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace heddle::checkpoint {

/// One block, taken apart.
struct GgufBlock {
  static constexpr unsigned most = 256;      ///< elements
  static constexpr unsigned mostGroups = 16; ///< in a block
  int8_t integers[most];
  float scales[mostGroups];
  float minima[mostGroups];
  /// Of formats whose scales are small integers: those, and what each is
  /// multiplied with.
  int8_t scaleSteps[mostGroups], minimumSteps[mostGroups];
  float ofScales, ofMinima;
};

struct GgufBlockFormat {
  uint32_t id; ///< its number in the file
  llvm::StringLiteral name;
  unsigned elements, bytes; ///< of a block
  unsigned group;           ///< elements that share a scale; 0: no integers
  bool hasMinima;
  /// Of formats with groups. Null with no group: floats as they are, or a
  /// format that is known by name only.
  void (*unpack)(const uint8_t *block, GgufBlock &parts);
  /// The type of packed weights that holds the same numbers; F32: none does.
  kernel::PackedType packed = kernel::PackedType::F32;

  bool isFloat() const;
  /// Whether toFloats() can read it.
  bool isReadable() const { return unpack || isFloat(); }
  /// `count` whole blocks as floats: to[count * elements].
  void toFloats(const uint8_t *blocks, float *to, uint64_t count) const;
  /// The same as integers of the packed type, and the numbers of its runs.
  /// False where a scale is no f16, which a block of MXFP4 may have.
  bool toIntegers(const uint8_t *blocks, uint8_t *to, RunNumbers *numbers,
                  uint64_t count) const;
};

/// Null where no format has that number.
const GgufBlockFormat *ggufBlockFormat(uint32_t id);

/// `F32, F16, …`: those that can be read.
std::string readableGgufFormats();

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUFBLOCKS_H
