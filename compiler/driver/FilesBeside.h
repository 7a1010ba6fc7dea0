//===- FilesBeside.h - what lies beside config.json and the weights -------===//

#ifndef HEDDLE_COMPILER_DRIVER_FILESBESIDE_H
#define HEDDLE_COMPILER_DRIVER_FILESBESIDE_H

#include "compiler/checkpoint/SentenceTransformers.h"
#include "compiler/codegen/Program.h"
#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

/// Reads tokenizer.json into `tokenizer`, if there are weights, and
/// generation_config.json (or the keys of `config` that stand in for it) into
/// the program. What `sentences` says beside the
/// network goes into the program as well. What changes a result and cannot
/// be honoured is printed and fails; what the program does otherwise is noted.
llvm::LogicalResult
readFilesBeside(const Arguments &arguments, const checkpoint::Document &config,
                const checkpoint::Source &texts, bool hasWeights,
                const std::optional<checkpoint::SentenceTransformer> &sentences,
                codegen::Program &program, std::vector<char> &tokenizer);

/// Reads preprocessor_config.json into a program that takes pictures or sound.
/// What it asks for and programs cannot do is noted: they take arrays.
llvm::LogicalResult readPreprocessor(const checkpoint::Source &texts,
                                     const llvm::json::Object *config,
                                     codegen::Program &program);

/// Reads what the numbers of an entry answer, where the architecture of
/// `config` says it, into a program that has the entry.
llvm::LogicalResult readAnswer(const checkpoint::Source &texts,
                               const llvm::json::Object *config,
                               llvm::StringRef configName,
                               codegen::Program &program);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_FILESBESIDE_H
