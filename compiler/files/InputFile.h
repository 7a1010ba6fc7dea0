//===- InputFile.h - reading files of strangers -----------------*- C++ -*-===//
//
// Everything that the compiler reads as a whole is read here. A file may be
// anything: a pipe that nobody writes to, a device without an end, a terabyte
// of holes. Kind and size are known before the first byte is read, and a file
// that changes meanwhile is an error.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_FILES_INPUTFILE_H
#define HEDDLE_COMPILER_FILES_INPUTFILE_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace heddle::files {

/// The most bytes of a file, by what it holds; the largest that are known have
/// a tenth of it.
namespace limits {
constexpr uint64_t model = 8'000'000; ///< a model file, or one that it imports
constexpr uint64_t json = 32'000'000; ///< config.json and its like, an index
constexpr uint64_t trace = 512'000'000; ///< of a run, --profile=FILE
constexpr uint64_t tokenizer = 256'000'000; ///< tokenizer.json
constexpr uint64_t module = 256'000'000;    ///< a module at some stage (.mlir)
} // namespace limits

/// Whether there is something under this name, be it a link to nowhere: what is
/// there is read, or refused for what it is, and never passed over.
bool isThere(const llvm::Twine &path);

/// Opens a regular file for reading and gives its descriptor. Of anything else
/// the error says what was found: `PATH: found a pipe, needed a regular file`.
llvm::Expected<int> openRegularFile(llvm::StringRef path);

/// The contents of a regular file of at most `most` bytes, with a zero behind
/// them, in memory of our own: a mapping would end the process where the file
/// becomes shorter. Errors begin with the path.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readFile(llvm::StringRef path, uint64_t most);

/// What standard input has, to its end.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readStandardInput(uint64_t most);

} // namespace heddle::files

#endif // HEDDLE_COMPILER_FILES_INPUTFILE_H
