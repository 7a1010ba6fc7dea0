#include "runtime/generate/Choices.h"

#include <algorithm>

namespace heddle::runtime {

/// Rows part, part + parts, …: each part has memory of its own to choose with.
void Choices::findPart(void *context, int64_t part) {
  auto &choices = *static_cast<Choices *>(context);
  int64_t parts = choices.model.threads.size();
  for (int64_t i = part; i < choices.call.rows(); i += parts)
    if (Writer *writer = choices.writers[i])
      writer->foresee(choices.call.row(i), choices.call.logitsOf(i), part);
}

void Choices::findOnThreads() {
  int64_t parts = model.threads.size(), rows = call.rows();
  if (parts < 2)
    return;
  // A writer of several rows is used by several parts.
  for (int64_t i = 0; i < rows; ++i) {
    Writer **end = writers.data() + rows;
    bool isShared =
        writers[i] && std::count(writers.data(), end, writers[i]) > 1;
    if (isShared && !writers[i]->prepareParts(parts))
      return;
  }
  ThreadPool::parallelFor(&model.threads, findPart, this, parts);
}

} // namespace heddle::runtime
