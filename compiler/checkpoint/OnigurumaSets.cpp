// Sets of characters in expressions; see OnigurumaSets.h.
#include "compiler/checkpoint/OnigurumaSets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

/// A set by its names, and how PCRE2's differs.
struct OnigurumaSet {
  StringLiteral names; // in lower case, without underscores
  bool isKnown;        // to PCRE2
  StringLiteral added, lost;
};

} // namespace

#include "compiler/checkpoint/OnigurumaSets.inc"

/// The long names of general categories.
static constexpr std::pair<StringLiteral, StringLiteral> longNames[] = {
    {"letter", "l"},
    {"uppercaseletter", "lu"},
    {"lowercaseletter", "ll"},
    {"titlecaseletter", "lt"},
    {"modifierletter", "lm"},
    {"otherletter", "lo"},
    {"mark", "m"},
    {"nonspacingmark", "mn"},
    {"spacingmark", "mc"},
    {"enclosingmark", "me"},
    {"number", "n"},
    {"decimalnumber", "nd"},
    {"letternumber", "nl"},
    {"othernumber", "no"},
    {"punctuation", "p"},
    {"connectorpunctuation", "pc"},
    {"dashpunctuation", "pd"},
    {"openpunctuation", "ps"},
    {"closepunctuation", "pe"},
    {"initialpunctuation", "pi"},
    {"finalpunctuation", "pf"},
    {"otherpunctuation", "po"},
    {"symbol", "s"},
    {"mathsymbol", "sm"},
    {"currencysymbol", "sc"},
    {"modifiersymbol", "sk"},
    {"othersymbol", "so"},
    {"separator", "z"},
    {"spaceseparator", "zs"},
    {"lineseparator", "zl"},
    {"paragraphseparator", "zp"},
    {"other", "c"},
    {"control", "cc"},
    {"format", "cf"},
    {"privateuse", "co"},
    {"unassigned", "cn"},
};

static const OnigurumaSet *findSet(ArrayRef<OnigurumaSet> sets,
                                   StringRef name) {
  const auto *found = find_if(sets, [&](const OnigurumaSet &set) {
    return is_contained(split(set.names, ' '), name);
  });
  return found == sets.end() ? nullptr : found;
}

/// `here` is PCRE2's expression for the set.
static CharacterSet setOf(const OnigurumaSet &set, const Twine &here) {
  CharacterSet result{set.added.str(), ""};
  if (set.isKnown && set.lost.empty())
    result.contents += here.str();
  else if (set.isKnown)
    result.other = ("(?:(?![" + set.lost + "])" + here + ")").str();
  return result;
}

static CharacterSet joined(ArrayRef<CharacterSet> sets) {
  CharacterSet result;
  for (const CharacterSet &set : sets) {
    result.contents += set.contents;
    if (!set.other.empty())
      result.other += (result.other.empty() ? "" : "|") + set.other;
  }
  return result;
}

/// PCRE2 takes general categories in their own case alone.
static std::string categoryName(StringRef name) {
  std::string spelt = name.str();
  spelt[0] = toUpper(spelt[0]);
  return spelt;
}

/// Of one letter, the categories that begin with it, which have what moved
/// from one to the other; of two, that one.
static CharacterSet categorySet(StringRef name) {
  if (name.size() == 2)
    return setOf(*findSet(propertySets, name),
                 "\\p{" + categoryName(name) + "}");
  SmallVector<CharacterSet> parts;
  bool areWhole = name != "c";
  for (const OnigurumaSet &set : propertySets)
    if (set.names.size() == 2 && set.names.starts_with(name))
      parts.push_back(areWhole ? CharacterSet{set.added.str(), ""}
                               : categorySet(set.names));
  if (areWhole)
    parts.push_back({"\\p{" + categoryName(name) + "}", ""});
  return joined(parts);
}

static bool isCategory(StringRef name) {
  return (name.size() == 1 && StringRef("lmnpszc").contains(name)) ||
         (name.size() == 2 && findSet(propertySets, name));
}

/// All that is assigned and neither white space nor a control character.
static CharacterSet visible() {
  return {"", "(?:(?!" + categorySet("cn").other + ")[^\\p{Cc}" +
                  spaceContents() + "])"};
}

std::optional<CharacterSet> posixSet(StringRef name) {
  if (name == "alpha")
    return propertySet("alphabetic");
  if (name == "alnum")
    return joined({*propertySet("alphabetic"), categorySet("nd")});
  if (name == "upper" || name == "lower")
    return propertySet((name + "case").str());
  if (name == "punct")
    return joined({categorySet("p"), categorySet("s")});
  if (name == "graph")
    return visible();
  if (name == "print")
    return joined({visible(), categorySet("zs")});
  if (name == "digit")
    return CharacterSet{digitContents(), ""};
  if (name == "space")
    return CharacterSet{spaceContents(), ""};
  if (name == "xdigit")
    return CharacterSet{hexContents(), ""};
  if (name == "word")
    return CharacterSet{wordContents(false), ""};
  if (name == "cntrl")
    return categorySet("cc");
  if (name == "blank")
    return CharacterSet{"\\t\\p{Zs}", ""};
  if (name == "ascii")
    return CharacterSet{"\\x00-\\x7f", ""};
  return std::nullopt;
}

std::optional<CharacterSet> propertySet(StringRef given) {
  std::string spelt = given.lower();
  erase_if(spelt, [](char c) { return c == '_' || c == '-' || c == ' '; });
  StringRef name = spelt;
  for (auto [from, to] : longNames)
    if (name == from)
      name = to;
  if (isCategory(name))
    return categorySet(name);
  if (name == "any")
    return CharacterSet{"\\p{Any}", ""};
  if (name == "assigned")
    return CharacterSet{"", "(?:(?!" + categorySet("cn").other + ")(?s:.))"};
  if (const OnigurumaSet *set = findSet(propertySets, name))
    return setOf(*set, "\\p{" + name + "}");
  if (const OnigurumaSet *set = findSet(scriptSets, name))
    return setOf(*set, "\\p{sc:" + name + "}");
  // Unlike [:punct:], this one has no symbols.
  return name == "punct" ? categorySet("p") : posixSet(name);
}

std::string spaceContents() { return "\\t-\\r\\x{85}\\p{Z}"; }

std::string digitContents() { return categorySet("nd").contents; }

std::string hexContents() { return "0-9A-Fa-f"; }

/// Alphabetic, marks, decimal numbers, connectors (UTS #18); Alphabetic beyond
/// letters and letter numbers: enclosed Latin letters.
std::string wordContents(bool isBare) {
  CharacterSet set =
      joined({categorySet("l"), categorySet("m"), categorySet("nd"),
              categorySet("nl"), categorySet("pc")});
  return set.contents +
         "\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}\\x{1f150}-\\x{1f169}"
         "\\x{1f170}-\\x{1f189}" +
         (isBare ? "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}" : "");
}

} // namespace heddle::checkpoint
