#include "runtime/generate/StopStrings.h"

#include <algorithm>

namespace heddle::runtime {

static size_t findIn(std::string_view text, std::string_view stop) {
  const void *found =
      memmem(text.data(), text.size(), stop.data(), stop.size());
  return found ? static_cast<size_t>(static_cast<const char *>(found) -
                                     text.data())
               : text.size();
}

/// Bytes at the text's end that are the beginning of `stop`.
static size_t beginningAtEnd(std::string_view text, std::string_view stop) {
  size_t length = std::min(text.size(), stop.size() - 1);
  while (length &&
         memcmp(text.data() + text.size() - length, stop.data(), length))
    --length;
  return length;
}

bool StopStrings::take(text::Text &held, text::Text &out) const {
  size_t end = held.size(), kept = 0;
  for (int32_t i = 0; i < count; ++i) {
    end = std::min(end, findIn(held.view(), stops[i]));
    kept = std::max(kept, beginningAtEnd(held.view(), stops[i]));
  }
  bool stopped = end < held.size();
  size_t certain = stopped ? end : held.size() - kept;
  out.append({held.data(), certain});
  // What is left is short: less than the longest of the strings.
  std::copy(held.begin() + certain, held.end(), held.begin());
  held.shrink(stopped ? 0 : held.size() - certain);
  return stopped;
}

bool CheckpointStops::take(int32_t token) {
  size_t before = tail.size(), longest = 1;
  decoder.push(token, tail);
  bool found = false;
  for (int32_t i = 0; i < settings.stop_count; ++i) {
    std::string_view stop = settings.stops[i];
    longest = std::max(longest, stop.size());
    // Its last byte is one of the new ones.
    size_t begin = before + 1 > stop.size() ? before + 1 - stop.size() : 0;
    std::string_view rest(tail.data() + begin, tail.size() - begin);
    found |= findIn(rest, stop) < rest.size();
  }
  if (tail.size() >= longest) {
    size_t kept = longest - 1;
    std::copy(tail.end() - kept, tail.end(), tail.begin());
    tail.shrink(kept);
  }
  return found;
}

} // namespace heddle::runtime
