//===- LineDiff.h - what changed between two texts ------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_LINEDIFF_H
#define HEDDLE_COMPILER_EXPLAIN_LINEDIFF_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstddef>
#include <string>
#include <vector>

namespace heddle::explain {

/// Lines that were taken away, counted in the text before, or came, counted in
/// the text after.
struct LineDiff {
  std::vector<bool> removed, added;
  bool isEmpty() const;
};

/// A line without the numbers of its values and blocks: an op before it that
/// went away renumbers all.
std::string withoutNumbers(llvm::StringRef line);

/// What has changed but for such numbers. The lines that occur once in each
/// text and stand in the same order hold it together (patience diff); between
/// them the longest common subsequence, where few lines are left.
LineDiff diffLines(llvm::ArrayRef<llvm::StringRef> before,
                   llvm::ArrayRef<llvm::StringRef> after);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_LINEDIFF_H
