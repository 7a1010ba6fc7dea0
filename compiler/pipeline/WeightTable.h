//===- WeightTable.h - the tensors that a program reads -------------------===//
//
// Which tensor of the packed file each weight slot points to, and how each is
// packed. Written by describe-program as the module attribute
// `heddle.weights`, so that a module at any later stage can still be packed:
//
//   heddle.weights = {
//     tensors = [{path = "h.0.ln_1.weight", shape = array<i64: 768>,
//                 axes = "D", layout = "plain f32", fill = "ones",
//                 at = "gpt2.heddle:21:7"}],
//     slots = array<i32: 0>}
//
// A tensor that is made of several of the checkpoint has `then`: path, shape,
// axes and place of those that follow the first.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_WEIGHTTABLE_H
#define HEDDLE_COMPILER_PIPELINE_WEIGHTTABLE_H

#include "dialects/kernel/Layout.h"
#include "llvm/Support/LogicalResult.h"
#include <cstdint>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace heddle::pipeline {

/// What a weight without a checkpoint is filled with.
enum class WeightFill { Normal, Ones, Zeros };

struct WeightTable {
  /// A tensor of the checkpoint.
  struct Part {
    std::string path;
    /// As the checkpoint stores it, and the names of its axes: `V D`.
    std::vector<int64_t> shape;
    std::string axes;
    /// Where the model file names it: `gpt2.heddle:21:7`, or empty.
    std::string location;
  };
  /// Of the packed file: parts joined along their outputs, mostly one.
  struct Tensor {
    std::vector<Part> parts;
    kernel::PackedLayout layout;
    WeightFill fill = WeightFill::Normal;

    int64_t packedBytes() const;
  };
  std::vector<Tensor> tensors;
  /// The tensor of each slot.
  std::vector<int32_t> slots;
};

void setWeightTable(mlir::ModuleOp module, const WeightTable &table);

/// Empty if the module has no such attribute; failure after a diagnostic if it
/// is not well formed.
llvm::FailureOr<WeightTable> getWeightTable(mlir::ModuleOp module);

/// Equal for equal tables: a packed file and a program fit together if theirs
/// are equal. It covers what the code assumes of every slot: whose tensor it
/// is, its shape, its layout with the type of its elements, and its bytes.
uint64_t fingerprint(const WeightTable &table);

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_WEIGHTTABLE_H
