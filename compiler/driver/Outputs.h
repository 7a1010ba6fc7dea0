//===- Outputs.h - the files that a build writes --------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_OUTPUTS_H
#define HEDDLE_COMPILER_DRIVER_OUTPUTS_H

#include "compiler/driver/Compilation.h"
#include "compiler/files/OutputFile.h"
#include <deque>

namespace heddle::driver {

/// What a build writes: nothing of it is there before all of it is, and nothing
/// of it takes the place of what the build reads or of another output. Each
/// function returns failure, or null, after it has said why.
class Outputs {
public:
  explicit Outputs(const Compilation &compilation) : compilation(compilation) {}

  /// A file that will appear as `path`.
  files::OutputFile *create(llvm::StringRef path);

  using Write =
      llvm::function_ref<llvm::LogicalResult(llvm::raw_pwrite_stream &)>;
  /// The same, holding what write(stream) writes.
  files::OutputFile *write(llvm::StringRef path, Write write);

  /// Puts every file in its place, or none.
  llvm::LogicalResult commit();

private:
  /// Those that are files, or the others.
  llvm::LogicalResult place(bool isFile);

  const Compilation &compilation;
  std::deque<files::OutputFile> files; // keeps the addresses of its elements
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_OUTPUTS_H
