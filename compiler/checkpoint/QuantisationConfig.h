//===- QuantisationConfig.h - How a checkpoint was quantised ----*- C++ -*-===//
//
// What `quantization_config` of config.json says of the tensors: which layout
// of integers, scales and zero points they have. What would change a result
// and is not known here is refused by its key.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_QUANTISATIONCONFIG_H
#define HEDDLE_COMPILER_CHECKPOINT_QUANTISATIONCONFIG_H

#include "compiler/checkpoint/Document.h"
#include "compiler/checkpoint/Problems.h"
#include <optional>

namespace heddle::checkpoint {

struct QuantisationConfig {
  enum class Method {
    None,      ///< tensors are what they are
    Fp8,       ///< X of F8_E4M3 and a scale of each block, X_scale_inv
    Gptq,      ///< X.qweight, packed along the inputs; qzeros, scales, g_idx
    Awq,       ///< X.qweight, packed along the outputs; qzeros, scales
    Compressed ///< X.weight_packed, packed along the inputs; weight_scale, ...
  };

  Method method = Method::None;
  unsigned bits = 8;
  /// How many inputs share a scale; 0: all. Of all but FP8.
  int64_t group = 0;
  /// Rows and columns that share a scale; 0: all. Of FP8.
  int64_t blockRows = 0, blockColumns = 0;
  /// Whether g_idx says the group of each input; else they are in order.
  bool isReordered = false;
  /// Whether zero points are stored less one (the first version of GPTQ).
  bool storesZerosLessOne = false;
  /// Whether the middle integer stands for zero, and there are no zero points.
  bool isSymmetric = false;
};

/// Reads the key of a config.json. On faults, returns nothing.
std::optional<QuantisationConfig> readQuantisation(const Document &config,
                                                   Problems &problems);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_QUANTISATIONCONFIG_H
