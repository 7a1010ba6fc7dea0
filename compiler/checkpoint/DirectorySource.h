//===- DirectorySource.h - A directory of transformers ----------*- C++ -*-===//
//
// A directory as transformers writes it: config.json, tokenizer.json, and the
// weights as one file or as shards that an index lists; or one of these files
// alone. What a file of weights is, a format that derives from this class
// knows.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_DIRECTORYSOURCE_H
#define HEDDLE_COMPILER_CHECKPOINT_DIRECTORYSOURCE_H

#include "compiler/checkpoint/DirectoryWeights.h"
#include "compiler/checkpoint/Source.h"
#include "llvm/Support/FileSystem.h"

namespace heddle::checkpoint {

class DirectorySource : public Source {
public:
  ~DirectorySource() override { closeFiles(); }

  Document document(llvm::StringRef name) const override;
  std::vector<std::string> filePaths() const override;
  llvm::StringRef fileOf(const StoredTensor &tensor) const override {
    return files[tensor.file].path;
  }
  llvm::Error read(const StoredTensor &tensor, uint64_t offset,
                   llvm::MutableArrayRef<char> buffer) const override;

protected:
  DirectorySource(llvm::StringRef path, WeightsFormat format)
      : Source(path), format(format) {}

  /// The tensors of an open file, which is `index` of all.
  virtual std::optional<std::vector<StoredTensor>>
  readHeader(llvm::sys::fs::file_t file, llvm::StringRef path, unsigned index,
             Problems &problems) = 0;
  /// Bytes of the file that holds the tensor.
  llvm::Error readAt(const StoredTensor &tensor, uint64_t position,
                     llvm::MutableArrayRef<char> buffer) const;
  void readTensors(Problems &problems) override;

private:
  struct File {
    std::string path;
    llvm::sys::fs::file_t handle;
  };

  void addFile(llvm::StringRef path, Problems &problems);
  void addShards(llvm::StringRef indexPath, Problems &problems);
  void closeFiles();

  WeightsFormat format;
  std::vector<File> files;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_DIRECTORYSOURCE_H
