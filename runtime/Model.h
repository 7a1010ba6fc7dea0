// An opened program: descriptor, weights, threads. What heddle_model is.
#ifndef HEDDLE_RUNTIME_MODEL_H
#define HEDDLE_RUNTIME_MODEL_H

#include "runtime/Profile.h"
#include "runtime/Threads.h"
#include "runtime/Weights.h"

/// Immutable once open, but for `text` and `grammars`. All sessions share it.
struct heddle_model {
  const heddle_program *program;
  heddle::runtime::Weights weights;
  heddle::runtime::ThreadPool threads;
  /// Where its calls run: those of a draft on the threads of its model.
  heddle::runtime::ThreadPool *pool = &threads;
  /// The small model that drafts its texts; null: there is none.
  heddle_model *draft = nullptr;

  /// The code for this processor; null: that of the entries themselves.
  const heddle_version *version = nullptr;

  /// Bit s of entry e: the caller gives size s in a call of e.
  heddle::runtime::Array<uint32_t> givenSizes;

  /// Its host until heddle_close(), and whatever is at work with it: sessions,
  /// functions that run. The last one frees it.
  std::atomic<int64_t> users{1};
  std::atomic<bool> closed{false};

  /// Where the time of calls is charged, if anybody wants to know; those of its
  /// draft as well.
  std::atomic<heddle::runtime::Profile *> profile{nullptr};

  /// The opened tokenizer, once somebody asked for it. It belongs to
  /// runtime/text's interface, which the core does not link.
  std::atomic<void *> text{nullptr};
  std::atomic<void (*)(void *)> closeText{nullptr};
  /// What texts may be held to, in the same way: grammar::Grammars.
  std::atomic<void *> grammars{nullptr};
  std::atomic<void (*)(void *)> closeGrammars{nullptr};
  /// And the profiles that a host has begun: main/ProfileInterface.cpp.
  std::atomic<void *> profiles{nullptr};
  std::atomic<void (*)(void *)> closeProfiles{nullptr};

  /// Of its calls and of those of its draft; null: nobody wants to know.
  void profileWith(heddle::runtime::Profile *wanted) {
    profile.store(wanted);
    if (draft)
      draft->profile.store(wanted);
  }
  /// Before that: the first call is not charged for reading the file.
  void touchWeights() const {
    weights.touchPages();
    if (draft)
      draft->weights.touchPages();
  }

  uint32_t given(const heddle_entry &entry) const {
    return givenSizes[&entry - program->entries];
  }
  int32_t run(const heddle_entry &entry, heddle_frame *frame) const {
    return version ? version->functions[&entry - program->entries](frame)
                   : entry.function(frame);
  }
  bool owns(const heddle_entry *entry) const {
    return entry >= program->entries &&
           entry < program->entries + program->entry_count;
  }
};

namespace heddle::runtime {

/// Keeps a model for one scope, so that it may be closed meanwhile.
class ModelUse {
public:
  /// `model` may be NULL, or closed while sessions of it are open.
  explicit ModelUse(heddle_model *model);
  ModelUse(const ModelUse &) = delete;
  ModelUse &operator=(const ModelUse &) = delete;
  ~ModelUse() { release(model); }

  /// The refusal of a model that cannot be used, else HEDDLE_OK.
  heddle_status check() const;

  /// Hands the use on, to be released by somebody else.
  heddle_model *take() {
    heddle_model *taken = model;
    model = nullptr;
    return taken;
  }

  /// Ends one use; the last one frees the model. NULL is allowed.
  static void release(heddle_model *model);

private:
  heddle_model *model;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MODEL_H
