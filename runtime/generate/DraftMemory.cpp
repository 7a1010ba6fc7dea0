#include "runtime/generate/DraftMemory.h"

#include <algorithm>
#include <iterator>

namespace heddle::runtime {

int32_t DraftChances::kindOf(float margin) {
  static constexpr float ends[kinds - 1] = {.2f, .5f, 1, 2, 3, 4.5f, 7};
  return static_cast<int32_t>(std::lower_bound(ends, std::end(ends), margin) -
                              ends);
}

static constexpr float weight = 2; // of what is expected, in drafts

/// Before anything is known, what is surer is taken to be chosen more often.
float DraftChances::of(int32_t kind) const {
  static constexpr float expected[kinds] = {.3f,  .4f,  .5f,  .6f,
                                            .75f, .85f, .93f, .97f};
  return (chosen[kind] + weight * expected[kind]) / (tried[kind] + weight);
}

float DraftChances::ofAny() const {
  constexpr float expected = .7f;
  return (chosen[any] + weight * expected) / (tried[any] + weight);
}

void DraftChances::tell(int32_t kind, bool isChosen) {
  note(kind, isChosen);
  note(any, isChosen);
}

void DraftChances::note(int32_t kind, bool isChosen) {
  constexpr float mostKept = 64;
  if (tried[kind] >= mostKept)
    tried[kind] /= 2, chosen[kind] /= 2;
  tried[kind] += 1;
  chosen[kind] += isChosen ? 1.f : 0.f;
}

void DraftChances::forget() {
  for (int32_t kind = 0; kind <= any; ++kind)
    tried[kind] /= 2, chosen[kind] /= 2;
}

DraftMemory *DraftMemory::of(heddle_session &session) {
  if (!session.drafts) {
    session.drafts = create<DraftMemory>();
    session.closeDrafts = [](void *memory) {
      destroy(static_cast<DraftMemory *>(memory));
    };
  }
  return static_cast<DraftMemory *>(session.drafts);
}

} // namespace heddle::runtime
