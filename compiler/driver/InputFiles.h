//===- InputFiles.h - what a build reads, and never writes ----------------===//

#ifndef HEDDLE_COMPILER_DRIVER_INPUTFILES_H
#define HEDDLE_COMPILER_DRIVER_INPUTFILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace heddle::driver {

class InputFiles {
public:
  void add(llvm::StringRef path) { files.push_back(path.str()); }
  void addAll(llvm::ArrayRef<std::string> paths) {
    files.insert(files.end(), paths.begin(), paths.end());
  }
  /// A directory, or a file of one. Whatever checkpoints have counts as read.
  void addCheckpoint(llvm::StringRef path);
  /// What another model reads that becomes part of the same program.
  void add(const InputFiles &other) { others.push_back(other); }
  /// The files beside config.json are read as well.
  void addConfig(llvm::StringRef path);

  /// Whether a file of this name is one of them, whatever it is called there:
  /// what counts is device and inode.
  bool contains(llvm::StringRef path) const;
  /// Whether one of them lies in the directory.
  bool anyIn(llvm::StringRef directory) const;

private:
  std::vector<std::string> files;
  std::string checkpointDirectory, configDirectory;
  std::vector<InputFiles> others;
};

/// The directory in which the file lies.
std::string directoryOf(llvm::StringRef path);

/// Whether both are one file, or would be.
bool isSamePlace(llvm::StringRef a, llvm::StringRef b);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_INPUTFILES_H
