//===- AttentionTasks.h - who computes which part of attention --*- C++ -*-===//
#ifndef HEDDLE_COMPILER_CONVERSION_ATTENTIONTASKS_H
#define HEDDLE_COMPILER_CONVERSION_ATTENTIONTASKS_H

#include "compiler/conversion/Emit.h"

namespace heddle::conversion {

/// `count` queries of a row from `first` on, of the heads that share a key
/// head; over all keys, or over one span of them (≥ 0) whose states go to the
/// part of the scratch buffer that is the row's and the key head's. Both are
/// null where an op's keys are never cut.
struct AttentionTask {
  Value row, keyHead, first, count, span, states;
};

/// Emits the tasks of an attention, and what merges their results.
class AttentionTasks {
public:
  AttentionTasks(nn::AttentionOp op, FunctionLowering &lowering);

  void emit(llvm::function_ref<void(const AttentionTask &)> emitTask,
            llvm::function_ref<void(const AttentionTask &, Value spans)> merge);

private:
  /// What a row has: queries, spans of keys, tasks of each key head; and
  /// whether a task is a span.
  struct Row {
    Value tokens, spans, tasks, isCut;
  };
  Row rowAt(Value row);
  /// Tasks of all rows; the most of a key head; tokens of rows that are cut,
  /// times their spans.
  struct Totals {
    Value tasks, most, merged;
  };
  Totals sumOverRows(Value rows);
  std::pair<Value, Value> findRow(Value task, const Totals &totals);
  Value statesOf(Value row, Value keyHead, const Row &of);
  void emitShares(llvm::function_ref<void(const AttentionTask &)> emitTask);
  void emitCut(llvm::function_ref<void(const AttentionTask &)> emitTask,
               const Totals &totals);
  void
  emitMerge(llvm::function_ref<void(const AttentionTask &, Value spans)> merge,
            const Totals &totals);

  nn::AttentionOp op;
  FunctionLowering &lowering;
  Emit e;
  int64_t heads, keyHeads, valueDepth, share;
  nn::SizeExpr tokens, keys;
  Value rows, states;
};

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_ATTENTIONTASKS_H
