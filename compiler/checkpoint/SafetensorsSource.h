//===- SafetensorsSource.h - Weights as safetensors -------------*- C++ -*-===//
//
// A directory as transformers writes it: config.json, tokenizer.json, and the
// weights as one safetensors file or as shards listed by
// model.safetensors.index.json; or one of these files alone. Opening reads
// headers only; bytes are read when somebody asks for them.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_SAFETENSORSSOURCE_H
#define HEDDLE_COMPILER_CHECKPOINT_SAFETENSORSSOURCE_H

#include "compiler/checkpoint/Source.h"
#include "llvm/Support/FileSystem.h"

namespace heddle::checkpoint {

class SafetensorsSource : public Source {
public:
  /// What no other format takes: what it lacks is said in terms of this one.
  static bool recognises(llvm::StringRef path) { return true; }

  explicit SafetensorsSource(llvm::StringRef path) : Source(path) {}
  ~SafetensorsSource() override { closeFiles(); }

  Document document(llvm::StringRef name) const override;
  std::vector<std::string> filePaths() const override;
  llvm::StringRef fileOf(const StoredTensor &tensor) const override {
    return files[tensor.file].path;
  }
  llvm::Error read(const StoredTensor &tensor, uint64_t offset,
                   llvm::MutableArrayRef<char> buffer) const override;

private:
  struct File {
    std::string path;
    llvm::sys::fs::file_t handle;
  };

  void readTensors(Problems &problems) override;
  void addFile(llvm::StringRef path, Problems &problems);
  void addShards(llvm::StringRef indexPath, Problems &problems);
  void closeFiles();

  std::vector<File> files;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_SAFETENSORSSOURCE_H
