//===- NNToLinalg.h - the reference's lowerings, a file each --------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_NNTOLINALG_H
#define HEDDLE_COMPILER_CONVERSION_NNTOLINALG_H

#include "compiler/conversion/FunctionLowering.h"

namespace heddle::conversion {

/// How every op of nn that computes is lowered, as its description says it.
void populateNNToLinalg(LoweringPatterns &patterns);

/// Matrix products, and rows of tables.
void populateLinearToLinalg(LoweringPatterns &patterns);
void populateNarrowToLinalg(LoweringPatterns &patterns);
void populateElementwiseToLinalg(LoweringPatterns &patterns);
/// Attention, norms and what else reduces an axis.
void populateReductionToLinalg(LoweringPatterns &patterns);
/// What moves elements along axes.
void populateAxesToLinalg(LoweringPatterns &patterns);
/// What images are made of and go through.
void populateImagesToLinalg(LoweringPatterns &patterns);

/// Whether the axis is one whose length rows have of their own, or the rows.
bool acrossTokens(FunctionLowering &lowering, mlir::Value x,
                  llvm::StringRef axis);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_NNTOLINALG_H
