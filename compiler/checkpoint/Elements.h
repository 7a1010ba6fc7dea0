//===- Elements.h - Runs of weight elements ---------------------*- C++ -*-===//
//
// Conversions between stored, computed and packed element types, and weights
// made from a seed. Straight loops over contiguous runs, which vectorise.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_ELEMENTS_H
#define HEDDLE_COMPILER_CHECKPOINT_ELEMENTS_H

#include "compiler/checkpoint/StoredTensor.h"
#include "dialects/kernel/PackedFormat.h"
#include "dialects/program/ProgramEnums.h"

namespace heddle::checkpoint {

/// The narrowest type of packed floats that holds all numbers of a type of
/// weights, or f32.
kernel::PackedType exactFloats(DType type);

/// `count` elements of a type of weights (little-endian) as floats: exact,
/// subnormals and the payloads of NaN included, but for F64, of which each
/// becomes the nearest float. `from` needs no alignment.
void toFloat(DType type, const char *from, float *to, size_t count);

/// Rounds to the nearest bf16, ties to even. A NaN stays a NaN.
void toBF16(const float *from, uint16_t *to, size_t count);

/// The same to f16: a number beyond 65504 may become infinite.
void toF16(const float *from, uint16_t *to, size_t count);

/// The bits of the nearest f16, ties to even; of an infinite one, those of the
/// largest.
uint16_t toHalf(float number);
float fromHalf(uint16_t half);
/// Whether a number is finite and an f16.
bool isHalf(float number);

/// to[c * toStride + r] = from[r * fromStride + c] for r < rows, c < columns.
void transpose(const float *from, size_t rows, size_t columns,
               size_t fromStride, float *to, size_t toStride);

/// How many of the elements are infinite or NaN.
size_t countNonFinite(const float *elements, size_t count);

/// The elements of one weight, each a function of its index alone: the same
/// whatever the layout, the order or the number of threads. Normal has mean 0
/// and standard deviation 0.02 (BERT, GPT-2).
class RandomElements {
public:
  RandomElements(uint64_t seed, llvm::StringRef path, program::Fill fill);

  /// to[i] = element (first + i * step).
  void fill(uint64_t first, uint64_t step, float *to, size_t count) const;

private:
  uint64_t stream;
  program::Fill kind;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_ELEMENTS_H
