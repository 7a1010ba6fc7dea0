//===- AttentionSpans.h - softmaxes of spans of keys ------------*- C++ -*-===//
#ifndef HEDDLE_COMPILER_MICROKERNELS_ATTENTIONSPANS_H
#define HEDDLE_COMPILER_MICROKERNELS_ATTENTIONSPANS_H

#include "compiler/microkernels/VectorBuilder.h"
#include "dialects/kernel/Kernel.h"

namespace heddle::microkernels {

/// The softmax of one row as far as it has come: memory of the largest score,
/// of the sums of a vector's lanes, and of the sums of `depth` values.
struct RowState {
  mlir::Value m, l, o;
};

/// What is done to states of rows whose values have `depth` elements.
class RowStates {
public:
  RowStates(VectorBuilder &v, int64_t depth) : v(v), depth(depth) {}

  /// Of no key.
  void clear(const RowState &state);
  /// Of no key but the sink, whose score lies at `sink`.
  void beginWithSink(const RowState &state, mlir::Value sink);
  void copy(const RowState &from, const RowState &to);
  /// `into` is that of its keys and those of `span`, which lie behind them.
  void merge(const RowState &span, const RowState &into);
  /// y = o / Σ l; a row that admits no key has o = 0 and Σ l = 0.
  void finish(const RowState &state, mlir::Value y);
  /// In memory as kernel.attention leaves it.
  RowState inRecord(mlir::Value record);

  /// body(column, number of columns) for vectors of a row of `width`.
  void forColumns(int64_t width,
                  llvm::function_ref<void(mlir::Value, int64_t)> body);

private:
  void whenNotEmpty(mlir::Value m, llvm::function_ref<void()> then,
                    llvm::function_ref<void()> otherwise);

  VectorBuilder &v;
  int64_t depth;
};

/// Replaces `op` by loops over rows and spans.
void lowerMergeSpans(mlir::RewriterBase &rewriter, kernel::MergeSpansOp op,
                     const Target &target, mlir::SymbolTable &symbols);

} // namespace heddle::microkernels

#endif // HEDDLE_COMPILER_MICROKERNELS_ATTENTIONSPANS_H
