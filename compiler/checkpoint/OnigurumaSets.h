// Sets of characters that expressions name: \p{Lu}, \p{Han}, [:alpha:]. Hugging
// Face's library knows Unicode 16, PCRE2 10.42 knows 14; what they have in
// common is asked of PCRE2, and the difference is written out. Internal to the
// tokenizer's part of this room.
#ifndef HEDDLE_COMPILER_CHECKPOINT_ONIGURUMASETS_H
#define HEDDLE_COMPILER_CHECKPOINT_ONIGURUMASETS_H

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace heddle::checkpoint {

/// A set of characters: what can stand within the brackets of a class, and an
/// expression for those that cannot. Either may be empty.
struct CharacterSet {
  std::string contents, other;
};

/// The set of \p{name}: a general category, a script, or one of Unicode's
/// properties. None: Heddle does not know it.
std::optional<CharacterSet> propertySet(llvm::StringRef name);

/// The set of [:name:].
std::optional<CharacterSet> posixSet(llvm::StringRef name);

/// \s, \d and \h; \w within brackets. Outside of them, \w also has the
/// superscripts and fractions of Latin-1.
std::string spaceContents();
std::string digitContents();
std::string hexContents();
std::string wordContents(bool isBare);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_ONIGURUMASETS_H
