//===- TorchPickle.h - Tensors among the values of a pickle -----*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_TORCHPICKLE_H
#define HEDDLE_COMPILER_CHECKPOINT_TORCHPICKLE_H

#include "compiler/checkpoint/Pickle.h"
#include "compiler/checkpoint/StoredTensor.h"

namespace heddle::checkpoint {

/// What the address of a storage says: ('storage', type, key, device, count),
/// and in old files which part of it a view is.
struct TorchStorage {
  llvm::StringRef key;
  std::optional<DType> dtype; ///< none: bytes, whose type the tensor says
  uint64_t count;             ///< of elements of the type
  uint64_t first = 0;         ///< of a view

  uint64_t width() const { return dtype ? bitsOf(*dtype) / 8 : 1; }
};

/// A tensor as the pickle has it.
struct TorchView {
  llvm::StringRef name;
  uint64_t at; ///< the byte of the pickle that made it
  TorchStorage storage;
  DType dtype;
  uint64_t first; ///< element of the storage
  llvm::SmallVector<int64_t, 4> shape, strides;
};

/// Whether a pickle may name this: what makes tensors, storages and the types
/// of their elements, and OrderedDict.
bool isTorchName(llvm::StringRef name);

/// The storage at an address; on faults, none.
std::optional<TorchStorage> torchStorage(const PickleValue &persistent,
                                         Pickle &pickle);

/// The tensors of a dictionary, or of the one dictionary of tensors within it
/// (`state_dict`). Every element lies in its storage. On faults, none.
std::optional<std::vector<TorchView>> torchViews(const PickleValue &root,
                                                 Pickle &pickle);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_TORCHPICKLE_H
