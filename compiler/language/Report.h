//===- Report.h - What `heddle check` says of a model -----------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_REPORT_H
#define HEDDLE_COMPILER_LANGUAGE_REPORT_H

#include "compiler/language/Language.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <string>

namespace heddle::language {

/// What a checkpoint has for a path, such as `found BF16` or `missing`.
using TensorStatus = llvm::function_ref<std::string(llvm::StringRef path)>;

/// Prints entries, sizes, parameters with their total, caches, and what becomes
/// of the keys of config.json. Layers stand together:
/// `layers.0..21.mlp.up.weight`. Without `status` the column of it is left out.
void printCheckReport(mlir::ModuleOp module, const KeyUses &keys,
                      llvm::raw_ostream &os, TensorStatus status = {});

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_REPORT_H
