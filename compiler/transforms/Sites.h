//===- Sites.h - the ops that a profile tells apart -------------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_SITES_H
#define HEDDLE_COMPILER_TRANSFORMS_SITES_H

#include "dialects/nn/SizeTable.h"

namespace heddle::transforms {

/// Gives every op that computes its number (`nn.site`), and builds a
/// program.site that tells what each does.
void numberSites(mlir::ModuleOp module, const nn::SizeTable &sizes,
                 mlir::OpBuilder &builder);

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_SITES_H
