//===- Lld.h - the linker, in process -------------------------------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_LLD_H
#define HEDDLE_COMPILER_CODEGEN_LLD_H

#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>
#include <vector>

namespace heddle::codegen {

using LinkedFile = llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>;

/// Runs lld with these arguments and the end of a pipe as its output: to a full
/// disk it would end the process, by SIGBUS where it maps the file. Threads of
/// its own it could not do without where there are none.
LinkedFile runLld(const std::vector<std::string> &arguments);

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_LLD_H
