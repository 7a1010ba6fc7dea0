#include "runtime/generate/Opening.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cstring>

namespace heddle::runtime {

static const heddle_named_id *find(const heddle_named_id *names, int32_t count,
                                   const char *name) {
  for (int32_t i = 0; i < count; ++i)
    if (!strcmp(names[i].name, name))
      return &names[i];
  return nullptr;
}

static heddle_status unknown(const char *what, const char *name,
                             const heddle_named_id *names, int32_t count) {
  if (!count)
    return fail(HEDDLE_NOT_SUPPORTED,
                "found the %s %s, the model's generation_config.json knows "
                "none",
                what, name);
  return fail(HEDDLE_BAD_ARGUMENT,
              "found the %s %s, needed one of the model's %d, such as %s", what,
              name, count, names[0].name);
}

void Opening::insert(int64_t place, const int32_t &id) {
  if (size == HEDDLE_MOST_OPENING)
    return; // the compiler has left room
  place = std::min(place, size);
  std::copy_backward(tokens + place, tokens + size, tokens + size + 1);
  ++size;
  set(place, id);
}

/// −1: nowhere.
int64_t Opening::placeOfTask(const heddle_generation &settings) const {
  for (int64_t place = 0; place < size; ++place)
    for (int32_t i = 0; i < settings.task_count; ++i)
      if (tokens[place].count == 1 &&
          tokens[place].ids[0] == settings.tasks[i].id)
        return place;
  return -1;
}

heddle_status Opening::choose(const heddle_generation &settings,
                              const char *language, const char *task,
                              bool notesTimes) {
  size = std::min(settings.opening_count, HEDDLE_MOST_OPENING);
  std::copy(settings.opening, settings.opening + size, tokens);
  if (notesTimes && size && tokens[size - 1].count == 1 &&
      tokens[size - 1].ids[0] == settings.no_timestamps)
    --size;
  if (language) {
    auto *named = find(settings.languages, settings.language_count, language);
    if (!named)
      return unknown("language", language, settings.languages,
                     settings.language_count);
    // Where there are languages, the first place is theirs.
    size ? set(0, named->id) : insert(0, named->id);
  }
  // Whoever names a language wants it written down, unless they say more.
  bool hasTask = placeOfTask(settings) >= 0;
  if (language && !task && !hasTask && settings.task_count)
    task = "transcribe";
  if (!task)
    return HEDDLE_OK;
  auto *named = find(settings.tasks, settings.task_count, task);
  if (!named)
    return unknown("task", task, settings.tasks, settings.task_count);
  hasTask ? set(placeOfTask(settings), named->id) : insert(1, named->id);
  return HEDDLE_OK;
}

int32_t Opening::likeliest(int64_t place, const float *logits,
                           int64_t vocabulary) const {
  const heddle_ids &candidates = tokens[place];
  int32_t best = candidates.ids[0];
  for (int32_t i = 1; i < candidates.count; ++i) {
    int32_t id = candidates.ids[i];
    if (id >= 0 && id < vocabulary && logits[id] > logits[best])
      best = id;
  }
  return best;
}

} // namespace heddle::runtime
