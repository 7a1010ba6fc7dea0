//===- Quantise.h - Runs of weights as small integers -----------*- C++ -*-===//
//
// What packed layouts of quantised types hold: unsigned integers, and scales
// and minima for groups of weights of one output
// (dialects/kernel/PackedFormat.h). They are chosen for the least sum of
// squared errors, each weighted with the importance of its input: of a grid of
// scales about the one that spans the weights, the one whose integers, with the
// scale and the minimum that then fit best, err least. Eight bits are taken
// with the scale that meets the largest magnitude.
//
// Where numbers are stored as f16 or small integers, weights are rounded with
// what they became, to nearest, ties to even. A run with an infinity or a NaN
// has a NaN for its scale, so that it does not vanish.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H
#define HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H

#include "dialects/kernel/PackedFormat.h"
#include <cstddef>
#include <cstdint>

namespace heddle::checkpoint {

/// The numbers of a run (PackedFormat::run()): bits as layouts store them, of
/// its groups and of its span.
struct RunNumbers {
  static constexpr unsigned mostGroups = 16;
  uint32_t scales[mostGroups], minima[mostGroups];
  uint16_t spanScale, spanMinimum;
};

/// to[i] = u of from[i], for a run or the beginning of one. `importance`, of
/// each input, is 1 where null.
RunNumbers quantise(const kernel::PackedFormat &format, const float *from,
                    const float *importance, uint8_t *to, size_t count);

/// What a run stands for.
void dequantise(const kernel::PackedFormat &format, const uint8_t *from,
                const RunNumbers &numbers, float *to, size_t count);

/// The largest magnitude among them; a NaN counts as more than infinity.
float largestMagnitude(const float *from, size_t count);

/// The largest magnitude that a type of weights holds.
float largestWeight(kernel::PackedType type);

/// What a type of weights does to numbers that are out of its range, as largest
/// magnitudes of runs; 0: to none.
struct RangeLoss {
  float largest = 0;  ///< of all there are
  float tooLarge = 0; ///< become smaller by far, or infinite
  /// They or their scale are no normal f16, and they are wrong by more than
  /// 1/64.
  float coarse = 0;

  /// Of a run that became `to` and `numbers`.
  void addRun(const kernel::PackedFormat &format, const float *from,
              size_t count, const uint8_t *to, const RunNumbers &numbers);
  /// Of floats that become f16.
  void addHalves(const float *from, size_t count);
  void add(const RangeLoss &other);
  /// Whether what is coarse is not small beside the tensor's other weights.
  bool matters() const { return coarse > largest / 256; }
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_QUANTISE_H
