// An expression in Oniguruma's syntax and a text, with a zero byte between them
// → PCRE2's syntax → all matches.
#include "compiler/checkpoint/TokenizerDescription.h"
#include "runtime/text/Regex.h"
#include "runtime/text/Unicode.h"
#include "test/fuzz/MemoryFile.h"

using namespace heddle;

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  std::string_view rest(data, size);
  std::string_view expression = fuzz::nextPart(rest);
  std::string reason;
  std::string translated = checkpoint::translateExpression(
      llvm::StringRef(expression.data(), expression.size()), reason);
  if (translated.empty())
    return 0;
  text::TroubleWatch watch;
  text::Text message, subject;
  text::Regex *regex = text::compileRegex(translated, message);
  if (!regex)
    return 0;
  text::appendRepaired(subject, rest);
  text::Matcher matcher;
  text::RegexMatches matches(matcher, *regex, subject.view());
  text::Span match;
  for (size_t end = 0; matches.next(match); end = match.end)
    if (match.begin > match.end || match.end > subject.size() ||
        match.end < end)
      abort();
  text::freeRegex(regex);
  return 0;
}
