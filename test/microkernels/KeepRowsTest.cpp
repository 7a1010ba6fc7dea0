//===- KeepRowsTest.cpp - rows in 8 bits, to the bit ----------------------===//

#include "QuantisedRows.h"
#include "dialects/kernel/KeptRow.h"

using namespace heddle::test;
using heddle::kernel::KeptRow;

namespace {

constexpr uint8_t untouched = 0xa5;
constexpr int64_t apart = 3; ///< bytes between kept rows

/// As the formula says, by the numbers that it rounds to.
std::vector<uint8_t> kept(const float *x, int64_t size) {
  float largest = KeptRow::leastMagnitude;
  for (int64_t k = 0; k < size; ++k)
    largest = std::max(largest, std::fabs(x[k]));
  std::vector<uint8_t> bytes(KeptRow::bytes(size));
  for (int64_t k = 0; k < size; ++k)
    bytes[k] = static_cast<uint8_t>(
        static_cast<int8_t>(std::nearbyint(x[k] * (127 / largest))));
  float scale = largest / 127;
  std::memcpy(&bytes[size], &scale, sizeof scale);
  return bytes;
}

class KeepRowsTest : public testing::TestWithParam<std::string> {
protected:
  std::vector<uint8_t> run(const std::vector<float> &x, int64_t rows,
                           int64_t size, int64_t xStride) {
    int64_t bytes = KeptRow::bytes(size), stride = bytes + apart;
    auto text = [](int64_t number) { return std::to_string(number); };
    std::string from = "memref<?x" + text(size) + "xf32, strided<[" +
                       text(xStride) + ", 1]>>",
                to = "memref<?x" + text(bytes) + "xi8, strided<[" +
                     text(stride) + ", 1]>>";
    auto program = Program::compile(
        "func.func @f(%x: " + from + ", %rows: " + to +
            ") attributes {llvm.emit_c_interface} {\nkernel.keep_rows %x into "
            "%rows : " +
            from + " into " + to + "\nreturn\n}\n",
        GetParam());
    using Function = void(Buffer<2, const float> *, Buffer<2, uint8_t> *);
    auto *function =
        reinterpret_cast<Function *>(program->find("_mlir_ciface_f"));
    std::vector<uint8_t> result(rows * stride, untouched);
    Buffer<2, const float> bx = {
        x.data(), x.data(), 0, {rows, size}, {xStride, 1}};
    Buffer<2, uint8_t> by = {
        result.data(), result.data(), 0, {rows, bytes}, {stride, 1}};
    function(&bx, &by);
    return result;
  }

  void expectKept(const std::vector<float> &x, int64_t rows, int64_t size,
                  int64_t xStride) {
    std::vector<uint8_t> found = run(x, rows, size, xStride);
    int64_t bytes = KeptRow::bytes(size);
    for (int64_t row = 0; row < rows; ++row) {
      std::vector<uint8_t> expected = kept(&x[row * xStride], size);
      expected.resize(bytes + apart, untouched);
      for (int64_t byte = 0; byte < bytes + apart; ++byte)
        ASSERT_EQ(found[row * (bytes + apart) + byte], expected[byte])
            << size << " elements, row " << row << ", byte " << byte;
    }
  }
};

TEST_P(KeepRowsTest, EverySize) {
  for (int64_t size : {1, 2, 3, 5, 8, 15, 16, 17, 31, 40, 64, 80, 96, 128, 256})
    expectKept(randomFloats(5 * (size + 2), size), 5, size, size + 2);
}

TEST_P(KeepRowsTest, TiesGoToEven) {
  expectKept({127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5}, 1, 8, 8);
}

TEST_P(KeepRowsTest, ZerosAndTinyNumbers) {
  expectKept(std::vector<float>(64, 0), 2, 32, 32);
  expectKept(std::vector<float>(64, 0x1p-140f), 2, 32, 32);
  expectKept(std::vector<float>(64, 3e38f), 2, 32, 32);
}

/// The scale says it; the bytes are any.
TEST_P(KeepRowsTest, WhatIsNoNumberMakesTheRowNone) {
  std::vector<float> x(40, 1);
  x[7] = std::numeric_limits<float>::quiet_NaN();
  std::vector<uint8_t> found = run(x, 2, 20, 20);
  float scales[2];
  for (int row : {0, 1})
    std::memcpy(&scales[row], &found[row * (24 + apart) + 20], 4);
  EXPECT_TRUE(std::isnan(scales[0]));
  EXPECT_EQ(scales[1], 1.f / 127);
}

INSTANTIATE_TEST_SUITE_P(Targets, KeepRowsTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
