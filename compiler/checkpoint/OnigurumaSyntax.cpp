// Expressions of a tokenizer.json are written for Oniguruma (Ruby syntax,
// UTF-8); the runtime executes PCRE2. The two agree on nearly everything that
// tokenizers use. Where they do not, an expression is rewritten to mean the
// same, or refused:
//
//   \s \w \h \v \b   name other sets of characters there            written out
//   as classes and assertions
//   \uHHHH           no escape of PCRE2                             \x{HHHH}
//   (?m)             is "dot matches all" in Ruby                   (?s)
//   [a[bc]]          a nested set                                   [abc];
//   refused if negated [a&&b], {2}+, [[:posix:]] refused
#include "compiler/checkpoint/TokenizerDescription.h"

#include <algorithm>

using llvm::StringRef;

namespace heddle::checkpoint {

// The contents of classes. Unicode's White_Space; and UTS #18's word
// characters: Alphabetic, marks, decimal numbers, connectors. Alphabetic beyond
// letters and letter numbers: enclosed Latin letters.
static constexpr StringRef spaceClass = "\\t-\\r\\x{85}\\p{Z}";
static constexpr StringRef wordClass =
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}"
    "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}";
static constexpr StringRef hexClass = "0-9A-Fa-f";

namespace {

class Translation {
public:
  explicit Translation(StringRef expression) : rest(expression) {}

  std::string run(std::string &reason) {
    while (!rest.empty() && refusal.empty())
      depth > 0 ? insideClass() : outsideClass();
    reason = refusal;
    return refusal.empty() ? out : std::string();
  }

private:
  void copy(size_t count) {
    out += rest.take_front(count);
    rest = rest.drop_front(count);
  }

  void replace(size_t count, const llvm::Twine &by) {
    out += by.str();
    rest = rest.drop_front(count);
  }

  void outsideClass() {
    if (rest.starts_with("\\"))
      return escape();
    if (rest.starts_with("["))
      return openClass();
    if (rest.starts_with("(?"))
      return group();
    if (rest.starts_with("{") && rest.contains('}')) {
      size_t length = rest.find('}') + 1;
      bool counts =
          rest.slice(1, length - 1).find_first_not_of("0123456789,") ==
              StringRef::npos &&
          length > 2;
      if (counts && rest.substr(length).starts_with("+"))
        refusal = "a repeated interval {n,m}+, which engines read differently";
      return copy(length);
    }
    copy(1);
  }

  void insideClass() {
    if (rest.starts_with("\\"))
      return escape();
    if (rest.starts_with("&&")) {
      refusal = "an intersection && of classes";
      return;
    }
    if (rest.starts_with("[:")) {
      refusal = "a POSIX class [:…:]";
      return;
    }
    if (rest.starts_with("["))
      return openClass();
    if (rest.starts_with("]")) {
      // Only the outermost brackets are written: a nested set is part of the
      // union.
      if (--depth == 0)
        out += ']';
      rest = rest.drop_front();
      return;
    }
    copy(1);
  }

  void openClass() {
    bool negated = rest.starts_with("[^");
    if (depth > 0 && negated) {
      refusal = "a negated class within a class";
      return;
    }
    if (depth++ == 0)
      out += negated ? "[^" : "[";
    rest = rest.drop_front(negated ? 2 : 1);
    if (rest.starts_with("]")) { // a bracket right at the beginning is itself
      out += "\\]";
      rest = rest.drop_front();
    }
  }

  /// (?mi-x) and (?mi-x:…): Ruby's m is s elsewhere.
  void group() {
    size_t length = 2 + rest.drop_front(2).find_first_not_of("imx-");
    char after = length < rest.size() ? rest[length] : '\0';
    if (length == 2 || (after != ':' && after != ')'))
      return copy(2);
    std::string flags = rest.take_front(length).str();
    std::replace(flags.begin(), flags.end(), 'm', 's');
    replace(length, flags);
  }

  /// A class of characters: as it is within brackets, in brackets of its own
  /// outside.
  void characterClass(StringRef contents, bool negated) {
    if (depth == 0)
      return replace(2, (negated ? "[^" : "[") + contents + "]");
    if (!negated)
      return replace(2, contents);
    if (contents == spaceClass) // PCRE2 differs in U+180E alone
      return replace(2, "\\S\\x{180e}");
    refusal =
        ("a negated class \\" + rest.substr(1, 1) + " within a class").str();
  }

  void escape() {
    if (rest.size() < 2) {
      refusal = "a backslash at the end";
      return;
    }
    std::string word = ("[" + wordClass + "]").str();
    switch (rest[1]) {
    case 's':
    case 'S':
      return characterClass(spaceClass, rest[1] == 'S');
    case 'w':
    case 'W':
      return characterClass(wordClass, rest[1] == 'W');
    case 'h':
    case 'H':
      return characterClass(hexClass, rest[1] == 'H');
    case 'v':
      return replace(2, "\\x0b");
    case 'u': {
      StringRef digits = rest.substr(2, 4);
      if (digits.size() < 4 ||
          digits.find_first_not_of("0123456789abcdefABCDEF") !=
              StringRef::npos) {
        refusal = "\\u without four hexadecimal digits";
        return;
      }
      return replace(6, "\\x{" + digits + "}");
    }
    case 'b':
      if (depth == 0)
        return replace(2, "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word +
                              ")(?=" + word + "))");
      return copy(2);
    case 'B':
      return replace(2, "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word +
                            ")(?!" + word + "))");
    default:
      return copy(2);
    }
  }

  StringRef rest;
  std::string out, refusal;
  int depth = 0; // of nested classes
};

} // namespace

std::string translateExpression(StringRef expression, std::string &reason) {
  return Translation(expression).run(reason);
}

} // namespace heddle::checkpoint
