//===- TorchFile.h - The tensors of a file of PyTorch -----------*- C++ -*-===//
//
// What torch.save wrote: a pickle of a dictionary of tensors, which are views
// of storages, and the storages' bytes. Since PyTorch 1.6 it is a zip file,
// before that the pickle and the storages follow each other.
// https://docs.pytorch.org/docs/stable/notes/serialization.html
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_TORCHFILE_H
#define HEDDLE_COMPILER_CHECKPOINT_TORCHFILE_H

#include "compiler/checkpoint/Problems.h"
#include "compiler/checkpoint/StoredTensor.h"
#include "llvm/Support/FileSystem.h"
#include <optional>
#include <vector>

namespace heddle::checkpoint {

/// A view of a storage: element (i, j, ...) stands at
/// begin + (i * strides[0] + j * strides[1] + ...) * width.
struct TorchTensor {
  std::string name;
  DType dtype;
  llvm::SmallVector<int64_t, 4> shape, strides;
  uint64_t begin; ///< from the start of the file

  uint64_t elements() const;
  /// Whether its elements follow each other in row-major order.
  bool isContiguous() const;
};

/// How names of such files end.
constexpr llvm::StringLiteral torchEndings[] = {".bin", ".pt", ".pth", ".ckpt"};

/// Whether the file begins, or its name ends, as torch.save's files do.
bool isTorchFile(llvm::StringRef path);

/// Reads the tensors of an open file, in the order of its dictionary. Every
/// element of each lies within the file. On faults, returns nothing.
std::optional<std::vector<TorchTensor>>
readTorchFile(llvm::sys::fs::file_t file, llvm::StringRef path,
              Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TORCHFILE_H
