//===- Names.h - what values and types are called in text -----------------===//
//
// For whoever reads a module: names follow from what is there, so that a text
// read and printed again is the same text. Nothing depends on them.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_KERNEL_NAMES_H
#define HEDDLE_DIALECTS_KERNEL_NAMES_H

#include "mlir/IR/OpImplementation.h"

namespace heddle::kernel {
class KernelDialect;

/// The last two words of a path, below loops: `c_attn.weight` of
/// `h.{0}.attn.c_attn.weight`. Empty where there are none, or no short ones.
llvm::StringRef nameOfPath(llvm::StringRef path);

/// A size in letters and digits: `3*H*K` as `3HxK`, `T+1` as `T_plus_1`.
std::string nameOfSize(llvm::StringRef expression);

/// The arguments of an epilogue: `sums` of a product, then elements of others.
void nameEpilogue(mlir::Region &epilogue, unsigned sums,
                  mlir::OpAsmSetValueNameFn setName);

/// The arguments of a region about pairs of a query and a key.
void namePair(mlir::Region &region, mlir::OpAsmSetValueNameFn setName);

/// `%q`, `%k`, `%element`: of the region that makes a score.
void nameScore(mlir::Region &region, mlir::OpAsmSetValueNameFn setName);

/// Makes types with strides stand at the head of a text once, under a name.
void addAliases(KernelDialect &dialect);

} // namespace heddle::kernel

#endif // HEDDLE_DIALECTS_KERNEL_NAMES_H
