//===- ElementsTest.cpp - Conversions and random weights ------------------===//

#include "compiler/checkpoint/Elements.h"
#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

using namespace heddle::checkpoint;
using llvm::APFloat;
using llvm::APInt;

namespace {

uint32_t bitsOfFloat(float value) { return llvm::bit_cast<uint32_t>(value); }

/// LLVM's own soft floats say what a pattern of 8 or 16 bits means.
uint32_t expectedFloat(const llvm::fltSemantics &semantics, uint16_t bits) {
  APFloat value(semantics, APInt(APFloat::getSizeInBits(semantics), bits));
  bool losesInfo;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.bitcastToAPInt().getZExtValue();
}

template <typename Pattern>
void expectAllPatternsExact(DType type, const llvm::fltSemantics &semantics) {
  std::vector<Pattern> patterns(1 << 8 * sizeof(Pattern));
  for (size_t i = 0; i < patterns.size(); ++i)
    patterns[i] = i;
  std::vector<float> floats(patterns.size());
  toFloat(type, reinterpret_cast<const char *>(patterns.data()), floats.data(),
          floats.size());
  for (size_t i = 0; i < patterns.size(); ++i) {
    uint32_t expected = expectedFloat(semantics, i);
    // Soft floats make a signalling NaN quiet; we keep it as it was. One of
    // eight bits has no payload.
    if (std::isnan(floats[i]) && sizeof(Pattern) == 1)
      EXPECT_TRUE(std::isnan(llvm::bit_cast<float>(expected))) << i;
    else if (std::isnan(floats[i]))
      EXPECT_EQ(bitsOfFloat(floats[i]) | 0x400000u, expected) << i;
    else
      EXPECT_EQ(bitsOfFloat(floats[i]), expected) << i;
  }
}

TEST(Elements, EveryHalfIsExact) {
  expectAllPatternsExact<uint16_t>(DType::F16, APFloat::IEEEhalf());
}

TEST(Elements, EveryBFloatIsExact) {
  expectAllPatternsExact<uint16_t>(DType::BF16, APFloat::BFloat());
}

TEST(Elements, EveryFloatOfEightBitsIsExact) {
  expectAllPatternsExact<uint8_t>(DType::F8_E4M3, APFloat::Float8E4M3FN());
  expectAllPatternsExact<uint8_t>(DType::F8_E5M2, APFloat::Float8E5M2());
}

TEST(Elements, DoublesBecomeTheNearestFloats) {
  const double doubles[] = {
      0.1,      -0.0,     1 + 0x1p-24, 1 + 0x1.8p-23, 1 + 0x1p-24 + 0x1p-50,
      0x1p-149, 0x1p-151, 1e300,       -1e300,        INFINITY};
  const float wanted[] = {0.1f,         -0.0f,     1, 1 + 0x1p-22f,
                          1 + 0x1p-23f, 0x1p-149f, 0, INFINITY,
                          -INFINITY,    INFINITY};
  float found[std::size(doubles)];
  toFloat(DType::F64, reinterpret_cast<const char *>(doubles), found,
          std::size(doubles));
  for (size_t i = 0; i < std::size(doubles); ++i)
    EXPECT_EQ(bitsOfFloat(found[i]), bitsOfFloat(wanted[i])) << doubles[i];
}

TEST(Elements, RoundsToNearestHalfTiesToEven) {
  // All exponents, signs and leading bits, with the rest around ties.
  for (uint32_t high = 0; high < 1 << 19; ++high)
    for (uint32_t low : {0x0000u, 0x0001u, 0x0fffu, 0x1000u, 0x1001u}) {
      float value = llvm::bit_cast<float>(high << 13 | low);
      uint16_t found = toHalf(value);
      if (std::isnan(value)) {
        EXPECT_GT(found & 0x7fff, 0x7c00) << value;
        continue;
      }
      APFloat half(value);
      bool losesInfo;
      half.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
      // What is too large stays finite.
      uint64_t bits = half.bitcastToAPInt().getZExtValue();
      EXPECT_EQ(found, half.isInfinity() ? bits - 1 : bits) << value;
    }
}

TEST(Elements, EveryHalfComesBack) {
  for (uint32_t pattern = 0; pattern < 1 << 16; ++pattern) {
    auto half = static_cast<uint16_t>(pattern);
    uint16_t found;
    float number;
    toFloat(DType::F16, reinterpret_cast<const char *>(&half), &number, 1);
    toF16(&number, &found, 1);
    // A NaN may become quiet.
    ASSERT_EQ(found, std::isnan(number) ? half | 0x200 : half);
  }
  const float large[] = {65519, 65520, -1e30f};
  uint16_t found[3];
  toF16(large, found, 3);
  EXPECT_EQ(found[0], 0x7bff);
  EXPECT_EQ(found[1], 0x7c00);
  EXPECT_EQ(found[2], 0xfc00);
}

TEST(Elements, RoundsToNearestBFloatTiesToEven) {
  // All exponents and signs, with mantissas around ties.
  for (uint32_t high = 0; high < 1 << 16; ++high)
    for (uint32_t low :
         {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      float value = llvm::bit_cast<float>(high << 16 | low);
      uint16_t rounded;
      toBF16(&value, &rounded, 1);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(llvm::bit_cast<float>(uint32_t{rounded} << 16)));
        continue;
      }
      APFloat expected(value);
      bool losesInfo;
      expected.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven,
                       &losesInfo);
      ASSERT_EQ(rounded, expected.bitcastToAPInt().getZExtValue())
          << std::hex << (high << 16 | low);
    }
}

