#include "runtime/media/Sound.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

using namespace heddle::runtime;
using namespace heddle::runtime::media;

namespace {

TEST(Fourier, EveryLaneIsTheSumThatDefinesIt) {
  constexpr int64_t lanes = FourierTransform::lanes;
  for (int64_t size : {2, 3, 4, 5, 6, 8, 12, 30, 64, 75, 400}) {
    FourierTransform transform;
    ASSERT_TRUE(transform.prepare(size));
    auto element = [&](int64_t lane, int64_t i) {
      return std::complex<double>(std::sin(lane + 0.7 * i * i),
                                  std::cos(1.3 * i - lane));
    };
    for (int64_t i = 0; i < size * lanes; ++i) {
      std::complex<double> value = element(i % lanes, i / lanes);
      transform.real()[i] = value.real();
      transform.imaginary()[i] = value.imag();
    }
    transform.run();
    for (int64_t i = 0; i < size * lanes; ++i) {
      std::complex<double> sum = 0;
      for (int64_t n = 0; n < size; ++n)
        sum += element(i % lanes, n) *
               std::polar(1.0, -2 * M_PI * n * (i / lanes) / size);
      EXPECT_NEAR(transform.real()[i], sum.real(), 1e-11 * size) << size;
      EXPECT_NEAR(transform.imaginary()[i], sum.imag(), 1e-11 * size) << size;
    }
  }
}

void makeTone(Sound &sound, int64_t rate, double hertz, int64_t samples) {
  sound.rate = rate;
  EXPECT_TRUE(sound.samples.allocate(samples));
  for (int64_t i = 0; i < samples; ++i)
    sound.samples[i] = std::sin(2 * M_PI * hertz * i / rate);
}

/// The largest distance to the tone that is meant, apart from both ends.
double distance(int64_t from, int64_t to, double hertz, double loudness) {
  Sound sound, result;
  makeTone(sound, from, hertz, from / 4);
  EXPECT_EQ(resample("x.wav", sound, to, result), HEDDLE_OK);
  EXPECT_EQ(result.rate, to);
  EXPECT_EQ(result.samples.size(), (from / 4 * to + from - 1) / from);
  double most = 0;
  for (int64_t n = to / 20; n < result.samples.size() - to / 20; ++n)
    most = std::max(most,
                    std::abs(result.samples[n] -
                             loudness * std::sin(2 * M_PI * hertz * n / to)));
  return most;
}

TEST(Resample, WhatIsLowStaysAndWhatIsHighGoes) {
  for (int64_t from : {8000, 11025, 22050, 44100, 48000, 96000}) {
    EXPECT_LT(distance(from, 16000, 440, 1), 1e-6) << from;
    EXPECT_LT(distance(from, 16000, 3500, 1), 1e-6) << from;
  }
  for (int64_t from : {22050, 44100, 48000}) {
    EXPECT_LT(distance(from, 16000, 7000, 1), 1e-4) << from;
    EXPECT_LT(distance(from, 16000, 8800, 0), 1e-4) << from;
  }
}

TEST(Resample, RatesWithNothingInCommonAreRefused) {
  Sound sound, result;
  makeTone(sound, 383999, 440, 10);
  EXPECT_EQ(resample("x.wav", sound, 16000, result), HEDDLE_BAD_FILE);
  EXPECT_STREQ(heddle_last_error(),
               "x.wav: has 383999 samples a second, which cannot become 16000, "
               "needed: a rate that has more in common with it");
}

} // namespace
