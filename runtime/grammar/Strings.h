// The texts of JSON strings: sets of characters, regular expressions, formats.
#ifndef HEDDLE_RUNTIME_GRAMMAR_STRINGS_H
#define HEDDLE_RUNTIME_GRAMMAR_STRINGS_H

#include "runtime/grammar/Terms.h"
#include "runtime/text/CharacterRanges.h"

namespace heddle::grammar {

/// Characters of Unicode, without halves of any.
class CharacterSet {
public:
  void add(uint32_t first, uint32_t last) { ranges.push({first, last}); }
  void add(const CharacterSet &other) {
    ranges.append(other.ranges.data(), other.ranges.size());
  }
  bool contains(uint32_t character) const;
  /// All others.
  void invert();
  /// Sorted ranges that do not touch.
  void normalize();
  const text::Buffer<text::CharacterRange> &view() const { return ranges; }

private:
  text::Buffer<text::CharacterRange> ranges;
};

/// One character of a set, in the spelling that json.dumps gives it with
/// ensure_ascii=False.
Term spelled(Terms &terms, CharacterSet &set);

/// One character, in any spelling.
Term anySpelling(Terms &terms);

/// One character that is written as it is.
Term plainCharacter(Terms &terms);

/// Appends a string as json.dumps writes it, with its quotes.
void appendQuoted(text::Text &out, std::string_view text);

/// The same as a term, and `rest` behind it.
Term quoted(Terms &terms, std::string_view text, Term rest = empty);

/// What stands between the quotes of a string where `pattern` is found, as JSON
/// schemas search for it. Null, or what of it is not understood.
const char *readPattern(Terms &terms, std::string_view pattern, Term &content);

/// The same of a format; false where it is none that is known here. Wide: with
/// all that is of the format, and more, where not all is written.
bool readFormat(Terms &terms, std::string_view format, Term &content,
                bool isWide = false);

/// Any key but those in `names`, with its quotes.
Term otherKey(Terms &terms, const text::Buffer<std::string_view> &names);

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_STRINGS_H
