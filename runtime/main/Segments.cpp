// After _retrieve_segment of WhisperForConditionalGeneration, transformers 5.

#include "runtime/main/Segments.h"

#include <algorithm>

namespace heddle::runtime {

/// All of the window is one segment, up to its last time, if it has one.
static void takeWhole(const text::Ids &ids, int32_t firstTime, int64_t frames,
                      text::Buffer<Segment> &segments) {
  int64_t last = frames / framesOfTime;
  for (size_t i = ids.size(); i-- > 0;)
    if (ids[i] >= firstTime) {
      if (ids[i] > firstTime)
        last = ids[i] - firstTime;
      break;
    }
  segments.push({0, ids.size(), 0, last});
}

int64_t cutSegments(const text::Ids &ids, int32_t firstTime, int64_t frames,
                    text::Buffer<Segment> &segments) {
  auto isTime = [&](size_t i) { return ids[i] >= firstTime; };
  size_t count = ids.size();
  // Two times side by side: here one segment ends and the next begins.
  text::Buffer<size_t> cuts;
  for (size_t i = 0; i + 1 < count; ++i)
    if (isTime(i) && isTime(i + 1))
      cuts.push(i + 1);
  if (cuts.empty()) {
    takeWhole(ids, firstTime, frames, segments);
    return frames;
  }
  // A single time at the end: nothing is said behind it.
  bool endsByItself = count >= 2 && !isTime(count - 2) && isTime(count - 1);
  if (endsByItself)
    cuts.push(count);
  size_t begin = 0;
  for (size_t cut : cuts) {
    segments.push(
        {begin, cut, ids[begin] - firstTime, ids[cut - 1] - firstTime});
    begin = cut;
  }
  // What stands behind the last pair is unfinished, and read again.
  int64_t understood =
      endsByItself ? frames : (ids[begin - 1] - firstTime) * framesOfTime;
  return std::max<int64_t>(1, std::min(understood, frames));
}

} // namespace heddle::runtime
