//===- Source.h - Where a trained model comes from --------------*- C++ -*-===//
//
// What training left: texts (config.json, tokenizer.json and so on) and
// tensors. A format of checkpoints is a class that implements this interface,
// and a line of the list in Source.cpp; nothing else knows formats. Names are
// those of transformers: a format that has others renames its tensors and the
// keys of its texts itself.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_SOURCE_H
#define HEDDLE_COMPILER_CHECKPOINT_SOURCE_H

#include "compiler/checkpoint/Document.h"
#include "compiler/checkpoint/Problems.h"
#include "compiler/checkpoint/Quantise.h"
#include "compiler/checkpoint/StoredTensor.h"
#include "dialects/nn/WeightRules.h"
#include "llvm/ADT/StringMap.h"
#include <memory>
#include <vector>

namespace heddle::checkpoint {

class Source {
public:
  virtual ~Source() = default;
  Source(const Source &) = delete;
  Source &operator=(const Source &) = delete;

  /// As the user gave it.
  llvm::StringRef path() const { return givenPath; }

  //===--- Texts ----------------------------------------------------------===//

  /// The text that a directory of transformers has in the file `name`, which
  /// may be in a folder (`1_Pooling/config.json`); none where there is no such.
  virtual Document document(llvm::StringRef name) const = 0;
  /// Whether the texts are in the files of the tensors: then there are none
  /// before open().
  virtual bool holdsItsTexts() const { return false; }
  /// Whether a key of config.json says how tensors are stored: then it is read,
  /// or refused, when they are.
  virtual bool readsKey(llvm::StringRef key) const { return false; }

  //===--- Tensors --------------------------------------------------------===//

  /// Reads which tensors there are, unless it has. Where something is wrong,
  /// adds to `problems`, has no tensors, and returns false.
  bool open(Problems &problems);

  /// Puts parts in the place of the tensors that `rules` split, once. To be
  /// called before tensors are pointed to; false where a tensor has no such
  /// parts.
  bool split(const nn::WeightRules &rules, Problems &problems);

  llvm::ArrayRef<StoredTensor> tensors() const { return allTensors; }
  const StoredTensor *find(llvm::StringRef name) const;

  /// The files that hold tensors, and the one of a tensor.
  virtual std::vector<std::string> filePaths() const = 0;
  virtual llvm::StringRef fileOf(const StoredTensor &tensor) const = 0;
  /// The type of its elements as stored: BF16, Q4_K and so on.
  virtual llvm::StringRef typeOf(const StoredTensor &tensor) const {
    return nameOf(tensor.dtype);
  }

  /// Fills `buffer` with the tensor's bytes from `offset` on. Safe to call from
  /// several threads. Fails when the file shrank or the disk does.
  virtual llvm::Error read(const StoredTensor &tensor, uint64_t offset,
                           llvm::MutableArrayRef<char> buffer) const = 0;
  /// The same with elements from `first` on, as floats. `scratch` may be used
  /// for anything in between.
  virtual llvm::Error readFloats(const StoredTensor &tensor, uint64_t first,
                                 llvm::MutableArrayRef<float> to,
                                 llvm::SmallVectorImpl<char> &scratch) const;
  /// Some columns of a matrix of `rows` by `length`, from the `first` on:
  /// to[row * stride + column - first].
  struct Columns {
    uint64_t rows, length, first, count, stride;
  };
  virtual llvm::Error readColumns(const StoredTensor &tensor,
                                  const Columns &columns, float *to,
                                  llvm::SmallVectorImpl<char> &scratch) const;

  /// The narrowest type of packed floats that holds the elements exactly.
  virtual kernel::PackedType floatsOf(const StoredTensor &tensor) const;

  //===--- Integers -------------------------------------------------------===//

  /// The type of packed weights that holds a matrix exactly as it is stored;
  /// none where its elements are floats or lie another way.
  virtual std::optional<kernel::PackedType>
  integersOf(const StoredTensor &tensor) const {
    return std::nullopt;
  }
  /// Of such a matrix the integers of `count` outputs from the `first` on, and
  /// the numbers of their runs: to[output][input], numbers[output][run].
  /// Outputs are rows, or columns where the tensor is a transposed matrix.
  virtual llvm::Error readIntegers(const StoredTensor &tensor, uint64_t first,
                                   uint64_t count,
                                   llvm::MutableArrayRef<uint8_t> to,
                                   llvm::MutableArrayRef<RunNumbers> numbers,
                                   llvm::SmallVectorImpl<char> &scratch) const;

protected:
  explicit Source(llvm::StringRef path) : givenPath(path) {}

  /// Adds the tensors. May be called again after it failed.
  virtual void readTensors(Problems &problems) = 0;
  /// read() of a tensor whose elements only readFloats() makes.
  llvm::Error readFloatBytes(const StoredTensor &tensor, uint64_t offset,
                             llvm::MutableArrayRef<char> buffer) const;
  /// Null, or the tensor that has the name already.
  const StoredTensor *add(StoredTensor tensor);

private:
  std::string givenPath;
  bool isOpen = false, isSplit = false;
  std::vector<StoredTensor> allTensors;
  llvm::StringMap<size_t> byName;
};

/// Whether a path that may be something else is a checkpoint: a directory, or
/// a file that has its config.json within.
bool isCheckpoint(llvm::StringRef path);

/// The source of the format that recognises the path. Nothing is read yet.
std::unique_ptr<Source> createSource(llvm::StringRef path);

/// The same, opened; null where there was a problem.
std::unique_ptr<Source> openSource(llvm::StringRef path, Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_SOURCE_H
