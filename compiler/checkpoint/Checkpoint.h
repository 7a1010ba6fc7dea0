//===- Checkpoint.h - A trained model's directory ---------------*- C++ -*-===//
//
// What training left: config.json, tokenizer.json, and the weights as one
// safetensors file or as shards listed by model.safetensors.index.json.
// Opening reads headers only; bytes are read when somebody asks for them.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_CHECKPOINT_H
#define HEDDLE_COMPILER_CHECKPOINT_CHECKPOINT_H

#include "compiler/checkpoint/Safetensors.h"
#include "llvm/ADT/StringMap.h"
#include <memory>

namespace heddle::checkpoint {

/// Paths of what lies beside the weights; empty where there is no such file.
struct CheckpointFiles {
  std::string configJson, generationConfigJson;
  std::string tokenizerJson, tokenizerConfigJson;
  std::string modulesJson; // of sentence-transformers
};

/// The files of `directory` (or of the directory in which the file lies); none
/// where the path is empty: what happens to lie here is nobody's checkpoint.
CheckpointFiles findCheckpointFiles(llvm::StringRef path);

class Checkpoint {
public:
  /// Opens a directory, one .safetensors file, or an index of shards. Returns
  /// null where there was a problem.
  static std::unique_ptr<Checkpoint> open(llvm::StringRef path,
                                          Problems &problems);
  ~Checkpoint();
  Checkpoint(const Checkpoint &) = delete;
  Checkpoint &operator=(const Checkpoint &) = delete;

  /// As the user gave it.
  llvm::StringRef path() const { return givenPath; }
  llvm::ArrayRef<StoredTensor> tensors() const { return allTensors; }
  const StoredTensor *find(llvm::StringRef name) const;
  std::vector<std::string> filePaths() const;
  llvm::StringRef fileOf(const StoredTensor &tensor) const {
    return files[tensor.file].path;
  }

  /// Fills `buffer` with the tensor's bytes from `offset` on. Safe to call from
  /// several threads. Fails when the file shrank or the disk does.
  llvm::Error read(const StoredTensor &tensor, uint64_t offset,
                   llvm::MutableArrayRef<char> buffer) const;

private:
  struct File {
    std::string path;
    llvm::sys::fs::file_t handle;
  };

  Checkpoint() = default;
  void addFile(llvm::StringRef path, Problems &problems);
  void addShards(llvm::StringRef indexPath, Problems &problems);

  std::string givenPath;
  std::vector<File> files;
  std::vector<StoredTensor> allTensors;
  llvm::StringMap<size_t> byName;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_CHECKPOINT_H
