//===- Format.h - A model file in the one style -----------------*- C++ -*-===//
//
// The text of a model file enters, the same text as `heddle fmt` writes it
// leaves: REFERENCE.md has the style. Tokens and comments stay what they are
// and in their order; only the space between them changes. Lines end as the
// first one does, in \n or in \r\n.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_FORMAT_H
#define HEDDLE_COMPILER_LANGUAGE_FORMAT_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace heddle::language {

/// Nothing where the text is no model file: the errors, which call it `file`,
/// are written to `diagnostics`.
std::optional<std::string> format(llvm::StringRef text, llvm::StringRef file,
                                  llvm::raw_ostream &diagnostics);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_FORMAT_H
