// Regular expressions of a tokenizer, on PCRE2 with its just-in-time compiler.
#ifndef HEDDLE_RUNTIME_TEXT_REGEX_H
#define HEDDLE_RUNTIME_TEXT_REGEX_H

#include "runtime/text/Buffer.h"

#include <string_view>

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;
struct pcre2_real_match_data_8;

namespace heddle::text {

/// A piece [begin, end) of a text.
struct Span {
  size_t begin, end;
};

/// A compiled expression; immutable, shared by all threads.
using Regex = pcre2_real_code_8;

/// Compiles an expression in PCRE2's syntax, over Unicode characters. On
/// failure returns nullptr and appends the reason, with its place in the
/// expression, to `message`.
Regex *compileRegex(std::string_view pattern, Text &message);
void freeRegex(Regex *regex);

/// The scratch memory of matching, and the time that may be spent on it; one a
/// text and thread.
class Matcher {
public:
  /// Seconds for a text of `bytes` bytes: a hundred times what slow expressions
  /// of real tokenizers take on slow machines. What some hostile ones would
  /// take has no bound.
  explicit Matcher(size_t bytes = 0) : seconds(10 + 40e-6 * bytes) {}
  Matcher(const Matcher &) = delete;
  Matcher &operator=(const Matcher &) = delete;
  ~Matcher();

  /// Finds the first match of `regex` in `text` that begins at `from` or later.
  /// Text before `from` is visible to assertions. Returns false if there is
  /// none, or if trouble keeps it from being found: no memory, or more
  /// backtracking than PCRE2's limits allow or there is time for.
  bool find(const Regex &regex, std::string_view text, size_t from,
            Span &match);

private:
  bool prepare();
  int findFrom(const Regex &regex, std::string_view text, size_t from,
               size_t last);
  bool isLate();

  pcre2_real_match_data_8 *data = nullptr;
  pcre2_real_match_context_8 *context = nullptr;
  double seconds, began = 0;
  unsigned searches = 0;
};

/// Walks over all matches of an expression as Oniguruma's find_iter does: after
/// an empty match, and at one that directly follows the match before, it goes
/// on one character further.
class RegexMatches {
public:
  RegexMatches(Matcher &matcher, const Regex &regex, std::string_view text)
      : matcher(matcher), regex(regex), text(text) {}
  bool next(Span &match);

private:
  Matcher &matcher;
  const Regex &regex;
  std::string_view text;
  size_t from = 0;
  size_t lastEnd = SIZE_MAX;
};

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_REGEX_H
