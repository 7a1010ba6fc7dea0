//===- KeptRow.h - keys and values kept in 8 bits ---------------*- C++ -*-===//
//
// What a session keeps of a head at a position, where its elements stand for
// themselves times a scale (!nn.dynamic<row>):
//
//   [K] i8   q, from −127 to 127
//   f32      scale, which need not be aligned
//
// The bytes of a position that follow one another are a stream's share of it:
// nothing that moves positions has to know.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_KEPTROW_H
#define HEDDLE_DIALECTS_KERNEL_KEPTROW_H

#include <cstdint>

namespace heddle::kernel {

struct KeptRow {
  /// Of a row with so many elements.
  static constexpr int64_t bytes(int64_t elements) { return elements + 4; }
  static constexpr int64_t elements(int64_t bytes) { return bytes - 4; }

  static constexpr float largest = 127;
  /// What the largest magnitude of a row counts as at least: scales stay normal
  /// numbers.
  static constexpr float leastMagnitude = 0x1p-100f;
};

} // namespace heddle::kernel

#endif // HEDDLE_DIALECTS_KERNEL_KEPTROW_H
