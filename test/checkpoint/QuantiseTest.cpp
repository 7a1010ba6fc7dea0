//===- QuantiseTest.cpp - Runs of weights as small integers ---------------===//

#include "compiler/checkpoint/Quantise.h"
#include "compiler/checkpoint/Elements.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

using namespace heddle::checkpoint;
using heddle::kernel::formatOf;
using heddle::kernel::PackedFormat;
using heddle::kernel::PackedType;

namespace {

constexpr size_t size = 256; ///< the longest run
using Weights = std::array<float, size>;
using Bytes = std::array<uint8_t, size>;

std::vector<PackedType> quantisedTypes() {
  std::vector<PackedType> types;
  for (const PackedFormat &format : heddle::kernel::packedFormats())
    if (format.isQuantised())
      types.push_back(format.type);
  return types;
}

/// A run as a type holds it.
struct Quantised {
  size_t count;
  Bytes u;
  RunNumbers numbers;
  Weights became;

  Quantised(PackedType type, const Weights &run,
            const float *importance = nullptr) {
    const PackedFormat &format = formatOf(type);
    count = format.isGrouped() ? format.run() : 32;
    numbers = quantise(format, run.data(), importance, u.data(), count);
    dequantise(format, u.data(), numbers, became.data(), count);
  }

  /// Σ importance · (error)².
  double error(const Weights &run, const float *importance = nullptr) const {
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
      sum += (importance ? importance[i] : 1) * std::pow(became[i] - run[i], 2);
    return sum;
  }
};

Weights randomWeights(int seed) {
  Weights run;
  RandomElements(seed, "run", heddle::program::Fill::Normal)
      .fill(0, 1, run.data(), size);
  return run;
}

/// Σ (error)² where each group of a run is spanned from its least weight to its
/// largest, or from the largest magnitude to its opposite.
double plainError(const PackedFormat &format, const Weights &run,
                  size_t count) {
  double sum = 0;
  size_t group = format.isGrouped() ? format.group : count;
  for (size_t begin = 0; begin < count; begin += group) {
    auto first = run.begin() + begin, last = first + group;
    auto [least, most] = std::minmax_element(first, last);
    double top = (1 << format.bits()) - 1;
    double start = *least, step = (*most - *least) / top;
    if (!format.hasMinima) {
      step = std::max(std::fabs(*least), std::fabs(*most)) / format.steps();
      start = -format.zeroPoint() * step;
    }
    for (auto x = first; x != last; ++x) {
      double u = std::clamp(std::nearbyint((*x - start) / step), 0., top);
      sum += std::pow(start + u * step - *x, 2);
    }
  }
  return sum;
}

TEST(Quantise, ErrsLessThanAPlainGrid) {
  for (PackedType type : quantisedTypes()) {
    const PackedFormat &format = formatOf(type);
    double found = 0, plain = 0;
    for (int seed = 0; seed < 100; ++seed) {
      Weights run = randomWeights(seed);
      Quantised q(type, run);
      found += q.error(run);
      plain += plainError(format, run, q.count);
    }
    // Scales that are small integers lose some of what is won.
    double share = format.bits() == 8 ? 1.001 : format.bits() > 4 ? 1.0 : 0.93;
    EXPECT_LT(found, plain * share) << format.name.str();
  }
}

TEST(Quantise, WhatIsImportantErrsLess) {
  for (PackedType type : quantisedTypes()) {
    if (formatOf(type).bits() == 8)
      continue;
    double with = 0, without = 0;
    for (int seed = 0; seed < 100; ++seed) {
      Weights run = randomWeights(seed), importance;
      for (size_t i = 0; i < size; ++i)
        importance[i] = i % 4 == 0 ? 100 : 1;
      with +=
          Quantised(type, run, importance.data()).error(run, importance.data());
      without += Quantised(type, run).error(run, importance.data());
    }
    EXPECT_LT(with, without * 0.98) << formatOf(type).name.str();
  }
}

TEST(Quantise, WhatATypeHoldsIsMet) {
  // Multiples of a power of two between the least and the largest integer, both
  // of which every group has.
  for (PackedType type : quantisedTypes()) {
    const PackedFormat &format = formatOf(type);
    int top = (1 << format.bits()) - 1;
    Weights run;
    for (size_t i = 0; i < size; ++i) {
      int u = i % 16 == 0 ? 0 : i % 16 == 1 ? top : (i * 7) % (top + 1);
      if (format.range == PackedFormat::Range::Symmetric)
        u = std::max(u, 1);
      // Narrow minima are none above zero.
      float minimum = format.hasNarrowScales() ? -0.125f : 3.0f;
      run[i] = format.hasMinima ? minimum + u / 64.0f
                                : (u - format.zeroPoint()) / 64.0f;
    }
    Quantised q(type, run);
    for (size_t i = 0; i < q.count; ++i)
      EXPECT_NEAR(q.became[i], run[i], format.hasSpans() ? 3e-3 : 2e-3)
          << format.name.str() << " " << i;
  }
}

TEST(Quantise, ZerosStayZeros) {
  for (PackedType type : quantisedTypes()) {
    Quantised q(type, Weights{});
    for (size_t i = 0; i < q.count; ++i)
      EXPECT_EQ(q.became[i], 0.0f) << formatOf(type).name.str();
  }
}

TEST(Quantise, WhatIsNoNumberDoesNotVanish) {
  for (PackedType type : quantisedTypes())
    for (float bad : {std::numeric_limits<float>::infinity(),
                      -std::numeric_limits<float>::infinity(),
                      std::numeric_limits<float>::quiet_NaN()}) {
      Weights run;
      run.fill(1.0f);
      run[9] = bad;
      EXPECT_TRUE(std::isnan(Quantised(type, run).became[9]))
          << formatOf(type).name.str();
    }
}

TEST(Quantise, TheSmallestAndTheLargestStayFinite) {
  for (PackedType type : quantisedTypes())
    for (float magnitude : {std::numeric_limits<float>::denorm_min(),
                            std::numeric_limits<float>::min(), 0x1p127f}) {
      Weights run;
      run.fill(-magnitude);
      EXPECT_TRUE(std::isfinite(Quantised(type, run).became[0]))
          << formatOf(type).name.str();
    }
}

TEST(Quantise, WhatIsOutOfRangeIsCounted) {
  auto lossOf = [](float magnitude) {
    Weights run;
    run.fill(magnitude);
    auto lossAs = [&](PackedType type) {
      RangeLoss loss;
      Quantised q(type, run);
      loss.addRun(formatOf(type), run.data(), q.count, q.u.data(), q.numbers);
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
  EXPECT_EQ(small[1].coarse, 0); // within half a step of q4
  EXPECT_EQ(lossOf(1e-7f)[1].coarse, 1e-7f);
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
