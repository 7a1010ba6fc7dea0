// SentencePiece's `precompiled_charsmap`: what becomes of which characters, as
// the `tokenizers` library executes it (its crate spm_precompiled). Internal to
// runtime/text.
#ifndef HEDDLE_RUNTIME_TEXT_CHARSMAP_H
#define HEDDLE_RUNTIME_TEXT_CHARSMAP_H

#include "runtime/text/Buffer.h"

#include <cstdint>
#include <string_view>

namespace heddle::text {

/// Where the grapheme ends that begins at `begin` (UAX #29, extended grapheme
/// clusters).
size_t graphemeEnd(std::string_view text, size_t begin);

class Charsmap {
public:
  /// `units`: the double array, as its bytes, of Darts-clone: a trie whose
  /// values are places in `replacements`, where a text stands up to a zero
  /// byte.
  Charsmap(std::string_view units, std::string_view replacements)
      : units(units), replacements(replacements) {}

  /// Whether no walk leaves the array and every value points to a text.
  bool isSound() const;

  /// Appends what becomes of `text`. A grapheme of less than six bytes is
  /// replaced as a whole by what stands for the shortest sequence it begins
  /// with; where that is none, and in longer ones, each character is replaced
  /// by itself. (Of "a\u0301" with a rule for "a" only, the accent gets lost:
  /// models are trained like that.)
  void append(Text &out, std::string_view text) const;

  /// The same as SentencePiece itself does it: at each place the longest
  /// sequence of the table is replaced; a character that begins none stays.
  void appendLongest(Text &out, std::string_view text) const;

private:
  uint32_t unit(size_t index) const {
    uint32_t value;
    memcpy(&value, units.data() + index * sizeof(value), sizeof(value));
    return value;
  }
  bool appendReplacement(Text &out, std::string_view sequence) const;
  void appendValue(Text &out, size_t at) const;

  std::string_view units, replacements;
};

} // namespace heddle::text

#endif // HEDDLE_RUNTIME_TEXT_CHARSMAP_H
