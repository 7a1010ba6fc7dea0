//===- QuantisedRows.h - rows as kernel.narrow quantises them ---*- C++ -*-===//
//
// Plain C++ in the order that QuantisedRow states: integers are exact, and
// every f32 operation rounds as there. And the code that is compared with it.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_TEST_MICROKERNELS_QUANTISEDROWS_H
#define HEDDLE_TEST_MICROKERNELS_QUANTISEDROWS_H

#include "TargetTest.h"
#include "dialects/kernel/Layout.h"
#include <cmath>
#include <cstring>
#include <random>

namespace heddle::test {

using kernel::QuantisedRow;

inline std::vector<float> randomFloats(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> number(-3, 3);
  std::vector<float> floats(count);
  for (float &element : floats)
    element = number(random);
  return floats;
}

/// Bytes that begin at a line of memory, of a value that is no padding.
class Lines {
public:
  explicit Lines(size_t bytes) : storage(bytes + 64, 0x5a), bytes(bytes) {}
  uint8_t *data() {
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    return storage.data() + (64 - address % 64) % 64;
  }
  size_t size() const { return bytes; }

private:
  std::vector<uint8_t> storage;
  size_t bytes;
};

template <typename T> void put(uint8_t *to, T value) {
  std::memcpy(to, &value, sizeof value);
}
template <typename T> T get(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// The least 2^high + 2^low from `least` on, high >= low >= 0.
inline std::pair<int, int> leastMultiple(float least) {
  int high = 0, low = 0;
  while (std::ldexp(2.f, high) < least)
    ++high;
  while (std::ldexp(1.f, high) + std::ldexp(1.f, low) < least)
    ++low;
  return {high, low};
}

/// A row by the formulas of QuantisedRow.
inline std::vector<uint8_t> quantised(const QuantisedRow &row, const float *x) {
  std::vector<uint8_t> bytes(row.bytes(), 0);
  auto largest = [&](int64_t first, int64_t last) {
    float largest = 0;
    for (int64_t k = first; k < last; ++k)
      largest = std::max(largest, std::fabs(x[k]));
    return largest;
  };
  float ofRow = std::max(largest(0, row.inputs), row.leastMagnitude());
  float scale =
      row.isGrouped() ? ofRow / (row.largest() * 65536) : ofRow / row.largest();
  put(&bytes[row.scaleOffset()], scale);
  int64_t size = row.isGrouped() ? row.group : row.inputs;
  for (int64_t group = 0; group < row.groupCount(); ++group) {
    int64_t first = group * size, last = std::min(first + size, row.inputs);
    float inverse = row.largest() / ofRow, multiple = 1;
    if (row.isGrouped()) {
      auto [high, low] = leastMultiple(largest(first, last) / ofRow * 65536);
      put(&bytes[row.highOffset() + 4 * group], high << 23);
      put(&bytes[row.lowOffset() + 4 * group], low << 23);
      multiple = std::ldexp(1.f, high) + std::ldexp(1.f, low);
      inverse = 1 / (scale * multiple);
    }
    int32_t sum = 0, firsts = 0, lows = 0;
    for (int64_t k = first; k < last; ++k) {
      auto q = static_cast<int32_t>(std::nearbyint(x[k] * inverse));
      int32_t byte = row.wide ? std::lround(q / 255.) : q;
      int32_t low = q - 255 * byte;
      put(&bytes[k], static_cast<int8_t>(byte));
      if (row.wide)
        put(&bytes[row.lowBytesOffset() + k], static_cast<int8_t>(low));
      sum += q;
      firsts += byte;
      lows += low;
    }
    put(&bytes[row.startOffset() + 4 * group], -128 * firsts);
    if (row.wide)
      put(&bytes[row.lowStartOffset() + 4 * group], -128 * lows);
    if (row.isGrouped())
      put(&bytes[row.sumOffset() + 4 * group],
          static_cast<float>(sum) * multiple);
  }
  return bytes;
}

inline std::string matrixType(int64_t columns, int64_t stride,
                              const char *element) {
  return "memref<?x" + std::to_string(columns) + "x" + element + ", strided<[" +
         std::to_string(stride) + ", 1]>>";
}

/// What kernel.narrow is told.
inline std::string narrowAttributes(const QuantisedRow &row) {
  if (!row.isGrouped())
    return "";
  return "group " + std::to_string(row.group) + (row.wide ? " wide " : " ");
}

/// All kinds of rows of so many elements.
inline std::vector<QuantisedRow> everyRow(int64_t inputs) {
  return {{inputs, 0},
          {inputs, 16},
          {inputs, 32},
          {inputs, 16, true},
          {inputs, 32, true}};
}

/// kernel.narrow of rows of `inputs`, `xStride` apart.
class Narrow {
public:
  Narrow(QuantisedRow row, int64_t xStride, const std::string &target)
      : row(row), xStride(xStride) {
    std::string x = matrixType(row.inputs, xStride, "f32"),
                rows = "memref<?x" + std::to_string(row.bytes()) + "xi8>";
    program = Program::compile(
        "func.func @f(%x: " + x + ", %rows: " + rows +
            ") attributes {llvm.emit_c_interface} {\nkernel.narrow %x into "
            "%rows " +
            narrowAttributes(row) + ": " + x + " into " + rows +
            "\nreturn\n}\n",
        target);
    function = reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
  }

  Lines run(const std::vector<float> &x, int64_t rows) {
    Lines result(rows * row.bytes());
    Buffer<2, const float> bx = {
        x.data(), x.data(), 0, {rows, row.inputs}, {xStride, 1}};
    Buffer<2, uint8_t> by = {
        result.data(), result.data(), 0, {rows, row.bytes()}, {row.bytes(), 1}};
    function(&bx, &by);
    return result;
  }

private:
  using Function = void(Buffer<2, const float> *, Buffer<2, uint8_t> *);

  QuantisedRow row;
  int64_t xStride;
  std::unique_ptr<Program> program;
  Function *function;
};

} // namespace heddle::test

#endif // HEDDLE_TEST_MICROKERNELS_QUANTISEDROWS_H
