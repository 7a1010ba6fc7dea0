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

#include "compiler/conversion/LoweringPatterns.h"
#include "compiler/conversion/View.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/SizeTable.h"
#include "mlir/IR/IRMapping.h"

namespace heddle::conversion {

class FunctionLowering {
public:
  FunctionLowering(const nn::SizeTable &sizes, const nn::PathTree &tree,
                   mlir::OpBuilder &builder, const LoweringPatterns &patterns,
                   const TaskSizes &tasks)
      : builder(builder), sizes(sizes), tasks(tasks), tree(tree),
        patterns(patterns) {}

  /// Adds how the ops of structure are lowered.
  static void addStructure(LoweringPatterns &patterns);

  /// Builds the lowered function and erases the one given. One that is
  /// `grouped` has as many tokens as its first argument, not as the frame says.
  llvm::LogicalResult lower(mlir::func::FuncOp function, bool grouped);

  //===--- For the lowering of an op --------------------------------------===//

  mlir::OpBuilder &builder;
  const nn::SizeTable &sizes;
  const TaskSizes &tasks;

  /// How a tensor lies in memory.
  enum class Form {
    Dense, ///< one dimension an axis
    Lines, ///< [rows, ragged, static…]: rows and ragged are one dimension
    Flat   ///< row after row of dense blocks, one dimension
  };
  Form formOf(mlir::RankedTensorType type) const;

  /// Calls `emit` once for the whole batch (without a row) where every value of
  /// `op` lies alike and `mixes` is false, else in a loop over rows. The tokens
  /// of a grouped block are of no row: there it is always once.
  void forRows(mlir::Operation *op, bool mixes,
               llvm::function_ref<void(mlir::Value row)> emit);

  /// A value of the function, of the whole batch or of one row.
  View view(mlir::Value tensor, mlir::Value row);
  /// The same of what kernel.attention reads, which follows a ring.
  View attendedView(mlir::Value tensor, mlir::Value row);
  /// Within which newest positions the session keeps `tensor`, in a ring; 0: it
  /// keeps all, or nothing.
  int64_t windowOf(mlir::Value tensor) const;
  /// The buffer for a result.
  View resultView(mlir::OpResult result, mlir::Value row);
  /// Whether the plan has given the result its operand's place.
  static bool liesWhereItsOperandDoes(mlir::OpResult result);
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
  /// What all rows before row `row` have of a size, and what all rows have.
  mlir::Value rowStart(const nn::SizeExpr &expr, mlir::Value row);
  mlir::Value total(const nn::SizeExpr &expr);
  mlir::Value constantIndex(int64_t value);

  /// Says why the module cannot be lowered. Lowering goes on to the end of the
  /// op with whatever stands for what is missing, and then fails.
  void refuse(const llvm::Twine &reason);
  bool hasRefused() const { return refused; }
  mlir::Location loc() const { return location; }
  mlir::Value frame() const { return framePointer; }

private:
  llvm::LogicalResult lowerBlock(mlir::Block &block);
  llvm::LogicalResult lowerLoop(mlir::scf::ForOp loop);
  void lowerCall(nn::CallOp call);
  void lowerRoute(nn::RouteOp route);
  void lowerGroupedRoute(nn::RouteOp route);
  void callBlock(nn::RouteOp route, mlir::Value block, mlir::Value x,
                 mlir::Value result);
  void placeArguments(nn::ScanOp scan);
  void forLivingRows(
      nn::ScanOp scan, mlir::Value step, const nn::SizeExpr &axis,
      llvm::function_ref<void(mlir::Value row, mlir::Value position)> emit);
  llvm::LogicalResult lowerScanStep(nn::ScanOp scan, mlir::Value step,
                                    const nn::SizeExpr &axis);
  void forKept(nn::ScanOp scan,
               llvm::function_ref<void(View kept, View carried)> emit);
  llvm::LogicalResult lowerScan(nn::ScanOp scan);
  llvm::LogicalResult lowerWeight(nn::WeightOp weight);
  void lowerCache(nn::CacheAppendOp cache);
  void lowerStateRead(nn::StateReadOp read);
  void lowerStateWrite(nn::StateWriteOp write);
  void lowerReturn(mlir::func::ReturnOp op);

  mlir::func::FuncOp declare(mlir::func::FuncOp function);
  void takeFrame(mlir::func::FuncOp function, mlir::Block *body);
  void takeArguments(mlir::func::FuncOp function, mlir::Block *body);
  void countTokens(mlir::BlockArgument x);
  void placeBuffers(mlir::func::FuncOp function);

  /// As the value lies in memory.
  static mlir::RankedTensorType tensorType(mlir::Value value);
  /// The place of an op's result, or of what a loop carries.
  static int64_t placeOf(mlir::Value value);
  static bool haveOnePlace(mlir::Value a, mlir::Value b);
  bool isKeptInSession(mlir::Value tensor) const;
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
  mlir::Value flatRow(mlir::Value buffer, mlir::RankedTensorType type,
                      mlir::Value row,
                      llvm::ArrayRef<mlir::OpFoldResult> lengths);
  void packIfPlaced(mlir::Value kept);
  View cacheRow(mlir::Value tensor, mlir::Value row);
  mlir::Value cacheSlot(mlir::Operation *op);
  /// What a cache slot keeps of one row: of a ring, all that it has room for.
  View keptRow(mlir::Value slot, mlir::StringAttr path,
               mlir::RankedTensorType type, mlir::Value row,
               bool isRing = false);
  void appendToRing(nn::CacheAppendOp cache, mlir::Value row);
  void forEachRow(llvm::function_ref<void(mlir::Value row)> emit);
  mlir::Value slotIndex(const nn::SlotPlace &place);
  void copy(const View &from, const View &to);
  void keep(const View &given, const View &kept);
  void copyRows(mlir::Value tensor, mlir::Value buffer);
  void copyRows(mlir::Value tensor, mlir::Value from, mlir::Value to);
  /// Copies what lies where another carried value does into scratch buffers of
  /// `loop`; null for each of the others.
  llvm::SmallVector<mlir::Value>
  setAside(mlir::Operation *loop, mlir::ValueRange next,
           llvm::ArrayRef<mlir::BlockArgument> carried);

  mlir::Value
  evaluate(const nn::SizeExpr &expr,
           llvm::function_ref<mlir::Value(const nn::SizeExpr::Term &)> term);

  const nn::PathTree &tree;
  const LoweringPatterns &patterns;
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

/// Lowers every function of a module that nn-plan-memory has been over; adds
/// the lowerings of the ops of structure to `patterns`.
llvm::LogicalResult lowerModule(mlir::ModuleOp module,
                                LoweringPatterns patterns,
                                const TaskSizes &tasks);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_FUNCTIONLOWERING_H
