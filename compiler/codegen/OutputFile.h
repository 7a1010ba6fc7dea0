//===- OutputFile.h - a file that appears whole or not at all -------------===//

#ifndef HEDDLE_COMPILER_CODEGEN_OUTPUTFILE_H
#define HEDDLE_COMPILER_CODEGEN_OUTPUTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace heddle::codegen {

/// A temporary file beside `path` that commit() renames to it. Without
/// commit(), or when a signal ends the process, it is removed. A path that is
/// there and no regular file (/dev/null, a pipe) is written directly.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  OutputFile(OutputFile &&other);
  ~OutputFile();

  /// Where to write.
  const std::string &temporaryPath() const { return temporary; }
  /// Where it will appear.
  const std::string &finalPath() const { return path; }
  /// Lets everybody run it whom the umask lets.
  llvm::Error makeExecutable();
  llvm::Error commit();

private:
  OutputFile(llvm::StringRef path, llvm::StringRef temporary)
      : path(path), temporary(temporary) {}

  std::string path,
      temporary; // temporary is empty once committed or moved from
};

/// A file in the system's temporary directory, removed with the object: what
/// lld reads and what `run` loads.
class ScratchFile {
public:
  static llvm::Expected<ScratchFile> create(llvm::StringRef suffix,
                                            llvm::StringRef contents);
  ScratchFile(ScratchFile &&other) : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ~ScratchFile();

  const std::string &path() const { return path_; }

private:
  explicit ScratchFile(llvm::StringRef path) : path_(path) {}

  std::string path_;
};

} // namespace heddle::codegen

#endif // HEDDLE_COMPILER_CODEGEN_OUTPUTFILE_H
