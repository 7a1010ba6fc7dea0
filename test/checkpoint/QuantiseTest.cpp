//===- QuantiseTest.cpp - Runs of weights as small integers ---------------===//

#include "compiler/checkpoint/Quantise.h"
#include "compiler/checkpoint/Elements.h"
#include "gtest/gtest.h"
#include <array>
#include <bit>
#include <cmath>
#include <limits>

using namespace heddle::checkpoint;
using heddle::kernel::formatOf;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedType;

namespace {

constexpr size_t size = 32;
using Weights = std::array<float, size>;
using Bytes = std::array<uint8_t, size>;

float halfAsFloat(uint16_t half) {
  float result;
  toFloat(DType::F16, reinterpret_cast<const char *>(&half), &result, 1);
  return result;
}

/// The scale of a run, whose integers go to `u`.
float quantised(PackedType type, const Weights &run, Bytes &u) {
  const PackedFormat &format = formatOf(type);
  uint32_t scale = quantise(format, run.data(), u.data(), size);
  return format.scale == PackedFormat::Scale::F32 ? std::bit_cast<float>(scale)
                                                  : halfAsFloat(scale);
}

/// One run as each type holds it.
struct Quantised {
  Bytes i8, q8, q4;
  float i8Scale, q8Scale, q4Scale;

  explicit Quantised(const Weights &run) {
    i8Scale = quantised(PackedType::I8, run, i8);
    q8Scale = quantised(PackedType::Q8, run, q8);
    q4Scale = quantised(PackedType::Q4, run, q4);
  }
};

TEST(Quantise, ErrsByHalfAStepAtMost) {
  Weights run;
  for (int seed = 0; seed < 100; ++seed) {
    RandomElements(seed, "run", heddle::program::Fill::Normal)
        .fill(0, 1, run.data(), size);
    Quantised q(run);
    for (size_t i = 0; i < size; ++i) {
      EXPECT_LE(std::abs((q.i8[i] - 128) * q.i8Scale - run[i]),
                q.i8Scale * 0.5001f);
      EXPECT_LE(std::abs((q.q8[i] - 128) * q.q8Scale - run[i]),
                q.q8Scale * 0.6f); // the scale itself was rounded
      EXPECT_GE(q.q8[i], 1);
      // The side of 7 steps may miss almost a step; the extreme is met.
      EXPECT_LE(std::abs((q.q4[i] - 8) * q.q4Scale - run[i]),
                std::abs(q.q4Scale) * 1.01f);
      EXPECT_LE(q.q4[i], 15);
      Bytes q6;
      float q6Scale = quantised(PackedType::Q6, run, q6);
      EXPECT_LE(std::abs((q6[i] - 32) * q6Scale - run[i]),
                std::abs(q6Scale) * 1.02f);
      EXPECT_LE(q6[i], 63);
    }
  }
}

TEST(Quantise, TheExtremeOfEitherSignIsMet) {
  for (float extreme : {4.0f, -4.0f}) {
    Weights run = {};
    run[5] = extreme;
    run[6] = -extreme / 2;
    run[7] = extreme / 16; // half a step of q4: to the even, zero
    Quantised q(run);
    EXPECT_EQ(q.q4[5], 0);
    EXPECT_EQ(q.q4Scale, -extreme / 8);
    EXPECT_EQ(q.q4[6], 12);
    EXPECT_EQ(q.q4[7], 8);
    Bytes q6;
    EXPECT_EQ(quantised(PackedType::Q6, run, q6), -extreme / 32);
    EXPECT_EQ(q6[5], 0);
    EXPECT_EQ(q6[6], 48);
    EXPECT_EQ(q6[7], 30);
    EXPECT_EQ(q6[0], 32);
    EXPECT_EQ(q.i8[5], extreme > 0 ? 255 : 1);
    EXPECT_EQ(q.q8[5], extreme > 0 ? 255 : 1);
    EXPECT_EQ(q.q8[0], 128);
  }
}

TEST(Quantise, ZerosHaveNoScale) {
  Quantised q(Weights{});
  EXPECT_EQ(q.i8Scale, 0.0f);
  EXPECT_EQ(q.q8Scale, 0.0f);
  EXPECT_EQ(q.q4Scale, 0.0f);
  Bytes middle, middle4;
  middle.fill(128);
  middle4.fill(8);
  EXPECT_EQ(q.i8, middle);
  EXPECT_EQ(q.q8, middle);
  EXPECT_EQ(q.q4, middle4);
}

TEST(Quantise, WhatIsNoNumberDoesNotVanish) {
  for (float bad : {std::numeric_limits<float>::infinity(),
                    -std::numeric_limits<float>::infinity(),
                    std::numeric_limits<float>::quiet_NaN()}) {
    Weights run;
    run.fill(1.0f);
    run[9] = bad;
    Quantised q(run);
    EXPECT_TRUE(std::isnan(q.i8Scale));
    EXPECT_TRUE(std::isnan(q.q8Scale));
    EXPECT_TRUE(std::isnan(q.q4Scale));
  }
}

TEST(Quantise, TheSmallestAndTheLargestStayFinite) {
  for (float magnitude : {std::numeric_limits<float>::denorm_min(),
                          std::numeric_limits<float>::min(), 0x1p127f}) {
    Weights run;
    run.fill(-magnitude);
    Quantised q(run);
    EXPECT_TRUE(std::isfinite((q.i8[0] - 128) * q.i8Scale));
    EXPECT_TRUE(std::isfinite((q.q8[0] - 128) * q.q8Scale));
    EXPECT_TRUE(std::isfinite((q.q4[0] - 8) * q.q4Scale));
  }
}

TEST(Quantise, WhatIsOutOfRangeIsCounted) {
  auto lossOf = [](float magnitude) {
    Weights run;
    run.fill(magnitude);
    Bytes u;
    auto lossAs = [&](PackedType type) {
      RangeLoss loss;
      loss.addRun(formatOf(type), run.data(), size,
                  quantise(formatOf(type), run.data(), u.data(), size));
      return loss;
    };
    return std::array{lossAs(PackedType::Q8), lossAs(PackedType::Q4),
                      lossAs(PackedType::I8)};
  };
  for (float magnitude : {0.0f, 1e-2f, 1.0f, 65504.0f * 8})
    for (const RangeLoss &loss : lossOf(magnitude)) {
      EXPECT_EQ(loss.coarse, 0) << magnitude;
      EXPECT_EQ(loss.tooLarge, 0) << magnitude;
    }
  auto small = lossOf(1e-6f), large = lossOf(1e7f), tiny = lossOf(1e-37f);
  EXPECT_EQ(small[0].coarse, 1e-6f);
  EXPECT_EQ(small[1].coarse, 1e-6f);
  EXPECT_EQ(small[2].coarse, 0);
  EXPECT_EQ(tiny[2].coarse, 1e-37f);
  EXPECT_EQ(large[0].tooLarge, 1e7f);
  EXPECT_EQ(large[1].tooLarge, 1e7f);
  EXPECT_EQ(large[2].tooLarge, 0);
  EXPECT_GT(largestWeight(PackedType::Q8), 8e6f);
  EXPECT_LT(largestWeight(PackedType::Q8), 1e7f);
}

TEST(Quantise, WhatIsSmallBesideTheOthersMayBeCoarse) {
  RangeLoss loss;
  loss.add({.largest = 1e-6f, .tooLarge = 0, .coarse = 1e-6f});
  EXPECT_TRUE(loss.matters());
  loss.add({.largest = 1.0f, .tooLarge = 0, .coarse = 0});
  EXPECT_FALSE(loss.matters());
}

} // namespace
