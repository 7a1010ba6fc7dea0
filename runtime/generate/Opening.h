// What stands before the text of a decoder, behind its first token.
#ifndef HEDDLE_RUNTIME_GENERATE_OPENING_H
#define HEDDLE_RUNTIME_GENERATE_OPENING_H

#include "runtime/abi.h"

namespace heddle::runtime {

/// The tokens of heddle_generation.opening, with what the caller has chosen in
/// its place.
class Opening {
public:
  /// Fails for a language or a task that the checkpoint does not name. What
  /// `settings` has must outlive the object.
  /// `notesTimes`: it does not end with the token that says none are.
  heddle_status choose(const heddle_generation &settings, const char *language,
                       const char *task, bool notesTimes = false);

  int64_t count() const { return size; }
  /// The likeliest of those that come at this place.
  int32_t likeliest(int64_t place, const float *logits,
                    int64_t vocabulary) const;

private:
  void set(int64_t place, const int32_t &id) { tokens[place] = {1, &id}; }
  void insert(int64_t place, const int32_t &id);
  int64_t placeOfTask(const heddle_generation &settings) const;

  heddle_ids tokens[HEDDLE_MOST_OPENING];
  int64_t size = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_OPENING_H
