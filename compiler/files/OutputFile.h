//===- OutputFile.h - files that appear whole or not at all -----*- C++ -*-===//

#ifndef HEDDLE_COMPILER_FILES_OUTPUTFILE_H
#define HEDDLE_COMPILER_FILES_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace llvm {
class raw_pwrite_stream;
} // namespace llvm

namespace heddle::files {

/// Closes a file that was written: what is missing may only show now. Errors
/// call the file `name`.
llvm::Error closeWritten(int descriptor, llvm::StringRef name);

/// A file of the system's temporary directory, which has no name that a killed
/// process could leave behind: what lld reads and what `run` loads.
class ScratchFile {
public:
  static llvm::Expected<ScratchFile> create(llvm::StringRef contents);
  /// One with a name, beside which other programs may put files.
  static llvm::Expected<ScratchFile> createNamed(llvm::StringRef suffix);
  ScratchFile(ScratchFile &&other);
  ScratchFile &operator=(ScratchFile &&) = delete;
  ~ScratchFile();

  /// Under which this process can open it.
  const std::string &path() const { return path_; }
  /// The same for others, such as a debugger, while this process has it.
  std::string pathForOthers() const;
  int descriptor() const { return file; }

private:
  ScratchFile(int file, llvm::StringRef path, bool isNamed)
      : file(file), path_(path), isNamed(isNamed) {}
  static llvm::Expected<ScratchFile> openNamed(llvm::StringRef suffix);

  int file; ///< -1 once moved from
  std::string path_;
  bool isNamed;
};

/// A file under another name beside `path` (`PATH.heddle-0.tmp`) that place()
/// moves to it. Without, or when a signal ends the process, it is removed. The
/// process holds a lock on it: what one that was killed has left is taken by
/// the next, and what a running one writes is not. Where `path` is no regular
/// file, a device or a pipe, place() copies to it.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  OutputFile(OutputFile &&other);
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  /// Where to write what wants a path.
  const std::string &temporaryPath() const { return temporary; }
  /// Where it will appear.
  const std::string &finalPath() const { return path; }
  /// Whether place() replaces a file, and does not write to what is there.
  bool isFile() const { return !isCopied; }
  /// Holds what `write` writes.
  llvm::Error fill(llvm::function_ref<void(llvm::raw_pwrite_stream &)> write);
  /// Lets everybody run it whom the umask lets.
  llvm::Error makeExecutable();

  /// Moves it to its place. Where `keepsOld`, what was there can come back.
  llvm::Error place(bool keepsOld);
  /// Undoes place(): for outputs that appear together or not at all.
  void withdraw();

private:
  OutputFile(int file, llvm::StringRef path, llvm::StringRef temporary,
             bool isCopied)
      : file(file), path(path), temporary(temporary), isCopied(isCopied) {}
  bool swap();
  llvm::Error copyToPlace();

  int file;     ///< -1 once moved from
  int old = -1; ///< the file that was in its place and is in `temporary` now
  std::string path, temporary;
  bool isCopied, isPlaced = false;
};

/// Writes one file, whole or not at all; what was there is gone then.
llvm::Error writeFile(llvm::StringRef path, llvm::StringRef text);

} // namespace heddle::files

#endif // HEDDLE_COMPILER_FILES_OUTPUTFILE_H
