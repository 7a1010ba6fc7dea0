// A text of Whisper's with times, as what is said between two of them.
#ifndef HEDDLE_RUNTIME_MAIN_SEGMENTS_H
#define HEDDLE_RUNTIME_MAIN_SEGMENTS_H

#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// Frames of features a second, and of one step between two times.
constexpr int64_t framesOfSecond = 100, framesOfTime = 2;

struct Segment {
  size_t begin, end;        // ids
  int64_t fromTime, toTime; // in steps, from the window's beginning on
};

/// Cuts the ids of a window, without the end of the text, as transformers does
/// for sounds of any length. `frames`: what the window holds of the sound.
/// Returns how many of them have been understood, at least one.
int64_t cutSegments(const text::Ids &ids, int32_t firstTime, int64_t frames,
                    text::Buffer<Segment> &segments);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_SEGMENTS_H
