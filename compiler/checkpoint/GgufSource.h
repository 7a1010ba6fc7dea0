//===- GgufSource.h - Weights as GGUF ---------------------------*- C++ -*-===//
//
// A file of llama.cpp, or several that it was cut into. Its tensors have the
// names, shapes and order of elements that transformers gives them, and are
// floats, whatever blocks they are stored in. config.json, tokenizer.json and
// the like are made of its metadata.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_GGUFSOURCE_H
#define HEDDLE_COMPILER_CHECKPOINT_GGUFSOURCE_H

#include "compiler/checkpoint/GgufArchitectures.h"
#include "compiler/checkpoint/Source.h"

namespace heddle::checkpoint {

class GgufSource : public Source {
public:
  static bool recognises(llvm::StringRef path) { return isGgufFile(path); }

  explicit GgufSource(llvm::StringRef path) : Source(path) {}
  ~GgufSource() override { closeFiles(); }

  /// Once it is open; before that there are none.
  Document document(llvm::StringRef name) const override;
  bool holdsItsTexts() const override { return true; }
  std::vector<std::string> filePaths() const override;
  llvm::StringRef fileOf(const StoredTensor &tensor) const override {
    return files[tensor.file].path;
  }
  llvm::StringRef typeOf(const StoredTensor &tensor) const override {
    return viewOf(tensor).stored.format->name;
  }
  llvm::Error read(const StoredTensor &tensor, uint64_t offset,
                   llvm::MutableArrayRef<char> buffer) const override;
  llvm::Error readFloats(const StoredTensor &tensor, uint64_t first,
                         llvm::MutableArrayRef<float> to,
                         llvm::SmallVectorImpl<char> &scratch) const override;
  llvm::Error readColumns(const StoredTensor &tensor, const Columns &columns,
                          float *to,
                          llvm::SmallVectorImpl<char> &scratch) const override;
  kernel::PackedType floatsOf(const StoredTensor &tensor) const override;
  std::optional<kernel::PackedType>
  integersOf(const StoredTensor &tensor) const override;
  llvm::Error readIntegers(const StoredTensor &tensor, uint64_t first,
                           uint64_t count, llvm::MutableArrayRef<uint8_t> to,
                           llvm::MutableArrayRef<RunNumbers> numbers,
                           llvm::SmallVectorImpl<char> &scratch) const override;

private:
  struct File {
    std::string path;
    llvm::sys::fs::file_t handle;
  };

  /// A tensor of transformers within a stored one. Its StoredTensor's offset
  /// is `begin`: where it would stand were the file's weights all floats.
  struct View {
    uint64_t begin;
    GgufTensor stored;
    unsigned file;
    uint64_t firstRow, columns; ///< as stored
    GgufLayout layout;
  };

  void readTensors(Problems &problems) override;
  std::optional<GgufHeader> addFile(llvm::StringRef path, Problems &problems);
  bool addParts(Problems &problems);
  bool checkModel(Problems &problems);
  void addTensor(const GgufTensor &tensor, unsigned file, Problems &problems);
  void addView(std::string name, View view, llvm::ArrayRef<int64_t> shape,
               Problems &problems);
  void closeFiles();

  const View &viewOf(const StoredTensor &tensor) const;
  uint64_t storedRow(const View &view, uint64_t row) const;
  llvm::Error readStored(const View &view, uint64_t first,
                         llvm::MutableArrayRef<float> to,
                         llvm::SmallVectorImpl<char> &scratch) const;
  llvm::Error readBytes(const View &view, uint64_t offset,
                        llvm::MutableArrayRef<char> buffer) const;
  std::vector<float> readWhole(const GgufTensor &tensor) const;

  std::vector<File> files;
  GgufHeader header; ///< of all files together
  std::vector<unsigned> fileOfTensor;
  std::string architectureName;
  const GgufArchitecture *architecture = nullptr;
  int64_t headSize = 1, heads = 1, groups = 1;
  uint64_t end = 0; ///< behind the last view
  std::vector<View> views;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_GGUFSOURCE_H
