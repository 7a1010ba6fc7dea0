// Sound: reading it, and the features that speech models read.
#ifndef HEDDLE_RUNTIME_MEDIA_SOUND_H
#define HEDDLE_RUNTIME_MEDIA_SOUND_H

#include "runtime/Error.h"
#include "runtime/Memory.h"
#include "runtime/abi.h"

namespace heddle::runtime::media {

/// One channel, -1 to 1.
struct Sound {
  int64_t rate = 0; ///< samples a second
  Array<float> samples;
};

// Each notes the reason of a failure.

/// A WAV file of whole numbers or floats; of several channels the mean.
heddle_status readWav(const char *path, Sound &sound);

/// The sound with another number of samples a second.
heddle_status resample(const char *path, const Sound &sound, int64_t rate,
                       Sound &to);

/// Whisper's features, [mels frames], of a sound that has the right rate and is
/// not too long.
heddle_status logMel(const char *path, const Sound &sound,
                     const heddle_audio_steps &steps, Array<float> &features);

/// The discrete Fourier transform of `lanes` sequences at once, which lie side
/// by side: element i of all of them, then element i + 1.
class FourierTransform {
public:
  static constexpr int64_t lanes = 4;

  /// False if there is no memory. `size` has no other factors than 2, 3 and 5.
  bool prepare(int64_t size);

  // Of the sequences: written before, read after run(). [size lanes]
  double *real() { return buffers.data(); }
  double *imaginary() { return buffers.data() + size * lanes; }

  void run();

private:
  template <int radix> void step(int64_t rest, int64_t done);

  int64_t size = 0;
  Array<double> cosines, sines; // of the size-th parts of a circle
  Array<double> buffers;        // real and imaginary parts, twice
};

} // namespace heddle::runtime::media

#endif // HEDDLE_RUNTIME_MEDIA_SOUND_H
