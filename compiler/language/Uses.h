//===- Uses.h - How a body uses names ---------------------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_USES_H
#define HEDDLE_COMPILER_LANGUAGE_USES_H

#include "compiler/language/AST.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"

namespace heddle::language {

/// Names that have another value after the body.
void collectAssigned(const Body &body, llvm::StringSet<> &names);

/// Everything that is called by its name in an expression, a type or a
/// function: values, sizes, operations.
void collectNames(const Expr &expr, llvm::StringSet<> &names);
void collectNames(const TypeExpr &type, llvm::StringSet<> &names);
void collectNames(const Function &function, llvm::StringSet<> &names);

/// Names X which stand as `X[position]`.
llvm::SmallVector<const Expr *> indexedBy(const Body &body,
                                          llvm::StringRef position);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_USES_H
