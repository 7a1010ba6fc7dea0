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

/// Positions that a row of any session may have; 0: it keeps none.
int64_t mostContext(const heddle_program &program);

/// Positions of a row that a call may give; 1 where none says.
int64_t mostGiven(const heddle_program &program);

/// Positions of a call over `rows` rows: `most`, or what the model takes.
int64_t tokensOfCall(const heddle_program &program, int64_t rows, int64_t most);

/// Positions of prompts that commands read in one call: enough to keep the
/// cores busy, and a bound for the working memory of long ones.
constexpr int64_t chunkTokens = 1024;

/// Whether all inputs but the first may be left out.
bool othersHaveDefaults(const heddle_entry &entry);

/// Numbers in a vector of an entry that gives one a row.
int64_t vectorWidth(const heddle_entry &entry);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_TEXTUSE_H
