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
  return copied ? allowed.data() : logits;
}

} // namespace heddle::runtime
