//===- NarrowTest.cpp - quantised rows, to the bit ------------------------===//

#include "QuantisedRows.h"

using namespace heddle::test;

namespace {

class NarrowTest : public testing::TestWithParam<std::string> {
protected:
  void expectQuantised(QuantisedRow row, const std::vector<float> &x,
                       int64_t rows, int64_t xStride) {
    Lines found = Narrow(row, xStride, GetParam()).run(x, rows);
    for (int64_t m = 0; m < rows; ++m) {
      std::vector<uint8_t> expected = quantised(row, &x[m * xStride]);
      for (int64_t byte = 0; byte < row.bytes(); ++byte)
        ASSERT_EQ(found.data()[m * row.bytes() + byte], expected[byte])
            << row.inputs << " " << narrowAttributes(row) << ", row " << m
            << ", byte " << byte;
    }
  }
};

TEST_P(NarrowTest, EveryTailOfInputs) {
  for (int64_t inputs : {1,  3,  4,  15, 16, 17,  31,  32,  33,  47,  48,  55,
                         56, 57, 63, 64, 65, 100, 512, 517, 530, 544, 1100})
    for (QuantisedRow row : everyRow(inputs))
      expectQuantised(row, randomFloats(3 * inputs, 5), 3, inputs);
}

TEST_P(NarrowTest, RowsApart) {
  for (QuantisedRow row : everyRow(37))
    expectQuantised(row, randomFloats(40 * 41, 6), 40, 41);
  for (QuantisedRow row : everyRow(70))
    expectQuantised(row, randomFloats(40 * 73, 6), 40, 73);
}

TEST_P(NarrowTest, TiesGoToEven) {
  // 127 / 127 is 1: halves stay halves.
  std::vector<float> x = {127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5};
  for (QuantisedRow row : everyRow(8))
    expectQuantised(row, x, 1, 8);
  EXPECT_EQ(quantised({8, 0}, x.data())[3], 2);
}

TEST_P(NarrowTest, ZerosAndTinyNumbers) {
  std::vector<float> x(96, 0);
  for (int64_t k = 32; k < 64; ++k)
    x[k] = 0x1p-101f;
  x[64] = 0x1p-100f;
  for (int64_t inputs : {32, 64, 96})
    for (QuantisedRow row : everyRow(inputs))
      expectQuantised(row, x, 1, inputs);
}

TEST_P(NarrowTest, GroupsOfAllMagnitudes) {
  // From the least multiple of the unit to the largest.
  std::vector<float> x = randomFloats(40 * 32, 8);
  for (int64_t k = 0; k < 40 * 32; ++k)
    x[k] = std::ldexp(x[k], -(k / 32) / 2);
  for (QuantisedRow row : everyRow(40 * 32))
    expectQuantised(row, x, 1, 40 * 32);
}

TEST_P(NarrowTest, ScalesAreLeastSumsOfTwoPowersOfTwo) {
  QuantisedRow row = {96, 32};
  std::vector<float> x(96, 0);
  x[0] = 127 * 1024;
  x[32] = 127 * 576;
  x[64] = 127 * 577;
  Lines found = Narrow(row, 96, GetParam()).run(x, 1);
  auto multiple = [&](int64_t group) {
    auto power = [&](int64_t offset) {
      int32_t exponent = get<int32_t>(found.data() + offset + 4 * group) >> 23;
      return int64_t(1) << exponent;
    };
    return power(row.highOffset()) + power(row.lowOffset());
  };
  EXPECT_EQ(get<float>(found.data() + row.scaleOffset()), 0x1p-6f);
  EXPECT_EQ(multiple(0), 65536);
  EXPECT_EQ(multiple(1), (512 + 64) * 64);
  EXPECT_EQ(multiple(2), (512 + 128) * 64);
  EXPECT_EQ(get<int8_t>(found.data() + 64), 114); // 127 * 577 / 640
}

TEST_P(NarrowTest, WideRowsHaveTwoBytes) {
  // The largest is 127 * 255 = 32385.
  QuantisedRow row = {32, 32, true};
  std::vector<float> x(32, 0);
  x[0] = 32385;
  x[1] = 127;
  x[2] = 128;
  x[3] = -129;
  x[4] = -32385;
  Lines found = Narrow(row, 32, GetParam()).run(x, 1);
  auto halves = [&](int64_t k) {
    return std::pair<int, int>(get<int8_t>(found.data() + k),
                               get<int8_t>(found.data() + 32 + k));
  };
  EXPECT_EQ(halves(0), std::pair(127, 0));
  EXPECT_EQ(halves(1), std::pair(0, 127));
  EXPECT_EQ(halves(2), std::pair(1, -127));
  EXPECT_EQ(halves(3), std::pair(-1, 126));
  EXPECT_EQ(halves(4), std::pair(-127, 0));
  EXPECT_EQ(get<int32_t>(found.data() + row.startOffset()), 0);
  EXPECT_EQ(get<int32_t>(found.data() + row.lowStartOffset()), -128 * 126);
}

TEST_P(NarrowTest, WhatIsNotANumberStaysSo) {
  std::vector<float> x = randomFloats(96, 7);
  x[50] = NAN;
  for (QuantisedRow row : everyRow(96)) {
    Lines found = Narrow(row, 96, GetParam()).run(x, 1);
    EXPECT_TRUE(std::isnan(get<float>(found.data() + row.scaleOffset())));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, NarrowTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
