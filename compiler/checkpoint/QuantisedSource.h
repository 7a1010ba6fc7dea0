//===- QuantisedSource.h - Weights that were quantised ----------*- C++ -*-===//
//
// A directory of transformers whose config.json has a `quantization_config`:
// its packed integers, zero points and scales are a tensor of floats, under
// the name and in the shape that it had before, and where a type of packed
// weights holds the same numbers, its integers as well. Other directories are
// as they are.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_QUANTISEDSOURCE_H
#define HEDDLE_COMPILER_CHECKPOINT_QUANTISEDSOURCE_H

#include "compiler/checkpoint/QuantisationConfig.h"
#include "compiler/checkpoint/Source.h"
#include <map>
#include <mutex>

namespace heddle::checkpoint {

class QuantisedSource : public Source {
public:
  explicit QuantisedSource(std::unique_ptr<Source> stored)
      : Source(stored->path()), stored(std::move(stored)) {}

  Document document(llvm::StringRef name) const override {
    return stored->document(name);
  }
  bool holdsItsTexts() const override { return stored->holdsItsTexts(); }
  bool readsKey(llvm::StringRef key) const override {
    return key == "quantization_config";
  }
  std::vector<std::string> filePaths() const override {
    return stored->filePaths();
  }
  llvm::StringRef fileOf(const StoredTensor &tensor) const override {
    return stored->fileOf(tensor);
  }
  llvm::StringRef typeOf(const StoredTensor &tensor) const override;
  llvm::Error read(const StoredTensor &tensor, uint64_t offset,
                   llvm::MutableArrayRef<char> buffer) const override;
  llvm::Error readFloats(const StoredTensor &tensor, uint64_t first,
                         llvm::MutableArrayRef<float> to,
                         llvm::SmallVectorImpl<char> &scratch) const override;
  kernel::PackedType floatsOf(const StoredTensor &tensor) const override;
  std::optional<kernel::PackedType>
  integersOf(const StoredTensor &tensor) const override;
  llvm::Error readIntegers(const StoredTensor &tensor, uint64_t first,
                           uint64_t count, llvm::MutableArrayRef<uint8_t> to,
                           llvm::MutableArrayRef<RunNumbers> numbers,
                           llvm::SmallVectorImpl<char> &scratch) const override;

private:
  /// A tensor of floats, and those of the file that it is made of. Its
  /// StoredTensor's offset is `begin`, which is behind the end of any file.
  struct View {
    uint64_t begin;
    uint64_t rows, columns; ///< of all matrices, one behind the other
    uint64_t matrixRows;    ///< of one of them
    uint64_t groups;        ///< rows of scales, of one of them
    StoredTensor weights, scales;
    std::optional<StoredTensor> zeros, order;
  };
  /// Of some outputs of a view: numbers[output][group].
  struct GroupNumbers {
    std::vector<float> scales;
    std::vector<int> zeros;
  };

  /// Of one matrix, without zero points and order.
  static View matrixView(uint64_t outputs, uint64_t inputs, uint64_t groups,
                         const StoredTensor &weights,
                         const StoredTensor &scales);
  void readTensors(Problems &problems) override;
  bool addQuantised(const StoredTensor &weights, Problems &problems);
  bool addFp8(const StoredTensor &weights, Problems &problems);
  bool addPacked(const StoredTensor &weights, Problems &problems);
  bool addCompressed(const StoredTensor &weights, Problems &problems);
  llvm::StringRef ending() const;
  bool addView(llvm::StringRef name, View view, llvm::ArrayRef<int64_t> shape,
               Problems &problems);
  const StoredTensor *part(llvm::StringRef name, llvm::ArrayRef<DType> types,
                           llvm::ArrayRef<int64_t> shape,
                           Problems &problems) const;

  bool isView(const StoredTensor &tensor) const;
  const View &viewOf(uint64_t offset) const;
  llvm::Error readRows(const View &view, uint64_t first, uint64_t count,
                       float *to, llvm::SmallVectorImpl<char> &scratch) const;
  llvm::Error readFp8Rows(const View &view, uint64_t first, uint64_t count,
                          float *to,
                          llvm::SmallVectorImpl<char> &scratch) const;
  //===--- Integers (QuantisedIntegers.cpp) -------------------------------===//

  llvm::Error readIntegerRows(const View &view, uint64_t first, uint64_t count,
                              float *to,
                              llvm::SmallVectorImpl<char> &scratch) const;
  llvm::Error unpackWords(const StoredTensor &tensor, uint64_t row,
                          uint64_t first, uint64_t count, uint8_t *to) const;
  llvm::Error unpackRows(const View &view, uint64_t first, uint64_t count,
                         uint8_t *to) const;
  llvm::Error unpackZeros(const View &view, uint64_t first, uint64_t count,
                          int *to) const;
  llvm::Error readScales(const View &view, uint64_t first, uint64_t count,
                         float *to, llvm::SmallVectorImpl<char> &scratch) const;
  llvm::Expected<GroupNumbers>
  readNumbers(const View &view, uint64_t first, uint64_t count,
              llvm::SmallVectorImpl<char> &scratch) const;
  llvm::Error readGroups(const View &view, std::vector<uint32_t> &groups) const;
  llvm::Expected<std::optional<kernel::PackedType>>
  packedTypeOf(const View &view) const;

  std::unique_ptr<Source> stored;
  QuantisationConfig config;
  uint64_t end = 0; ///< behind the last view
  std::vector<View> views;
  /// What integersOf() has found, by a view's begin.
  mutable std::map<uint64_t, std::optional<kernel::PackedType>> packedTypes;
  mutable std::mutex packedTypesMutex;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_QUANTISEDSOURCE_H
