// Regular expressions; see Regex.h.
#include "runtime/text/Regex.h"

#include "runtime/text/Unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace heddle::text {

Regex *compileRegex(std::string_view pattern, Text &message) {
  int error = 0;
  PCRE2_SIZE at = 0;
  // MULTILINE: in Oniguruma's Ruby syntax, which tokenizer.json is written for,
  // ^ and $ always match at lines.
  pcre2_code *code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
      &at, nullptr);
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

Matcher::~Matcher() { pcre2_match_data_free(data); }

bool Matcher::find(const Regex &regex, std::string_view text, size_t from,
                   Span &match) {
  if (!data && !(data = pcre2_match_data_create(1, nullptr)))
    noteTrouble(Trouble::Memory);
  if (trouble != Trouble::None)
    return false;
  PCRE2_SPTR subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  int found = pcre2_match(&regex, subject, text.size(), from,
                          PCRE2_NO_UTF_CHECK, data, nullptr);
  if (found ==
      PCRE2_ERROR_JIT_STACKLIMIT) // the interpreter keeps its stack on the heap
    found = pcre2_match(&regex, subject, text.size(), from,
                        PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, nullptr);
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
