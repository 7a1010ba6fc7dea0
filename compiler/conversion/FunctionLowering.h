//===- FunctionLowering.h - from tensors to buffers, one function ---------===//
//
// What nn-to-linalg and nn-to-kernel share: buffers for values as
// nn-plan-memory laid them out, views of them with named axes, of the whole
// batch or of one row, and the ops of structure (functions, loops, calls,
// weights, caches). What an op computes is up to the lowering that is plugged
// in.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_FUNCTIONLOWERING_H
#define HEDDLE_COMPILER_CONVERSION_FUNCTIONLOWERING_H

#include "dialects/nn/PathTree.h"
#include "dialects/nn/SizeTable.h"
#include "mlir/IR/IRMapping.h"

namespace heddle::conversion {

/// A memref with a name for every dimension.
struct View {
  mlir::Value memref;
  llvm::SmallVector<std::string, 4> axes;

  int find(llvm::StringRef axis) const;
  mlir::MemRefType type() const {
    return mlir::cast<mlir::MemRefType>(memref.getType());
  }
};

class FunctionLowering;

/// Lowers one op that computes. Failure carries a diagnostic.
using LowerOp = llvm::function_ref<llvm::LogicalResult(mlir::Operation *,
                                                       FunctionLowering &)>;

class FunctionLowering {
public:
  FunctionLowering(const nn::SizeTable &sizes, const nn::PathTree &tree,
                   mlir::OpBuilder &builder, LowerOp lowerOp)
      : builder(builder), sizes(sizes), tree(tree), lowerOp(lowerOp) {}

  /// Builds the lowered function and erases the one given. One that is
  /// `grouped` has as many tokens as its first argument, not as the frame says.
  llvm::LogicalResult lower(mlir::func::FuncOp function, bool grouped);

  //===--- For the lowering of an op --------------------------------------===//

  mlir::OpBuilder &builder;
  const nn::SizeTable &sizes;

  /// How a tensor lies in memory.
  enum class Form {
    Dense, ///< one dimension an axis
    Lines, ///< [rows, ragged, static…]: rows and ragged are one dimension
    Flat   ///< row after row of dense blocks, one dimension
  };
  Form formOf(mlir::RankedTensorType type) const;

  /// Calls `emit` once for the whole batch (without a row) where every value of
  /// `op` lies alike and `mixes` is false, else in a loop over rows.
  void forRows(mlir::Operation *op, bool mixes,
               llvm::function_ref<void(mlir::Value row)> emit);

  /// A value of the function, of the whole batch or of one row.
  View view(mlir::Value tensor, mlir::Value row);
  /// The buffer for a result.
  View resultView(mlir::OpResult result, mlir::Value row);
  /// The scratch buffer of an op that dialects/nn/Memory.cpp calls `name`, as
  /// one dimension of `size` elements.
  mlir::Value scratch(mlir::Operation *op, llvm::StringRef name,
                      mlir::Value size);

  /// What a scalar of the function (a constant, a loop's index) became.
  mlir::Value scalar(mlir::Value value) const { return mapping.lookup(value); }

  /// The same as the memory of a tensor; it can be viewed with `viewOf`.
  mlir::Value scratch(mlir::Operation *op, llvm::StringRef name,
                      mlir::RankedTensorType type);
  /// A buffer that holds a tensor of `type`, of the whole batch or of one row.
  View viewOf(mlir::Value buffer, mlir::RankedTensorType type, mlir::Value row);

  /// Length of an axis in a row.
  mlir::Value axisLength(const nn::SizeExpr &axis, mlir::Value row);
  /// How many positions row `row` held before this call, for tokens of `axis`.
  mlir::Value heldBefore(llvm::StringRef axis, mlir::Value row);
  mlir::Value constantIndex(int64_t value);

