//===- Language.h - Model file to nn module -----------------------*- C++
//-*-===//
//
// The room's interface: a model file and a config.json enter, a checked nn
// module leaves.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_LANGUAGE_H
#define HEDDLE_COMPILER_LANGUAGE_LANGUAGE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>
#include <string>
#include <vector>

namespace heddle::language {

struct ModelOptions {
  /// The model file, such as llama.heddle.
  std::string modelFile;
  /// Path of config.json; without it every key is absent.
  std::optional<std::string> configFile;
  /// `--set NAME=VALUE`: takes the place of a config value.
  std::vector<std::pair<std::string, std::string>> values;
  /// `--dim NAME=1,16..512`: narrows the range of a dyn size.
  std::vector<std::pair<std::string, std::string>> dims;
  /// Where imports are looked for, after the importing file's own directory.
  std::vector<std::string> importPaths;
};

/// The checked module, or null after errors, which are written to
/// `diagnostics`.
mlir::OwningOpRef<mlir::ModuleOp> loadModel(mlir::MLIRContext &context,
                                            const ModelOptions &options,
                                            llvm::raw_ostream &diagnostics);

/// Prints the model file's tree; false after errors.
bool emitAst(const ModelOptions &options, llvm::raw_ostream &os,
             llvm::raw_ostream &diagnostics);

/// The model file in `directories` whose `for` list names the architecture that
/// config.json gives; empty, after an error, if there is none.
std::string findModelFor(llvm::StringRef configFile,
                         llvm::ArrayRef<std::string> directories,
                         llvm::raw_ostream &diagnostics);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_LANGUAGE_H
