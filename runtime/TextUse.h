// Which entries of a program read and write texts.
#ifndef HEDDLE_RUNTIME_TEXTUSE_H
#define HEDDLE_RUNTIME_TEXTUSE_H

#include "runtime/abi.h"

namespace heddle::runtime {

/// What a program does with text, if it does anything with it.
struct TextUse {
  const heddle_entry *step = nullptr;   // generates
  const heddle_entry *source = nullptr; // reads the prompt before it, if any
  const heddle_entry *embed = nullptr;  // ids in, one vector a row out
};

/// Finds them; `embed` is the entry named `preferred`, else `sentence`, else
/// the first that fits.
TextUse findTextUse(const heddle_program &program, const char *preferred);

/// Whether all inputs but the first may be left out.
bool othersHaveDefaults(const heddle_entry &entry);

/// Numbers in a vector of an entry that gives one a row.
int64_t vectorWidth(const heddle_entry &entry);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_TEXTUSE_H
