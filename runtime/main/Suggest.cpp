#include "runtime/main/Suggest.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace heddle::runtime {

/// Names longer than this are not compared.
static constexpr size_t longestName = 63;

/// Insertions, deletions and replacements that make one of the other
/// (Levenshtein), row by row of the usual table.
static size_t editDistance(std::string_view a, std::string_view b) {
  size_t row[longestName + 1];
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min(replaced, std::min(row[j], row[j - 1]) + 1);
    }
  }
  return row[b.size()];
}

Suggestion::Suggestion(std::string_view written)
    : written(written), distance(std::max<size_t>(2, written.size() / 3) + 1) {}

void Suggestion::consider(const char *candidate) {
  std::string_view name = candidate;
  if (name.size() > longestName || written.size() > longestName)
    return;
  // Something of the name must be there.
  size_t found = editDistance(written, name);
  if (found < distance && found < name.size()) {
    distance = found;
    best = candidate;
  }
}

const char *Suggestion::text() {
  if (!best)
    return "";
  snprintf(message, sizeof message, "; did you mean %s?", best);
  return message;
}

Suggestion suggestEntry(const heddle_program &program,
                        std::string_view written) {
  Suggestion suggestion(written);
  for (int32_t e = 0; e < program.entry_count; ++e)
    suggestion.consider(program.entries[e].name);
  return suggestion;
}

} // namespace heddle::runtime
