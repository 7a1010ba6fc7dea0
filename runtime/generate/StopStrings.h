// Strings that end a text where they come up in it, and are no part of it.
//
// They may begin in the middle of one token and end in that of another. What
// may be the beginning of one is held back until it is known.
#ifndef HEDDLE_RUNTIME_GENERATE_STOPSTRINGS_H
#define HEDDLE_RUNTIME_GENERATE_STOPSTRINGS_H

#include "runtime/text/Buffer.h"

namespace heddle::runtime {

/// `stops` must outlive the object; none of them is empty.
struct StopStrings {
  const char *const *stops = nullptr;
  int32_t count = 0;

  /// Moves from `held`, to which a piece of text has been added, to `out` what
  /// belongs to the text for certain. True: one of them has come up, and what
  /// stood before it is in `out`.
  bool take(text::Text &held, text::Text &out) const;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_STOPSTRINGS_H
