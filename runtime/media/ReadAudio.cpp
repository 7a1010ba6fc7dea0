// From the file of a sound to the features that a model reads, by the steps of
// its checkpoint's preprocessor_config.json.

#include "runtime/media/Sound.h"

#include <algorithm>

namespace heddle::runtime::media {

static heddle_status read(const char *path, const heddle_audio_steps &steps,
                          heddle_reading &reading) {
  Sound stored, resampled;
  if (heddle_status status = readWav(path, stored))
    return status;
  bool fits = stored.rate == steps.sampling_rate;
  if (!fits)
    if (heddle_status status =
            resample(path, stored, steps.sampling_rate, resampled))
      return status;
  const Sound &sound = fits ? stored : resampled;
  int64_t count = sound.samples.size();
  if (!steps.mels) {
    reading = {1, {count}, nullptr};
    return HEDDLE_OK;
  }
  if (count > std::max(steps.samples, steps.most))
    return fail(HEDDLE_BAD_FILE, "%s: lasts %.1f s, needed: at most %.1f s",
                path, static_cast<double>(count) / sound.rate,
                static_cast<double>(steps.samples) / sound.rate);
  heddle_audio_steps whole = steps;
  whole.samples = std::max(steps.samples, count);
  Array<float> features;
  if (heddle_status status = logMel(path, sound, whole, features))
    return status;
  reading = {2, {steps.mels, whole.samples / steps.hop}, features.release()};
  return HEDDLE_OK;
}

} // namespace heddle::runtime::media

heddle_status heddle_read_audio(const char *path, const void *steps,
                                heddle_reading *reading) {
  return heddle::runtime::media::read(
      path, *static_cast<const heddle_audio_steps *>(steps), *reading);
}
