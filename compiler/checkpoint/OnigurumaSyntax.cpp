// Expressions of a tokenizer.json are written for Oniguruma (Ruby syntax,
// UTF-8); the runtime executes PCRE2. The two agree on nearly everything that
// tokenizers use. Where they do not, an expression is rewritten to mean the
// same, or refused:
//
//   there            what it means there          what it becomes
//   \s \w \h \v \b   other sets of characters     classes and assertions
//   \p{L} [:alpha:]  of a later Unicode version   with what PCRE2 10.42 lacks
//                                                 (OnigurumaSets.h)
//   \p{Han}          the script, not the          \p{sc:Han}
//                    extended script
//   \uHHHH           no escape of PCRE2           \x{HHHH}
//   (?m)             "dot matches all" in Ruby    (?s)
//   [a[bc]]          a nested set                 [abc]
//   [a[^b]] [a&&b]   a union, an intersection     (?:[a]|[^b])  (?:(?=[a])[b])
//   {2}+ {2}?        what {2} repeats, repeated   (?:…{2})+ (?:…{2})?
//   {,2}             {0,2}                        {0,2}
#include "compiler/checkpoint/OnigurumaSets.h"
#include "compiler/checkpoint/TokenizerDescription.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <vector>

using llvm::SmallVector;
using llvm::StringRef;

namespace heddle::checkpoint {

namespace {

class Translation {
public:
  explicit Translation(StringRef expression) : rest(expression) {}

  std::string run(std::string &reason) {
    while (!rest.empty() && refusal.empty())
      outsideClass();
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
      return atom = out.size(), escape();
    if (rest.starts_with("["))
      return atom = out.size(), (void)(out += write(readSet()));
    if (rest.starts_with("{"))
      return interval();
    if (rest.starts_with(")") && !groups.empty())
      atom = groups.pop_back_val();
    else if (rest.starts_with("("))
      groups.push_back(out.size());
    else if (!rest.starts_with("+") && !rest.starts_with("*") &&
             !rest.starts_with("?"))
      atom = out.size();
    if (rest.starts_with("(?"))
      return group();
    copy(characterBytes());
  }

  size_t characterBytes() const {
    size_t length = 1;
    while (length < rest.size() && (rest[length] & 0xc0) == 0x80)
      ++length;
    return length;
  }

  /// {n}, {n,}, {n,m} and {,m}; what is none of these stands for itself. {n}?
  /// and {…}+ repeat once more what they follow.
  void interval() {
    size_t length = rest.find('}') + 1;
    StringRef counts = length == 0 ? "" : rest.slice(1, length - 1);
    auto [least, most] = counts.split(',');
    bool hasComma = counts.contains(',');
    if (counts.find_first_not_of("0123456789,") != StringRef::npos ||
        most.contains(',') || (least.empty() && most.empty())) {
      atom = out.size();
      return copy(1);
    }
    std::string repeated = ("{" + (least.empty() ? "0" : least) +
                            (hasComma ? "," : "") + most + "}")
                               .str();
    rest = rest.drop_front(length);
    bool again = rest.starts_with("+") || (!hasComma && rest.starts_with("?"));
    if (!again)
      return (void)(out += repeated);
    out.insert(atom, "(?:");
    out += repeated + ")";
    copy(1);
  }

  //===-- Classes --===//

  /// What a pair of brackets holds: contents that can be written side by side,
  /// and expressions of one character, all of which are in it; and with an
  /// intersection the sets before it, as expressions.
  struct Set {
    bool negated = false;
    std::string plain;
    std::vector<std::string> others, before;
  };

  /// Reads a set, whose bracket is next.
  Set readSet() {
    Set set;
    set.negated = rest.consume_front("[^");
    if (!set.negated)
      rest.consume_front("[");
    if (++depth > 64)
      refusal = "classes within each other more than 64 deep";
    std::swap(out, set.plain); // what escape() writes is part of it
    std::swap(others, set.others);
    if (rest.starts_with("]")) // right at the beginning it is itself
      replace(1, "\\]");
    while (refusal.empty() && !rest.consume_front("]"))
      readElement(set);
    std::swap(out, set.plain);
    std::swap(others, set.others);
    --depth;
    return set;
  }

