// What a session knows of drafts, from one heddle_generate() to the next.
#ifndef HEDDLE_RUNTIME_GENERATE_DRAFTMEMORY_H
#define HEDDLE_RUNTIME_GENERATE_DRAFTMEMORY_H

#include "runtime/generate/Chance.h"
#include "runtime/generate/Drafter.h"

namespace heddle::runtime {

/// How often the small model's drafts are chosen, by how sure it was: by how
/// far its logit is above all others.
class DraftChances {
public:
  static constexpr int32_t kinds = 8;
  static int32_t kindOf(float margin);

  /// Of a draft that is known.
  float of(int32_t kind) const;
  /// Of the next one.
  float ofAny() const;
  void tell(int32_t kind, bool isChosen);
  /// What was long ago counts less, so that drafts are tried again.
  void forget();

private:
  Chance ofKinds[kinds], ofAll;
};

struct DraftMemory {
  DraftMemory() = default;
  DraftMemory(const DraftMemory &) = delete;
  DraftMemory &operator=(const DraftMemory &) = delete;
  ~DraftMemory() { destroy(drafter); }

  CallTimes times;                   // of the model
  Pace pace;                         // at which it reads prompts
  RunChances ofRuns;                 // of what is looked up
  DraftChances ofLikeliest, ofDrawn; // of the small model's drafts
  int64_t idle = 0;                  // calls since that were not worth one
  Drafter *drafter = nullptr;        // null: nobody has asked for it

  /// The session's. Null where there is no memory.
  static DraftMemory *of(heddle_session &session);
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_DRAFTMEMORY_H