  /// Says why the module cannot be lowered. Lowering goes on to the end of the
  /// op with whatever stands for what is missing, and then fails.
  void refuse(const llvm::Twine &reason);
  mlir::Location loc() const { return location; }
  mlir::Value frame() const { return framePointer; }

private:
  llvm::LogicalResult lowerBlock(mlir::Block &block);
  llvm::LogicalResult lowerStructure(mlir::Operation *op);
  llvm::LogicalResult lowerLoop(mlir::scf::ForOp loop);
  void lowerCall(nn::CallOp call);
  void lowerRoute(nn::RouteOp route);
  void lowerGroupedRoute(nn::RouteOp route);
  void callBlock(nn::RouteOp route, mlir::Value block, mlir::Value x,
                 mlir::Value result);
  llvm::LogicalResult lowerScan(nn::ScanOp scan);
  void lowerCache(nn::CacheAppendOp cache);
  void lowerStateWrite(nn::StateWriteOp write);
  void lowerReturn(mlir::func::ReturnOp op);
  void placeBuffers(mlir::func::FuncOp function);

  mlir::MemRefType memoryType(mlir::RankedTensorType type) const;
  llvm::SmallVector<mlir::Value> dynamicDims(mlir::RankedTensorType type);
  mlir::Value bufferAt(int64_t place, mlir::RankedTensorType type);
  /// Where a buffer of the function's plan begins.
  mlir::Value offsetOf(int64_t place);
  /// The place that the plan gives an op's scratch buffer.
  int64_t scratchPlace(mlir::Operation *op, llvm::StringRef name);
  /// A scratch buffer with these lengths.
  mlir::Value scratch(mlir::Operation *op, llvm::StringRef name,
                      mlir::MemRefType type, mlir::ValueRange lengths);
  mlir::Value bufferOf(mlir::Value tensor);
  View cacheRow(mlir::Value tensor, mlir::Value row);
  mlir::Value cacheSlot(mlir::Operation *op);
  /// What a cache slot keeps of one row.
  View keptRow(mlir::Value slot, mlir::RankedTensorType type, mlir::Value row);
  void forEachRow(llvm::function_ref<void(mlir::Value row)> emit);
  mlir::Value slotIndex(const nn::SlotPlace &place);
  void copy(const View &from, const View &to);
  void copyRows(mlir::Value tensor, mlir::Value buffer);
  void copyRows(mlir::Value tensor, mlir::Value from, mlir::Value to);
  /// Copies what lies where another carried value does into scratch buffers of
  /// `loop`; null for each of the others.
  llvm::SmallVector<mlir::Value>
  setAside(mlir::Operation *loop, mlir::ValueRange next,
           llvm::ArrayRef<mlir::BlockArgument> carried);

  mlir::Value total(const nn::SizeExpr &expr);
  mlir::Value rowStart(const nn::SizeExpr &expr, mlir::Value row);
  mlir::Value
  evaluate(const nn::SizeExpr &expr,
           llvm::function_ref<mlir::Value(const nn::SizeExpr::Term &)> term);

  const nn::PathTree &tree;
  LowerOp lowerOp;
  mlir::Location location = builder.getUnknownLoc();
  bool refused = false;
  mlir::Value framePointer, weightSlots, cacheSlots, calleeArena;
  /// Where tokens are grouped: their number, and as which monomial it is known.
  mlir::Value tokenCount;
  std::string tokenMonomial;
  llvm::SmallVector<mlir::Value> bufferOffsets, results, loopIndices;
  /// Buffers of tensors that have one; index values.
  mlir::IRMapping mapping;
};

/// Lowers every function of a module that nn-plan-memory has been over.
llvm::LogicalResult lowerModule(mlir::ModuleOp module, LowerOp lowerOp);

/// What lies under `index` of a view's first axis.
View elementOf(FunctionLowering &lowering, const View &view, mlir::Value index);

/// linalg.generic over named axes: the outputs' axes are its parallel loops,
/// `reduced` its reduction loops, which some input has. The body gets the
/// scalars of inputs and outputs.
void generic(
    FunctionLowering &lowering, llvm::ArrayRef<View> inputs, View output,
    llvm::ArrayRef<llvm::StringRef> reduced,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)> body);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_FUNCTIONLOWERING_H
