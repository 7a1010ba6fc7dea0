//===- Quantise.h - Runs of weights as small integers -----------*- C++ -*-===//
//
// What packed layouts of the types i8, q8 and q4 hold: unsigned integers, and a
// scale for a run of weights of one output (dialects/kernel/Layout.h):
//
//   i8, q8:  u = 128 + round(x / d), d = max |x| / 127
//   q4:      u = 8 + round(x / d), at most 15, d = x[e] / -8 with e where
//            |x| is largest, so that this one is met exactly (ggml's q4_0)
//
// The d of q8 and q4 is an f16, and rounding is done with what it became, to
// nearest, ties to even. A run with an infinity or a NaN has a NaN for its
// scale, so that it does not vanish.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H
#define HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H

#include "dialects/kernel/Layout.h"
#include <cstddef>
#include <cstdint>

namespace heddle::checkpoint {

/// to[i] = u of from[i]; the scale is returned.
float quantiseI8(const float *from, uint8_t *to, size_t count);
/// The same with the bits of an f16.
uint16_t quantiseQ8(const float *from, uint8_t *to, size_t count);
uint16_t quantiseQ4(const float *from, uint8_t *to, size_t count);

/// The largest magnitude among them; a NaN counts as more than infinity.
float largestMagnitude(const float *from, size_t count);

/// The largest magnitude that a type of weights holds.
float largestWeight(kernel::PackedType type);

/// What a type of weights does to numbers that are out of its range, as largest
/// magnitudes of runs; 0: to none.
struct RangeLoss {
  float largest = 0;  ///< of all there are
  float tooLarge = 0; ///< become smaller by far, or infinite
  /// Their scale is so small that, as an f16, it is wrong by more than 1/64.
  float coarse = 0;

  /// Of a run with this scale, an f16, and `steps` steps up to its largest.
  void addRun(const float *from, size_t count, uint16_t scale, float steps);
  /// Of a row with an f32 for its scale.
  void addRow(const float *from, size_t count, float scale);
  void add(const RangeLoss &other);
  /// Whether what is coarse is not small beside the tensor's other weights.
  bool matters() const { return coarse > largest / 256; }
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H
