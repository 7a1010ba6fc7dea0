//===- TorchSource.h - Weights as PyTorch writes them -----------*- C++ -*-===//
//
// pytorch_model.bin, or the shards that pytorch_model.bin.index.json lists. A
// tensor whose elements follow each other is read where it stands; one that is
// a view of another order is gathered.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_TORCHSOURCE_H
#define HEDDLE_COMPILER_CHECKPOINT_TORCHSOURCE_H

#include "compiler/checkpoint/DirectorySource.h"
#include "compiler/checkpoint/TorchFile.h"

namespace heddle::checkpoint {

class TorchSource : public DirectorySource {
public:
  static bool recognises(llvm::StringRef path);

  explicit TorchSource(llvm::StringRef path)
      : DirectorySource(path, WeightsFormat::Torch) {}

  llvm::Error read(const StoredTensor &tensor, uint64_t offset,
                   llvm::MutableArrayRef<char> buffer) const override;

private:
  /// A tensor that is gathered. Its StoredTensor's offset is `begin`, which is
  /// behind the end of any file.
  struct View {
    uint64_t begin;
    TorchTensor stored;
  };
  /// Some of a view's elements: along each axis so many, so far apart in the
  /// file and in what is filled.
  struct Axis {
    uint64_t count, from, to; ///< in elements
  };

  std::optional<std::vector<StoredTensor>>
  readHeader(llvm::sys::fs::file_t file, llvm::StringRef path, unsigned index,
             Problems &problems) override;
  void readTensors(Problems &problems) override;
  llvm::Error readElements(const StoredTensor &tensor, const View &view,
                           uint64_t first, uint64_t count, char *to) const;
  llvm::Error gather(const StoredTensor &tensor, uint64_t width,
                     llvm::SmallVector<Axis, 4> axes, uint64_t begin,
                     char *to) const;

  uint64_t end = 0; ///< behind the last view
  std::vector<View> views;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TORCHSOURCE_H
