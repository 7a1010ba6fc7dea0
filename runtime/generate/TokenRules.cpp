#include "runtime/generate/TokenRules.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime {

static bool contains(const heddle_ids &ids, int32_t id) {
  return std::find(ids.ids, ids.ids + ids.count, id) != ids.ids + ids.count;
}

bool TokenRules::isEnd(int32_t id) const { return contains(settings.ends, id); }

bool TokenRules::copy() {
  if (copied)
    return true;
  allowed.clear();
  allowed.append(logits, static_cast<size_t>(count));
  return copied = allowed.size() == static_cast<size_t>(count);
}

void TokenRules::forbid(int32_t id) {
  if (id >= 0 && id < count && copy())
    allowed[id] = -INFINITY;
}

void TokenRules::forbid(const heddle_ids &ids) {
  for (int32_t i = 0; i < ids.count; ++i)
    forbid(ids.ids[i]);
}

/// One of `ids` comes next, all with the same probability.
void TokenRules::force(const heddle_ids &ids) {
  if (!copy())
    return;
  std::fill(allowed.begin(), allowed.end(), -INFINITY);
  for (int32_t i = 0; i < ids.count; ++i)
    if (ids.ids[i] >= 0 && ids.ids[i] < count)
      allowed[ids.ids[i]] = 0;
}

/// Whatever followed the last n − 1 tokens where they stood before.
void TokenRules::forbidRepeatedRuns(const TextSoFar &text) {
  int64_t before = settings.no_repeat_ngram - 1;
  const int32_t *last = text.ids + text.length - before;
  for (int64_t at = 0; at + before < text.length; ++at)
    if (std::equal(last, last + before, text.ids + at))
      forbid(text.ids[at + before]);
}

/// The last token of a word of which all others stand at the text's end. An end
/// of the text is not forbidden as a word by itself.
void TokenRules::forbidBadWords(const TextSoFar &text) {
  for (int32_t w = 0; w < settings.bad_word_count; ++w) {
    const heddle_ids &word = settings.bad_words[w];
    int32_t before = word.count - 1;
    if (before > text.length || (before == 0 && isEnd(word.ids[0])))
      continue;
    const int32_t *last = text.ids + text.length - before;
    if (std::equal(last, last + before, word.ids))
      forbid(word.ids[before]);
  }
}

void TokenRules::forbidFrom(int32_t first, int32_t end) {
  for (int32_t id = std::max(first, 0); id < std::min(end, count); ++id)
    forbid(id);
}

/// Whether all times together are more probable than any other token.
bool TokenRules::timesAreLikelier(int32_t first) const {
  const float *now = copied ? allowed.data() : logits;
  float text = -INFINITY, largest = -INFINITY;
  for (int32_t id = 0; id < count; ++id)
    (id < first ? text : largest) =
        std::max(id < first ? text : largest, now[id]);
  double sum = 0;
  for (int32_t id = first; id < count && largest > -INFINITY; ++id)
    sum += std::exp(double{now[id]} - largest);
  return sum > 0 && std::log(sum) + largest > text;
}

/// Whisper's times: a text begins with one, they come in pairs except before
/// the end, and never go back (WhisperTimeStampLogitsProcessor of
/// transformers).
void TokenRules::keepToTimes(const TextSoFar &text) {
  int32_t first = settings.no_timestamps + 1;
  auto written = static_cast<int64_t>(text.length - text.prompt);
  const int32_t *last = text.ids + text.length - 1;
  forbid(settings.no_timestamps);
  bool isTime = written >= 1 && last[0] >= first;
  bool wasTime = written < 2 || last[-1] >= first;
  if (isTime && wasTime)
    forbidFrom(first, count);
  else if (isTime && settings.ends.count)
    forbidFrom(0, settings.ends.ids[0]);
  const int32_t *time = last;
  while (time >= text.ids + text.prompt && *time < first)
    --time;
  // A time that ends something may be the one that begins the next.
  if (time >= text.ids + text.prompt)
    forbidFrom(first, *time + !(isTime && !wasTime));
  if (written == 0) {
    forbidFrom(0, first);
    if (settings.latest_begin >= 0)
      forbidFrom(first + settings.latest_begin + 1, count);
  }
  if (timesAreLikelier(first))
    forbidFrom(0, first);
}

const float *TokenRules::apply(const float *next, int32_t tokens,
                               const TextSoFar &text) {
  logits = next, count = tokens, copied = false;
  if (settings.no_repeat_ngram > 0 && text.length >= settings.no_repeat_ngram)
    forbidRepeatedRuns(text);
  forbidBadWords(text);
  if (text.length < settings.min_length ||
      text.length - text.prompt < settings.min_tokens)
    forbid(settings.ends);
  if (settings.forced_begin >= 0 && text.length == 1)
    force({1, &settings.forced_begin});
  if (settings.forced_ends.count && text.length == text.longest - 1)
    force(settings.forced_ends);
  forbid(settings.suppressed);
  // A forced first token does not count as the beginning.
  bool isForced = settings.forced_begin >= 0 && text.prompt <= 1;
  if (text.length == text.prompt + isForced)
    forbid(settings.begin_suppressed);
  if (notesTimes)
    keepToTimes(text);
  return copied ? allowed.data() : logits;
}

} // namespace heddle::runtime
