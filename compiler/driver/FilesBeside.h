//===- FilesBeside.h - what lies beside config.json and the weights -------===//

#ifndef HEDDLE_COMPILER_DRIVER_FILESBESIDE_H
#define HEDDLE_COMPILER_DRIVER_FILESBESIDE_H

#include "compiler/checkpoint/SentenceTransformers.h"
#include "compiler/codegen/Program.h"
#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// Reads tokenizer.json into `tokenizer`, and generation_config.json (or the
/// keys of `configFile` that stand in for it) into the program. Both of
/// `configFile` and `directory` may be empty. What `sentences` says beside the
/// network goes into the program as well. What changes a result and cannot
/// be honoured is printed and fails; what the program does otherwise is noted.
llvm::LogicalResult
readFilesBeside(const Arguments &arguments, llvm::StringRef configFile,
                llvm::StringRef directory,
                const std::optional<checkpoint::SentenceTransformer> &sentences,
                codegen::Program &program, std::vector<char> &tokenizer);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_FILESBESIDE_H
