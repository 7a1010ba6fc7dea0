//===- NN.h - the nn dialect ----------------------------------------------===//
//
// Transformer models over tensors with named axes. See NNDialect.td for what a
// module holds and NNOps.td for the ops.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NN_H
#define HEDDLE_DIALECTS_NN_NN_H

#include "dialects/kernel/KernelAttrs.h"
#include "dialects/kernel/PackedFormat.h"
#include "dialects/nn/Cost.h"
#include "dialects/nn/Dependence.h"
#include "dialects/nn/Memory.h"
#include "dialects/nn/Roles.h"
#include "dialects/nn/Session.h"
#include "dialects/nn/SizeExpr.h"
#include "dialects/scalar/Scalar.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/nn/NNDialect.h.inc"
#include "dialects/nn/NNEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/nn/NNAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/nn/NNTypes.h.inc"

namespace heddle::nn {
//===--- Traits, as NNInterfaces.td says ----------------------------------===//

template <typename OpTy>
struct CostsNothing : mlir::OpTrait::TraitBase<OpTy, CostsNothing> {};
template <typename OpTy>
struct LiesInSession : mlir::OpTrait::TraitBase<OpTy, LiesInSession> {};
template <typename OpTy>
struct AboutPairs : mlir::OpTrait::TraitBase<OpTy, AboutPairs> {};
template <typename OpTy>
struct WithinPairs : mlir::OpTrait::TraitBase<OpTy, WithinPairs> {};
template <typename OpTy>
struct BesideModel : mlir::OpTrait::TraitBase<OpTy, BesideModel> {};
} // namespace heddle::nn

#include "dialects/nn/NNInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.h.inc"

namespace heddle::nn {

/// The axes of a tensor of this dialect.
inline AxesAttr axesOf(mlir::Type type) {
  return mlir::cast<AxesAttr>(
      mlir::cast<mlir::RankedTensorType>(type).getEncoding());
}
inline AxesAttr axesOf(mlir::Value value) { return axesOf(value.getType()); }

/// Tensor of `element` with these axes; `sizes` as in RankedTensorType.
mlir::RankedTensorType tensorOf(llvm::ArrayRef<int64_t> sizes,
                                mlir::Type element, AxesAttr axes);

/// Whether `text` can be what the language calls a model, an entry, a size or
/// an input: letters, digits and underscores, a digit not in front. Names go
/// into files' names, symbols and C.
bool isName(llvm::StringRef text);

/// Whether a session may keep elements of type `given` as `kept`.
bool mayBeKeptAs(mlir::Type given, mlir::Type kept);
/// How a session keeps a value of `type`: as it is stored elsewhere, but rows
/// of !nn.dynamic as kernel::KeptRow says.
mlir::RankedTensorType keptAs(mlir::RankedTensorType type);

/// How a value of `type` lies in memory, as a tensor of plain elements: truth
/// values and rows of !nn.dynamic are bytes.
mlir::RankedTensorType storedAs(mlir::RankedTensorType type);
/// How rows of such a type lie in memory; the elements are !nn.dynamic.
kernel::QuantisedRow quantisedRow(mlir::RankedTensorType type);

/// What is left of `type` where an axis is reduced.
mlir::RankedTensorType withoutAxis(mlir::RankedTensorType type,
                                   llvm::StringRef axis);

/// Whether the checkpoint holds this weight as [in, out]: a linear map says so.
bool isStoredTransposed(WeightOp weight);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_NN_H
