//===- ReduceModule.h - smaller modules that show the same ----------------===//

#ifndef HEDDLE_COMPILER_TRANSFORMS_REDUCEMODULE_H
#define HEDDLE_COMPILER_TRANSFORMS_REDUCEMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace heddle::transforms {

/// Whether a module, which verifies, shows what is looked for.
using Shows = llvm::function_ref<bool(mlir::ModuleOp)>;

/// Takes from `module`, which shows it, whatever it shows it without:
///
/// - operations, whose results become values of their types that are there
///   before, weights or arguments;
/// - loops and their like, which leave what lies in them;
/// - what is behind the first operation whose results a function may return in
///   the place of its own, values that it returns, and arguments that nobody
///   reads;
/// - what canonicalisation removes.
///
/// The module need not compute the same. Errors of modules that do not verify
/// are told to nobody.
void reduceModule(mlir::OwningOpRef<mlir::ModuleOp> &module, Shows shows);

} // namespace heddle::transforms

#endif // HEDDLE_COMPILER_TRANSFORMS_REDUCEMODULE_H
