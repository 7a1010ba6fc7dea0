// What somebody may have meant who misspelt a name.
#ifndef HEDDLE_RUNTIME_MAIN_SUGGEST_H
#define HEDDLE_RUNTIME_MAIN_SUGGEST_H

#include "runtime/abi.h"

#include <string_view>

namespace heddle::runtime {

/// Collects names and keeps the one nearest to what was written.
class Suggestion {
public:
  explicit Suggestion(std::string_view written);

  void consider(const char *candidate);

  /// `; did you mean --tokens?`, or "" where nothing comes near. Valid as long
  /// as the object.
  const char *text();

private:
  std::string_view written;
  const char *best = nullptr;
  size_t distance; // of the best; what is as far or farther is no suggestion
  char message[128];
};

/// The entry whose name is nearest to `written`.
Suggestion suggestEntry(const heddle_program &program,
                        std::string_view written);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_SUGGEST_H
