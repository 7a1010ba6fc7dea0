//===- Safetensors.h - The header of a safetensors file ---------*- C++ -*-===//
//
// A safetensors file is a 64-bit little-endian header size, a JSON header
// {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...},
// and the tensors' bytes, which the offsets must cover without gap or overlap.
// https://github.com/huggingface/safetensors#format
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_SAFETENSORS_H
#define HEDDLE_COMPILER_CHECKPOINT_SAFETENSORS_H

#include "compiler/checkpoint/Problems.h"
#include "compiler/checkpoint/StoredTensor.h"
#include "llvm/Support/FileSystem.h"
#include <optional>
#include <vector>

namespace heddle::checkpoint {

/// Reads and validates the header of an open file. Every tensor returned lies
/// within the file, and its bytes agree with its shape and type. On faults,
/// returns nothing (at most one problem a tensor).
std::optional<std::vector<StoredTensor>>
readSafetensorsHeader(llvm::sys::fs::file_t file, llvm::StringRef path,
                      Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_SAFETENSORS_H
