// An opened program: descriptor, weights, threads. What heddle_model is.
#ifndef HEDDLE_RUNTIME_MODEL_H
#define HEDDLE_RUNTIME_MODEL_H

#include "runtime/Profile.h"
#include "runtime/Threads.h"
#include "runtime/Weights.h"

/// Immutable once open, but for `text`; shared by all sessions.
struct heddle_model {
  const heddle_program *program;
  heddle::runtime::Weights weights;
  heddle::runtime::ThreadPool threads;

  /// Bit s of entry e: the caller gives size s in a call of e.
  heddle::runtime::Array<uint32_t> givenSizes;

  /// Where the time of calls is charged, if anybody wants to know.
  heddle::runtime::Profile *profile = nullptr;

  /// The opened tokenizer, once somebody asked for it. It belongs to
  /// runtime/text's interface, which the core does not link.
  std::atomic<void *> text{nullptr};
  std::atomic<void (*)(void *)> closeText{nullptr};

  uint32_t given(const heddle_entry &entry) const {
    return givenSizes[&entry - program->entries];
  }
  bool owns(const heddle_entry *entry) const {
    return entry >= program->entries &&
           entry < program->entries + program->entry_count;
  }
};

#endif // HEDDLE_RUNTIME_MODEL_H
