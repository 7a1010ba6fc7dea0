// Expressions of a tokenizer.json are written for Oniguruma (Ruby syntax,
// UTF-8); the runtime executes PCRE2. The two agree on nearly everything that
// tokenizers use. Where they do not, an expression is rewritten to mean the
// same, or refused:
//
//   there            what it means there          what it becomes
//   \s \w \h \v \b   other sets of characters     classes and assertions
//   \p{L}            of a later Unicode version   with what PCRE2 10.42 lacks;
//                                                 so N and M
//   \p{Han}          the script, not the          \p{sc:Han}
//                    extended script
//   \uHHHH           no escape of PCRE2           \x{HHHH}
//   (?m)             "dot matches all" in Ruby    (?s)
//   [a[bc]]          a nested set                 [abc]
//   [a[^b]] [a&&b]   a union, an intersection     (?:[a]|[^b])  (?:(?=[a])[b])
//   {2}+ {2}?        what {2} repeats, repeated   (?:…{2})+ (?:…{2})?
//   {,2}             {0,2}                        {0,2}
//   [[:digit:]]      the sets of \d \s \w \h …  their contents; refused:
//                                                 alpha, alnum, upper and so on
#include "compiler/checkpoint/TokenizerDescription.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSwitch.h"

#include <algorithm>
#include <vector>

using llvm::StringRef;

