//===- CheckProgram.h - whether a program says what it may say ------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_CHECKPROGRAM_H
#define HEDDLE_COMPILER_CODEGEN_CHECKPROGRAM_H

#include "compiler/codegen/Program.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"

namespace heddle::codegen {

/// Calls `fail` with each fault of a program that was read from a file. This is
/// the one place where names are checked that become names of files, symbols
/// and C: a model, an entry, an input, an output and a size are called by
/// letters, digits and underscores. Every name and index means something, and
/// every number fits the field of runtime/abi.h that it goes into.
void checkProgram(const Program &program,
                  llvm::function_ref<void(const llvm::Twine &)> fail);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_CHECKPROGRAM_H
