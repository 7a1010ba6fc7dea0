//===- RoundingErrors.h - what types make of a weight -----------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_CHECKPOINT_ROUNDINGERRORS_H
#define HEDDLE_COMPILER_CHECKPOINT_ROUNDINGERRORS_H

#include "compiler/checkpoint/Packer.h"

namespace heddle::checkpoint {

/// Rounds a row of a matrix to what it is in a quantised type. `importance`, of
/// each input, may be empty.
void roundRow(const kernel::PackedFormat &format,
              llvm::MutableArrayRef<float> row,
              llvm::ArrayRef<float> importance);

/// Of a weight ŵ that is rounded to each of the quantised types, the power of
/// the error as a share of that of the weight: Σ i (ŵ − w)² / Σ i w², i being
/// the importance of each input, over some outputs from all over the matrix.
/// `layout` says how the part is stored. `source` may be null where it is made
/// of the seed.
llvm::Expected<std::vector<double>>
roundingErrors(const Source *source, uint64_t randomSeed,
               const TensorPart &part, const kernel::PackedLayout &layout,
               llvm::ArrayRef<kernel::PackedType> types);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_ROUNDINGERRORS_H
