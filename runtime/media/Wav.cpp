// WAV files: chunks of a name, a length and bytes.
//
//   RIFF length WAVE   fmt  length kind channels rate …   data length samples

#include "runtime/RegularFile.h"
#include "runtime/media/Sound.h"

#include <cinttypes>
#include <cmath>
#include <cstring>

namespace heddle::runtime::media {

static constexpr int64_t mostFileBytes = int64_t{1} << 30;

namespace {

/// What `fmt ` says.
struct Format {
  int64_t kind = 0; // 1: whole numbers, 3: floats
  int64_t channels = 0, rate = 0, bits = 0;
};

class WavFile {
public:
  WavFile(const char *path, const Array<uint8_t> &bytes)
      : path(path), bytes(bytes) {}

  heddle_status read(Sound &sound);

private:
  heddle_status damaged(const char *what) const {
    return fail(HEDDLE_BAD_FILE, "%s: not a proper .wav file: %s", path, what);
  }
  bool has(int64_t at, const char *name) const {
    return at + 4 <= bytes.size() && !memcmp(bytes.data() + at, name, 4);
  }
  int64_t number(int64_t at, int count) const;
  heddle_status readFormat(int64_t at, int64_t length);
  heddle_status readSamples(int64_t at, int64_t length, Sound &sound) const;
  float sample(const uint8_t *at) const;

  const char *path;
  const Array<uint8_t> &bytes;
  Format format;
};

} // namespace

/// An unsigned number of `count` bytes, all of which are there.
int64_t WavFile::number(int64_t at, int count) const {
  int64_t value = 0;
  for (int i = count; i-- > 0;)
    value = value << 8 | bytes[at + i];
  return value;
}

heddle_status WavFile::readFormat(int64_t at, int64_t length) {
  constexpr int64_t extensible = 0xfffe; // the kind stands further back
  if (length < 16)
    return damaged("its format is cut off");
  format = {number(at, 2), number(at + 2, 2), number(at + 4, 4),
            number(at + 14, 2)};
  if (format.kind == extensible && length >= 40)
    format.kind = number(at + 24, 2);
  bool isWhole = format.kind == 1 && format.bits % 8 == 0 && format.bits >= 8 &&
                 format.bits <= 32;
  bool isFloat = format.kind == 3 && (format.bits == 32 || format.bits == 64);
  if (!isWhole && !isFloat)
    return fail(HEDDLE_BAD_FILE,
                "%s: has samples of format %" PRId64 " with %" PRId64
                " bits, needed: PCM (1) of 8, 16, 24 or 32 bits, or floats (3)"
                " of 32 or 64",
                path, format.kind, format.bits);
  if (format.channels < 1 || format.rate < 1)
    return damaged("its channels or samples a second are none");
  return HEDDLE_OK;
}

float WavFile::sample(const uint8_t *at) const {
  if (format.kind == 3 && format.bits == 32) {
    float value;
    memcpy(&value, at, sizeof value);
    return value;
  }
  if (format.kind == 3) {
    double value;
    memcpy(&value, at, sizeof value);
    return static_cast<float>(value);
  }
  if (format.bits == 8) // without a sign
    return static_cast<float>(at[0] - 128) / 128;
  uint32_t upper = 0; // the sample in the upper bits
  for (int i = 0; i < format.bits / 8; ++i)
    upper |= static_cast<uint32_t>(at[i]) << (32 - format.bits + 8 * i);
  return static_cast<float>(static_cast<int32_t>(upper) / 2147483648.0);
}

heddle_status WavFile::readSamples(int64_t at, int64_t length,
                                   Sound &sound) const {
  int64_t width = format.bits / 8, frame = width * format.channels;
  sound.rate = format.rate;
  if (length % frame)
    return damaged("its samples are cut off");
  if (!sound.samples.allocate(length / frame))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to read %s", path);
  for (int64_t i = 0; i < sound.samples.size(); ++i, at += frame) {
    float sum = 0;
    for (int64_t channel = 0; channel < format.channels; ++channel)
      sum += sample(bytes.data() + at + channel * width);
    sound.samples[i] = sum / static_cast<float>(format.channels);
    if (!std::isfinite(sound.samples[i]))
      return fail(HEDDLE_BAD_FILE, "%s: sample %" PRId64 " is no number", path,
                  i);
  }
  return HEDDLE_OK;
}

heddle_status WavFile::read(Sound &sound) {
  constexpr int64_t unknown = 0xffffffff; // of one that was written to a pipe
  if (!has(0, "RIFF") || !has(8, "WAVE"))
    return damaged("it does not begin as one");
  for (int64_t at = 12; at + 8 <= bytes.size();) {
    int64_t length = number(at + 4, 4), rest = bytes.size() - at - 8;
    bool isData = has(at, "data");
    if (isData && length == unknown)
      length = rest;
    if (length > rest)
      return damaged("it is cut off");
    if (has(at, "fmt "))
      if (heddle_status status = readFormat(at + 8, length))
        return status;
    if (isData)
      return format.kind ? readSamples(at + 8, length, sound)
                         : damaged("its samples stand before their format");
    at += 8 + length + length % 2;
  }
  return damaged("it has no samples");
}

heddle_status readWav(const char *path, Sound &sound) {
  RegularFile file(path);
  if (heddle_status status = file.check("a .wav or .npy file"))
    return status;
  Array<uint8_t> bytes;
  if (heddle_status status = file.readAll(mostFileBytes, bytes))
    return status;
  return WavFile(path, bytes).read(sound);
}

} // namespace heddle::runtime::media
