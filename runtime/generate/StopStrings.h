// Strings that end a text where they come up in it, and are no part of it.
//
// They may begin in the middle of one token and end in that of another. What
// may be the beginning of one is held back until it is known.
#ifndef HEDDLE_RUNTIME_GENERATE_STOPSTRINGS_H
#define HEDDLE_RUNTIME_GENERATE_STOPSTRINGS_H

#include "runtime/abi.h"
#include "runtime/text/Tokenizer.h"

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

/// Ends a text with the token that completes one of the checkpoint's strings,
/// which stay in it: Hugging Face's StopStringCriteria. They may begin in the
/// prompt, and special tokens are text for them.
class CheckpointStops {
public:
  /// Both must outlive the object.
  CheckpointStops(const text::Tokenizer &tokenizer,
                  const heddle_generation &settings)
      : settings(settings), decoder(tokenizer, /*skipSpecialTokens=*/false) {}

  /// Goes on with a token; whether one of the strings ends in its text.
  bool take(int32_t token);

private:
  const heddle_generation &settings;
  text::Decoder decoder;
  text::Text tail; // shorter than the longest of the strings
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_STOPSTRINGS_H
