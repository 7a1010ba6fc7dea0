// Whisper's features (Radford et al. 2022, section 2.2; WhisperFeatureExtractor
// of transformers): the power of the sound in bands of mel frequencies, `hop`
// samples apart, as logarithms.
//
//   power[f][i] = |sum of hann[n] x[f hop + n - fft/2] w^(i n)|^2
//   mel[m][f]   = log10 max(sum over i of filter[m][i] power[f][i], 1e-10)
//   out[m][f]   = (max(mel[m][f], max over all mel - 8) + 4) / 4
//
// x is mirrored at both ends.

#include "runtime/media/Sound.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime::media {

// Slaney's scale: a mel is 200/3 Hz up to 1000 Hz, and from there on the 27th
// part of a factor of 6.4.
static double melOf(double hertz) {
  return hertz < 1000 ? hertz * 3 / 200
                      : 15 + std::log(hertz / 1000) * (27 / std::log(6.4));
}

static double hertzOf(double mel) {
  return mel < 15 ? mel * 200 / 3
                  : 1000 * std::exp((mel - 15) * (std::log(6.4) / 27));
}

namespace {

/// Triangles over the frequencies of the transform, each of area 1.
class Filters {
public:
  bool prepare(const heddle_audio_steps &steps);

  /// The sum of what band `mel` lets through of one lane's powers.
  double apply(int64_t mel, const double *power) const;

private:
  struct Band {
    int64_t first, count, weights;
  };
  Array<Band> bands;
  Array<double> all;
};

class Features {
public:
  Features(const Sound &sound, const heddle_audio_steps &steps)
      : samples(sound.samples), steps(steps),
        frames(steps.samples / steps.hop) {}

  bool prepare();
  void compute(Array<float> &features);

private:
  static constexpr int64_t lanes = FourierTransform::lanes;

  float sampleAt(int64_t place) const;
  void takeFrame(int64_t frame, double *to) const;
  void computePair(int64_t first, Array<float> &features);

  const Array<float> &samples;
  const heddle_audio_steps &steps;
  int64_t frames;
  Filters filters;
  FourierTransform transform;
  Array<double> window;
  Array<double> power; // of one frame
};

} // namespace

bool Filters::prepare(const heddle_audio_steps &steps) {
  constexpr double highest = 8000;
  int64_t bins = steps.fft / 2 + 1;
  double binWidth = static_cast<double>(steps.sampling_rate / 2) /
                    static_cast<double>(bins - 1);
  double melWidth = melOf(highest) / (steps.mels + 1);
  if (!bands.allocate(steps.mels) || !all.allocate(steps.mels * bins))
    return false;
  for (int64_t mel = 0; mel < steps.mels; ++mel) {
    double left = hertzOf(static_cast<double>(mel) * melWidth),
           middle = hertzOf(static_cast<double>(mel + 1) * melWidth),
           right = hertzOf(static_cast<double>(mel + 2) * melWidth);
    Band &band = bands[mel];
    band = {0, 0, mel * bins};
    for (int64_t bin = 0; bin < bins; ++bin) {
      double hertz = static_cast<double>(bin) * binWidth;
      double weight = std::min((hertz - left) / (middle - left),
                               (right - hertz) / (right - middle));
      if (weight <= 0)
        continue;
      if (band.count == 0)
        band.first = bin;
      band.count = bin - band.first + 1;
      all[band.weights + bin - band.first] = weight * 2 / (right - left);
    }
  }
  return true;
}

double Filters::apply(int64_t mel, const double *power) const {
  const Band &band = bands[mel];
  double sum = 0;
  for (int64_t i = 0; i < band.count; ++i)
    sum += all[band.weights + i] * power[band.first + i];
  return sum;
}

bool Features::prepare() {
  if (!filters.prepare(steps) || !transform.prepare(steps.fft) ||
      !window.allocate(steps.fft) || !power.allocate(steps.fft))
    return false;
  for (int64_t n = 0; n < steps.fft; ++n)
    window[n] =
        0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(n) / steps.fft);
  return true;
}

/// With what is put behind a short sound, and mirrored at both ends.
float Features::sampleAt(int64_t place) const {
  if (place < 0)
    place = -place;
  if (place >= steps.samples)
    place = 2 * (steps.samples - 1) - place;
  return place < samples.size() ? samples[place] : steps.padding;
}

void Features::takeFrame(int64_t frame, double *to) const {
  int64_t start = frame * steps.hop - steps.fft / 2;
  for (int64_t n = 0; n < steps.fft; ++n)
    to[n * lanes] = frame < frames ? window[n] * sampleAt(start + n) : 0;
}

/// Each lane transforms two frames, one as the real part and one as the
/// imaginary: of z = a + i b, with Z the transform,
///
///   A[i] = (Z[i] + conj Z[-i]) / 2     B[i] = (Z[i] - conj Z[-i]) / 2i
void Features::computePair(int64_t first, Array<float> &features) {
  for (int64_t lane = 0; lane < lanes; ++lane) {
    takeFrame(first + 2 * lane, transform.real() + lane);
    takeFrame(first + 2 * lane + 1, transform.imaginary() + lane);
  }
  transform.run();
  for (int64_t i = 0; i < 2 * lanes && first + i < frames; ++i) {
    const double *real = transform.real() + i / 2;
    const double *imaginary = transform.imaginary() + i / 2;
    double sign = i % 2 ? -1 : 1;
    for (int64_t bin = 0; bin <= steps.fft / 2; ++bin) {
      int64_t at = bin * lanes, mirror = (steps.fft - bin) % steps.fft * lanes;
      double re = real[at] + sign * real[mirror];
      double im = imaginary[at] - sign * imaginary[mirror];
      power[bin] = (re * re + im * im) / 4;
    }
    for (int64_t mel = 0; mel < steps.mels; ++mel)
      features[mel * frames + first + i] = static_cast<float>(
          std::log10(std::max(filters.apply(mel, power.data()), 1e-10)));
  }
}

void Features::compute(Array<float> &features) {
  for (int64_t frame = 0; frame < frames; frame += 2 * lanes)
    computePair(frame, features);
  float least = *std::max_element(features.begin(), features.end()) - 8;
  for (float &feature : features)
    feature = (std::max(feature, least) + 4) / 4;
}

heddle_status logMel(const char *path, const Sound &sound,
                     const heddle_audio_steps &steps, Array<float> &features) {
  Features work(sound, steps);
  if (!work.prepare() ||
      !features.allocate(steps.mels * (steps.samples / steps.hop)))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  work.compute(features);
  return HEDDLE_OK;
}

} // namespace heddle::runtime::media
