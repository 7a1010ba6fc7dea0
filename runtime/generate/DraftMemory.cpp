#include "runtime/generate/DraftMemory.h"

#include <algorithm>
#include <iterator>

namespace heddle::runtime {

int32_t DraftChances::kindOf(float margin) {
  static constexpr float ends[kinds - 1] = {.2f, .5f, 1, 2, 3, 4.5f, 7};
  return static_cast<int32_t>(std::lower_bound(ends, std::end(ends), margin) -
                              ends);
}

/// Before anything is known, what is surer is taken to be chosen more often.
float DraftChances::of(int32_t kind) const {
  static constexpr float expected[kinds] = {.3f,  .4f,  .5f,  .6f,
                                            .75f, .85f, .93f, .97f};
  return ofKinds[kind].of(expected[kind]);
}

float DraftChances::ofAny() const {
  constexpr float expected = .7f;
  return ofAll.of(expected);
}

void DraftChances::tell(int32_t kind, bool isChosen) {
  ofKinds[kind].tell(isChosen);
  ofAll.tell(isChosen);
}

void DraftChances::forget() {
  for (Chance &chance : ofKinds)
    chance.forget();
  ofAll.forget();
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
