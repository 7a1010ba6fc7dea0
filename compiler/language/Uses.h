//===- Uses.h - How a body uses names -----------------------------*- C++
//-*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_USES_H
#define HEDDLE_COMPILER_LANGUAGE_USES_H

#include "compiler/language/AST.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"

namespace heddle::language {

/// Whether `name` stands only as a whole index of a path: `layer[l]`. Then
/// every iteration of its loop elaborates the same.
bool onlyIndexesPaths(const Body &body, llvm::StringRef name);

/// Names that have another value after the body.
void collectAssigned(const Body &body, llvm::StringSet<> &names);

/// Names X which stand as `X[position]`.
llvm::SmallVector<const Expr *> indexedBy(const Body &body,
                                          llvm::StringRef position);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_USES_H
