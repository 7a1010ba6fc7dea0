// Another number of samples a second, by a windowed sinc (J. O. Smith, "Digital
// Audio Resampling"): with a = from / gcd, b = to / gcd,
//
//   out[n] = sum over k of in[k] h(k - n a / b)
//   h(t)   = c sinc(c t) kaiser(c t / 64)
//
// where c cuts off at 0.9476 of the lower of the two Nyquist frequencies, and
// what the table has is h for each of the b fractions that n a / b may have.

#include "runtime/media/Sound.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <numeric>

namespace heddle::runtime::media {

// As librosa's "kaiser_best".
static constexpr double zeroCrossings = 64, rolloff = 0.9475937167399596,
                        beta = 14.769656459379492;

/// The modified Bessel function of order 0: sum over m of ((x/2)^m / m!)^2.
static double bessel(double x) {
  double sum = 1, term = 1;
  for (int m = 1; term > sum * 1e-17; ++m) {
    term *= (x / 2 / m) * (x / 2 / m);
    sum += term;
  }
  return sum;
}

/// h(t).
static double impulse(double t, double cut) {
  double x = t * cut, share = x / zeroCrossings;
  if (std::abs(share) >= 1)
    return 0;
  double sinc = x == 0 ? 1 : std::sin(M_PI * x) / (M_PI * x);
  return cut * sinc * bessel(beta * std::sqrt(1 - share * share)) /
         bessel(beta);
}

/// In four sums, which the processor adds side by side.
static double dot(const float *a, const float *b, int64_t count) {
  double sums[4] = {};
  for (int64_t i = 0; i + 4 <= count; i += 4)
    for (int64_t lane = 0; lane < 4; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * b[i + lane];
  for (int64_t i = count & ~int64_t{3}; i < count; ++i)
    sums[0] += static_cast<double>(a[i]) * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

heddle_status resample(const char *path, const Sound &sound, int64_t rate,
                       Sound &to) {
  constexpr int64_t mostWeights = 1 << 24;
  int64_t common = std::gcd(sound.rate, rate);
  int64_t a = sound.rate / common, b = rate / common;
  double cut =
      rolloff * std::min(1.0, static_cast<double>(b) / static_cast<double>(a));
  // Inputs from `reach` before the place of an output to `reach` behind it.
  auto reach = static_cast<int64_t>(std::ceil(zeroCrossings / cut));
  int64_t taps = 2 * reach + 1, count = sound.samples.size();
  if (taps * b > mostWeights)
    return fail(HEDDLE_BAD_FILE,
                "%s: has %" PRId64 " samples a second, which cannot become "
                "%" PRId64 ", needed: a rate that has more in common with it",
                path, sound.rate, rate);
  Array<float> weights;
  to.rate = rate;
  if (!weights.allocate(b * taps) ||
      !to.samples.allocate((count * b + a - 1) / a))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  for (int64_t phase = 0; phase < b; ++phase)
    for (int64_t tap = 0; tap < taps; ++tap)
      weights[phase * taps + tap] = static_cast<float>(
          impulse(static_cast<double>(tap - reach) -
                      static_cast<double>(phase) / static_cast<double>(b),
                  cut));
  for (int64_t n = 0; n < to.samples.size(); ++n) {
    int64_t place = n * a / b, phase = n * a % b;
    int64_t first = std::max(place - reach, int64_t{0});
    int64_t end = std::min(place + reach + 1, count);
    const float *weight = weights.data() + phase * taps - (place - reach);
    to.samples[n] = static_cast<float>(
        dot(weight + first, sound.samples.data() + first, end - first));
  }
  return HEDDLE_OK;
}

} // namespace heddle::runtime::media
