//===- ProfileFile.h - what --profile=FILE of a program has measured ------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_PROFILEFILE_H
#define HEDDLE_COMPILER_EXPLAIN_PROFILEFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace heddle::explain {

struct ProfileFile {
  /// The "heddle" part: model, limits, calls and sites, each of which has the
  /// fields that a page reads.
  llvm::json::Object totals;
  /// What ran when.
  llvm::json::Array events;
};

/// Errors begin with the path.
llvm::Expected<ProfileFile> readProfile(llvm::StringRef path);

/// An error where the profile is of another program than `facts` are: another
/// model, or a site that this one has not.
llvm::Error matchProfile(llvm::StringRef path,
                         const llvm::json::Object &profile,
                         const llvm::json::Object &facts);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_PROFILEFILE_H