namespace heddle::checkpoint {

// What Unicode 15 and 16 added to the categories; PCRE2 10.42 stands at 14.
#define NEW_LETTERS                                                            \
  "\\x{1c89}\\x{1c8a}\\x{a7cb}-\\x{a7cd}\\x{a7da}-\\x{a7dc}\\x{105c0}-\\x{"    \
  "105f3}\\x{10d4a}-\\x{10d65}"                                                \
  "\\x{10d6f}-\\x{10d85}\\x{10ec2}-\\x{10ec4}\\x{1123f}\\x{11240}\\x{11380}-"  \
  "\\x{11389}\\x{1138b}\\x{1138e}"                                             \
  "\\x{11390}-\\x{113b5}\\x{113b7}\\x{113d1}\\x{113d3}\\x{11bc0}-\\x{11be0}"   \
  "\\x{11f02}\\x{11f04}-\\x{11f10}"                                            \
  "\\x{11f12}-\\x{11f33}\\x{1342f}\\x{13441}-\\x{13446}\\x{13460}-\\x{143fa}"  \
  "\\x{16100}-\\x{1611d}"                                                      \
  "\\x{16d40}-\\x{16d6c}\\x{18cff}\\x{1b132}\\x{1b155}\\x{1df25}-\\x{1df2a}"   \
  "\\x{1e030}-\\x{1e06d}"                                                      \
  "\\x{1e4d0}-\\x{1e4eb}\\x{1e5d0}-\\x{1e5ed}\\x{1e5f0}\\x{2b739}\\x{2ebf0}-"  \
  "\\x{2ee5d}\\x{31350}-\\x{323af}"
#define NEW_DIGITS                                                             \
  "\\x{10d40}-\\x{10d49}\\x{116d0}-\\x{116e3}\\x{11bf0}-\\x{11bf9}\\x{11f50}-" \
  "\\x{11f59}\\x{16130}-\\x{16139}"                                            \
  "\\x{16d70}-\\x{16d79}\\x{1ccf0}-\\x{1ccf9}\\x{1e4f0}-\\x{1e4f9}\\x{1e5f1}-" \
  "\\x{1e5fa}"
#define NEW_MARKS                                                              \
  "\\x{897}\\x{cf3}\\x{ece}\\x{10d69}-\\x{10d6d}\\x{10efc}-\\x{10eff}\\x{"     \
  "11241}\\x{113b8}-\\x{113c0}\\x{113c2}"                                      \
  "\\x{113c5}\\x{113c7}-\\x{113ca}\\x{113cc}-\\x{113d0}\\x{113d2}\\x{113e1}"   \
  "\\x{113e2}\\x{11f00}\\x{11f01}\\x{11f03}"                                   \
  "\\x{11f34}-\\x{11f3a}\\x{11f3e}-\\x{11f42}\\x{11f5a}\\x{13440}\\x{13447}-"  \
  "\\x{13455}\\x{1611e}-\\x{1612f}"                                            \
  "\\x{1e08f}\\x{1e4ec}-\\x{1e4ef}\\x{1e5ee}\\x{1e5ef}"

// The contents of classes.
static constexpr StringRef letterClass = "\\p{L}" NEW_LETTERS;
static constexpr StringRef numberClass =
    "\\p{N}\\x{1d2c0}-\\x{1d2d3}" NEW_DIGITS;
static constexpr StringRef markClass = "\\p{M}" NEW_MARKS;
// Unicode's White_Space.
static constexpr StringRef spaceClass = "\\t-\\r\\x{85}\\p{Z}";
static constexpr StringRef digitClass = "\\p{Nd}" NEW_DIGITS;
// Alphabetic, marks, decimal numbers, connectors (UTS #18); Alphabetic beyond
// letters and letter numbers: enclosed Latin letters.
#define WORD                                                                   \
  "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}"  \
  "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}" NEW_LETTERS NEW_DIGITS          \
      NEW_MARKS
static constexpr StringRef wordClass = WORD;
// Outside of brackets Oniguruma also takes the superscripts and fractions of
// Latin-1 for word characters.
static constexpr StringRef bareWordClass =
    WORD "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
static constexpr StringRef hexClass = "0-9A-Fa-f";

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
    } else if (rest.starts_with("[:")) {
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

  /// [:digit:] and [:^digit:]; of the others the two engines know different
  /// characters.
  void posixClass() {
    StringRef name = rest.slice(2, rest.find(":]"));
    bool negated = name.consume_front("^");
    StringRef contents = llvm::StringSwitch<StringRef>(name)
                             .Case("digit", digitClass)
                             .Case("space", spaceClass)
                             .Case("xdigit", hexClass)
                             .Case("word", wordClass)
                             .Case("cntrl", "\\p{Cc}")
                             .Case("blank", "\\t\\p{Zs}")
                             .Default("");
    if (contents.empty())
      refusal = ("the POSIX class [:" + name + ":]").str();
    else
      characterClass(name.size() + (negated ? 5 : 4), contents, negated);
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

  /// A class of characters, written as an escape of `length` bytes: as it is
  /// within brackets, in brackets of its own outside.
  void characterClass(size_t length, StringRef contents, bool negated) {
    if (depth == 0)
      return replace(length, (negated ? "[^" : "[") + contents + "]");
    if (!negated)
      return replace(length, contents);
    others.push_back(("[^" + contents + "]").str());
    rest = rest.drop_front(length);
  }

  /// \p{…}, \p{^…} or \P{…}.
  void property() {
    size_t length = rest.find('}') + 1;
    if (!rest.substr(2).starts_with("{") || length == 0)
      return copy(2);
    StringRef name = rest.slice(3, length - 1);
    bool negated = name.consume_front("^") != (rest[1] == 'P');
    for (StringRef category : {letterClass, numberClass, markClass})
      if (name.size() == 1 && category.substr(3, 1) == name)
        return characterClass(length, category, negated);
    // Names longer than a category's are scripts.
    if (name.size() > 2 && !name.equals_insensitive("any") &&
        !name.contains(':') && !name.contains('='))
      return replace(length, (negated ? "\\P{sc:" : "\\p{sc:") + name + "}");
    copy(length);
  }

  void escape() {
    if (rest.size() < 2) {
      refusal = "a backslash at the end";
      return;
    }
    std::string word = ("[" + bareWordClass + "]").str();
    switch (rest[1]) {
    case 's':
    case 'S':
      return characterClass(2, spaceClass, rest[1] == 'S');
    case 'w':
    case 'W':
      return characterClass(2, depth == 0 ? bareWordClass : wordClass,
                            rest[1] == 'W');
    case 'd':
    case 'D':
      return characterClass(2, digitClass, rest[1] == 'D');
    case 'h':
    case 'H':
      return characterClass(2, hexClass, rest[1] == 'H');
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
  llvm::SmallVector<size_t> groups = {}; // where the open ones begin
};

} // namespace

std::string translateExpression(StringRef expression, std::string &reason) {
  return Translation(expression).run(reason);
}

} // namespace heddle::checkpoint
