// Regular expressions; see Regex.h.
#include "runtime/text/Regex.h"

#include "runtime/text/Unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <ctime>

namespace heddle::text {

Regex *compileRegex(std::string_view pattern, Text &message) {
  int error = 0;
  PCRE2_SIZE at = 0;
  // MULTILINE: in Oniguruma's Ruby syntax, which tokenizer.json is written for,
  // ^ and $ always match at lines.
  pcre2_code *code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C |
          PCRE2_USE_OFFSET_LIMIT,
      &error, &at, nullptr);
  if (code) {
    pcre2_jit_compile(
        code,
        PCRE2_JIT_COMPLETE); // where it is refused, pcre2_match interprets
    return code;
  }
  if (error == PCRE2_ERROR_HEAP_FAILED)
    noteTrouble(Trouble::Memory);
  PCRE2_UCHAR reason[160] = {};
  pcre2_get_error_message(error, reason, sizeof(reason));
  char place[64];
  snprintf(place, sizeof(place), " at byte %zu of `", static_cast<size_t>(at));
  message.append(reinterpret_cast<const char *>(reason));
  message.append(place);
  message.append(pattern);
  message.append("`");
  return nullptr;
}

void freeRegex(Regex *regex) { pcre2_code_free(regex); }

Matcher::~Matcher() {
  pcre2_match_data_free(data);
  pcre2_match_context_free(context);
}

bool Matcher::prepare() {
  if (!data)
    data = pcre2_match_data_create(1, nullptr);
  if (!context)
    context = pcre2_match_context_create(nullptr);
  if (!data || !context)
    noteTrouble(Trouble::Memory);
  return trouble == Trouble::None;
}

/// Coarse, since it is asked often.
static double secondsNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * now.tv_nsec;
}

/// Whether the time is over; looks at the clock now and then.
bool Matcher::isLate() {
  if (searches++ % 16 != 0)
    return false;
  double now = secondsNow();
  if (searches == 1)
    began = now;
  return now - began > seconds;
}

/// Looks for a match that begins from `from` to `last`.
int Matcher::findFrom(const Regex &regex, std::string_view text, size_t from,
                      size_t last) {
  if (isLate())
    return PCRE2_ERROR_MATCHLIMIT;
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  pcre2_set_offset_limit(context, last);
  // Enough to give back a run as long as the text, some times over.
  constexpr size_t most = 10'000'000;
  pcre2_set_match_limit(context, static_cast<uint32_t>(std::min(
                                     most, 1'000'000 + 16 * text.size())));
  int found = pcre2_match(&regex, subject, text.size(), from,
                          PCRE2_NO_UTF_CHECK, data, context);
  if (found ==
      PCRE2_ERROR_JIT_STACKLIMIT) // the interpreter keeps its stack on the heap
    found = pcre2_match(&regex, subject, text.size(), from,
                        PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, context);
  return found;
}

bool Matcher::find(const Regex &regex, std::string_view text, size_t from,
                   Span &match) {
  if (!prepare())
    return false;
  // A window of places at a time, so that no search is far from the clock.
  constexpr size_t window = 256;
  int found = PCRE2_ERROR_NOMATCH;
  while (found == PCRE2_ERROR_NOMATCH && from <= text.size()) {
    size_t next = from + window;
    while (next < text.size() && (text[next] & 0xc0) == 0x80)
      ++next;
    found = findFrom(regex, text, from, next - 1);
    from = next;
  }
  if (found < 0) {
    if (found != PCRE2_ERROR_NOMATCH)
      noteTrouble(found == PCRE2_ERROR_NOMEMORY ? Trouble::Memory
                                                : Trouble::Backtracking);
    return false;
  }
  const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
  match = {ends[0], ends[1]};
  return match.begin <= match.end; // \K in a lookahead could turn them round
}

bool RegexMatches::next(Span &match) {
  while (from <= text.size() && matcher.find(regex, text, from, match)) {
    bool empty = match.begin == match.end;
    from = match.end;
    if (empty)
      from += match.end < text.size() ? characterLength(text[match.end]) : 1;
    if (empty && match.end == lastEnd)
      continue;
    lastEnd = match.end;
    return true;
  }
  return false;
}

} // namespace heddle::text