  void readElement(Set &set) {
    if (rest.empty()) {
      refusal = "a class without an end";
    } else if (rest.starts_with("\\")) {
      escape();
    } else if (rest.consume_front("&&")) {
      set.before.push_back(writeUnion(out, others));
      out.clear();
      others.clear();
    } else if (rest.starts_with("[:") && rest.contains(":]")) {
      posixClass();
    } else if (rest.starts_with("[")) {
      Set nested = readSet();
      if (nested.negated || !nested.before.empty()) {
        others.push_back(write(nested));
      } else {
        out += nested.plain;
        others.insert(others.end(), nested.others.begin(), nested.others.end());
      }
    } else if (rest.starts_with("^")) {
      replace(1, "\\^"); // in front it would negate
    } else {
      copy(1);
    }
  }

  std::string writeUnion(StringRef plain, llvm::ArrayRef<std::string> others) {
    if (plain.empty() && others.empty() && refusal.empty())
      refusal = "an empty class";
    if (others.empty())
      return ("[" + plain + "]").str();
    std::string all = plain.empty() ? "" : ("|[" + plain + "]").str();
    for (const std::string &other : others)
      all += "|" + other;
    return "(?:" + all.substr(1) + ")";
  }

  /// A set as an expression of one character; PCRE2 10.42 has neither negated
  /// classes within others nor intersections.
  std::string write(const Set &set) {
    if (set.negated && set.others.empty() && set.before.empty() &&
        !set.plain.empty())
      return "[^" + set.plain + "]";
    std::string all;
    for (const std::string &side : set.before)
      all += "(?=" + side + ")";
    all += writeUnion(set.plain, set.others);
    if (set.negated)
      return "(?:(?!" + all + ")(?s:.))";
    return set.before.empty() ? all : "(?:" + all + ")";
  }

  /// [:digit:] and [:^digit:].
  void posixClass() {
    StringRef name = rest.slice(2, rest.find(":]"));
    bool negated = name.consume_front("^");
    if (std::optional<CharacterSet> set = posixSet(name))
      characterClass(name.size() + (negated ? 5 : 4), *set, negated);
    else
      refusal = ("the POSIX class [:" + name + ":]").str();
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

  /// A set of characters, written as an escape of `length` bytes: as it is
  /// within brackets, as an expression of one character outside.
  void characterClass(size_t length, const CharacterSet &set, bool negated) {
    rest = rest.drop_front(length);
    if (depth > 0 && !negated) {
      out += set.contents;
      if (!set.other.empty())
        others.push_back(set.other);
      return;
    }
    SmallVector<std::string> other;
    if (!set.other.empty())
      other.push_back(set.other);
    std::string expression =
        !negated ? writeUnion(set.contents, other)
        : other.empty()
            ? "[^" + set.contents + "]"
            : "(?:(?!" + writeUnion(set.contents, other) + ")(?s:.))";
    if (depth == 0)
      out += expression;
    else
      others.push_back(expression);
  }

  void characterClass(size_t length, std::string contents, bool negated) {
    characterClass(length, CharacterSet{std::move(contents), ""}, negated);
  }

  /// \p{…}, \p{^…} or \P{…}.
  void property() {
    size_t length = rest.find('}') + 1;
    if (!rest.substr(2).starts_with("{") || length == 0)
      return copy(2);
    StringRef name = rest.slice(3, length - 1);
    bool negated = name.consume_front("^") != (rest[1] == 'P');
    if (std::optional<CharacterSet> set = propertySet(name))
      characterClass(length, *set, negated);
    else
      refusal = ("the property \\p{" + name + "}").str();
  }

  void escape() {
    if (rest.size() < 2) {
      refusal = "a backslash at the end";
      return;
    }
    std::string word = "[" + wordContents(true) + "]";
    switch (rest[1]) {
    case 's':
    case 'S':
      return characterClass(2, spaceContents(), rest[1] == 'S');
    case 'w':
    case 'W':
      return characterClass(2, wordContents(depth == 0), rest[1] == 'W');
    case 'd':
    case 'D':
      return characterClass(2, digitContents(), rest[1] == 'D');
    case 'h':
    case 'H':
      return characterClass(2, hexContents(), rest[1] == 'H');
    case 'p':
    case 'P':
      return property();
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
  std::vector<std::string> others; // of the class that is being read
  int depth = 0;                   // of nested classes
  size_t atom = 0;                 // where what a quantifier repeats begins
  SmallVector<size_t> groups = {}; // where the open ones begin
};

} // namespace

std::string translateExpression(StringRef expression, std::string &reason) {
  return Translation(expression).run(reason);
}

} // namespace heddle::checkpoint
