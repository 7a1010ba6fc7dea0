//===- Quantise.h - Runs of weights as small integers -----------*- C++ -*-===//
//
// What packed layouts of quantised types hold: unsigned integers, and a scale
// for a run of weights of one output (dialects/kernel/PackedFormat.h). With z
// the format's zero point, to nearest, ties to even:
//
//   u = z + round(x / d)
//   symmetric (i8, q8):  d = max |x| / (z − 1)
//   whole (q4):          d = x[e] / −z with e where |x| is largest, so that
//                        this one is met exactly; u is at most 2 z − 1
//
// Where d is stored as an f16, rounding is done with what it became. A run with
// an infinity or a NaN has a NaN for its scale, so that it does not vanish.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H
#define HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H

#include "dialects/kernel/PackedFormat.h"
#include <cstddef>
#include <cstdint>

namespace heddle::checkpoint {

/// to[i] = u of from[i]; the bits of the scale are returned, those of an f16 or
/// of an f32 as the format has it.
uint32_t quantise(const kernel::PackedFormat &format, const float *from,
                  uint8_t *to, size_t count);

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

  /// Of a run for which quantise() returned `scale`.
  void addRun(const kernel::PackedFormat &format, const float *from,
              size_t count, uint32_t scale);
  void add(const RangeLoss &other);
  /// Whether what is coarse is not small beside the tensor's other weights.
  bool matters() const { return coarse > largest / 256; }

private:
  /// Of a row with an f32 for its scale.
  void addRow(const float *from, size_t count, float scale);
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H