TEST(Elements, TransposesEveryShape) {
  for (size_t rows = 0; rows < 11; ++rows)
    for (size_t columns : {0, 1, 3, 4, 5, 16, 17, 35}) {
      std::vector<float> from(rows * (columns + 2)), to(columns * (rows + 1));
      for (size_t i = 0; i < from.size(); ++i)
        from[i] = i + 1;
      transpose(from.data(), rows, columns, columns + 2, to.data(), rows + 1);
      for (size_t r = 0; r <= rows; ++r)
        for (size_t c = 0; c < columns; ++c)
          ASSERT_EQ(to[c * (rows + 1) + r],
                    r < rows ? from[r * (columns + 2) + c] : 0.0f);
    }
}

TEST(Elements, CountsInfinitiesAndNaN) {
  std::vector<float> elements = {1, INFINITY, -INFINITY, NAN, 0, -1e38f};
  EXPECT_EQ(countNonFinite(elements.data(), elements.size()), 3u);
}

TEST(RandomElements, AreNormalWithDeviation002) {
  std::vector<float> elements(1 << 20);
  RandomElements(1, "w", heddle::program::Fill::Normal)
      .fill(0, 1, elements.data(), elements.size());
  double sum = 0, squares = 0, fourths = 0, largest = 0;
  for (double x : elements) {
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
    largest = std::max(largest, std::abs(x));
  }
  double n = elements.size(), variance = squares / n;
  EXPECT_NEAR(sum / n, 0.0, 1e-4);
  EXPECT_NEAR(std::sqrt(variance), 0.02, 1e-4);
  EXPECT_NEAR(fourths / n / (variance * variance), 2.7, 0.05); // normal: 3
  EXPECT_LT(largest, 0.07);
}

TEST(RandomElements, DependOnIndexSeedAndPathAlone) {
  auto values = [](uint64_t seed, const char *path, uint64_t first,
                   uint64_t step) {
    std::vector<float> to(8);
    RandomElements(seed, path, heddle::program::Fill::Normal)
        .fill(first, step, to.data(), to.size());
    return to;
  };
  EXPECT_EQ(values(1, "w", 0, 1)[6], values(1, "w", 6, 1)[0]);
  EXPECT_EQ(values(1, "w", 0, 3)[2], values(1, "w", 6, 1)[0]);
  EXPECT_NE(values(1, "w", 0, 1), values(2, "w", 0, 1));
  EXPECT_NE(values(1, "w", 0, 1), values(1, "v", 0, 1));
}

TEST(RandomElements, FillOnesAndZeros) {
  float elements[3];
  RandomElements(1, "norm", heddle::program::Fill::Ones)
      .fill(0, 1, elements, 3);
  EXPECT_EQ(elements[2], 1.0f);
  RandomElements(1, "bias", heddle::program::Fill::Zeros)
      .fill(0, 1, elements, 3);
  EXPECT_EQ(elements[2], 0.0f);
}

} // namespace
