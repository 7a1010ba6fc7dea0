//===- AttentionTasks.cpp - who computes which part of attention ----------===//
//
//   parallel task in 0 .. B · G · ceil(max T / N):
//     row, key head, share of the queries; a shorter row has fewer shares
//
// where keys are never more than a span. Else rows have different numbers of
// tasks, one row after the other and one key head after the other:
//
//   of a row with several shares of queries: each share over all keys,
//   of others: each span of the keys
//
// and what those leave is merged, a task for each row and key head.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/AttentionTasks.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/kernel/Spans.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

static RankedTensorType tensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

AttentionTasks::AttentionTasks(nn::AttentionOp op, FunctionLowering &lowering)
    : op(op), lowering(lowering), e(lowering),
      heads(tensorType(op.getQ()).getDimSize(2)),
      keyHeads(tensorType(op.getK()).getDimSize(2)),
      valueDepth(tensorType(op.getV()).getDimSize(3)),
      share(std::max<int64_t>(
          lowering.tasks.attentionQueries * keyHeads / heads, 1)),
      tokens(lowering.sizes.axis(tensorType(op.getQ()), 1)),
      keys(lowering.sizes.axis(tensorType(op.getK()), 1)),
      rows(kernel::SizeOp::create(lowering.builder, lowering.loc(),
                                  lowering.frame(), lowering.sizes.rows())) {}

void AttentionTasks::emit(
    function_ref<void(const AttentionTask &)> emitTask,
    function_ref<void(const AttentionTask &, Value spans)> merge) {
  if (!nn::cutsKeys(op, lowering.sizes))
    return emitShares(emitTask);
  nn::SizeExpr floats = nn::statesOf(op, lowering.sizes);
  states = lowering.scratch(op, "states", lowering.total(floats));
  Totals totals = sumOverRows(rows);
  emitCut(emitTask, totals);
  emitMerge(merge, totals);
}

void AttentionTasks::emitShares(
    function_ref<void(const AttentionTask &)> emitTask) {
  OpBuilder &builder = lowering.builder;
  Value shares = arith::CeilDivUIOp::create(
      builder, e.loc, lowering.axisLength(tokens, nullptr), e.index(share));
  Value ofRow = e.times(e.index(keyHeads), shares);
  auto parallel = kernel::ParallelOp::create(builder, e.loc, lowering.frame(),
                                             e.times(rows, ofRow));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&parallel.getBody().front());
  AttentionTask task;
  task.row = e.over(parallel.getIndex(), ofRow);
  Value ofThisRow = e.rest(parallel.getIndex(), ofRow);
  task.keyHead = e.over(ofThisRow, shares);
  task.first = e.times(e.rest(ofThisRow, shares), e.index(share));
  Value rest = e.minus(lowering.axisLength(tokens, task.row), task.first);
  Value any = e.compare(Emit::Predicate::sgt, rest, e.index(0));
  auto unlessNone = scf::IfOp::create(builder, e.loc, any, /*withElse=*/false);
  builder.setInsertionPointToStart(unlessNone.thenBlock());
  task.count = arith::MinUIOp::create(builder, e.loc, rest, e.index(share));
  emitTask(task);
}

//===----------------------------------------------------------------------===//
// Rows whose keys may be cut
//===----------------------------------------------------------------------===//

AttentionTasks::Row AttentionTasks::rowAt(Value row) {
  auto ceilDiv = [&](Value a, int64_t b) -> Value {
    return arith::CeilDivUIOp::create(lowering.builder, e.loc, a, e.index(b));
  };
  Row of;
  of.tokens = lowering.axisLength(tokens, row);
  of.spans = ceilDiv(lowering.axisLength(keys, row), kernel::spanKeys);
  int64_t most = std::min(share, kernel::spanRows * keyHeads / heads);
  Value few = e.compare(Emit::Predicate::ule, of.tokens, e.index(most));
  of.isCut = e.both(few, e.compare(Emit::Predicate::ugt, of.spans, e.index(1)));
  of.tasks = e.select(of.isCut, of.spans, ceilDiv(of.tokens, share));
  return of;
}

AttentionTasks::Totals AttentionTasks::sumOverRows(Value rows) {
  OpBuilder &builder = lowering.builder;
  Value zero = e.index(0);
  auto loop = scf::ForOp::create(builder, e.loc, zero, rows, e.index(1),
                                 ValueRange{zero, zero, zero});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Row of = rowAt(loop.getInductionVar());
  ValueRange before = loop.getRegionIterArgs();
  Value merged = e.select(of.isCut, e.times(of.tokens, of.spans), zero);
  scf::YieldOp::create(
      builder, e.loc,
      ValueRange{e.plus(before[0], e.times(of.tasks, e.index(keyHeads))),
                 arith::MaxUIOp::create(builder, e.loc, before[1], of.tasks),
                 e.plus(before[2], merged)});
  return {loop.getResult(0), loop.getResult(1), loop.getResult(2)};
}

/// The row of a task, and its number there. Where every key head is one task,
/// the row need not be looked for.
std::pair<Value, Value> AttentionTasks::findRow(Value task,
                                                const Totals &totals) {
  OpBuilder &builder = lowering.builder;
  Value ofEach = e.index(keyHeads);
  Value alike = e.both(
      e.compare(Emit::Predicate::eq, totals.most, e.index(1)),
      e.compare(Emit::Predicate::eq, totals.tasks, e.times(rows, ofEach)));
  Value row = e.select(alike, e.over(task, ofEach), e.index(0)),
        number = e.select(alike, e.rest(task, ofEach), task);
  SmallVector<Type> types(2, builder.getIndexType());
  SmallVector<Location> locations(2, e.loc);
  auto loop =
      scf::WhileOp::create(builder, e.loc, types, ValueRange{row, number});
  OpBuilder::InsertionGuard guard(builder);
  auto ofRow = [&](Value row) { return e.times(rowAt(row).tasks, ofEach); };
  Block *before = builder.createBlock(&loop.getBefore(), {}, types, locations);
  ValueRange at = before->getArguments();
  scf::ConditionOp::create(
      builder, e.loc, e.compare(Emit::Predicate::uge, at[1], ofRow(at[0])), at);
  Block *after = builder.createBlock(&loop.getAfter(), {}, types, locations);
  at = after->getArguments();
  scf::YieldOp::create(
      builder, e.loc,
      ValueRange{e.plus(at[0], e.index(1)), e.minus(at[1], ofRow(at[0]))});
  return {loop.getResult(0), loop.getResult(1)};
}

/// Of a row that is cut: a state for each span, query and head, behind those of
/// the key heads before. Every row has room as if it had a task's rows for all
/// its keys and a span more (AttentionOp::scratch).
Value AttentionTasks::statesOf(Value row, Value keyHead, const Row &of) {
  int64_t state = kernel::stateFloats(valueDepth),
          ofKey = state * kernel::spanRows / kernel::spanKeys * keyHeads;
  nn::SizeExpr keysBefore =
      lowering.sizes.axis(tensorType(op.getK()), 0) * keys;
  Value begin = e.times(e.plus(lowering.rowStart(keysBefore, row),
                               e.times(row, e.index(kernel::spanKeys))),
                        e.index(ofKey));
  Value length = e.times(e.times(of.spans, of.tokens),
                         e.index(state * (heads / keyHeads)));
  SmallVector<OpFoldResult> offset{e.plus(begin, e.times(keyHead, length))},
      size{length}, stride{lowering.builder.getIndexAttr(1)};
  return memref::SubViewOp::create(lowering.builder, e.loc, states, offset,
                                   size, stride);
}

/// Under a causal mask later shares have more keys: the first is followed by
/// the last, the second by the last but one, so that threads, which take tasks
/// in order, have as much to do.
void AttentionTasks::emitCut(function_ref<void(const AttentionTask &)> emitTask,
                             const Totals &totals) {
  OpBuilder &builder = lowering.builder;
  auto parallel = kernel::ParallelOp::create(builder, e.loc, lowering.frame(),
                                             totals.tasks);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&parallel.getBody().front());
  auto [row, number] = findRow(parallel.getIndex(), totals);
  Row of = rowAt(row);
  AttentionTask task;
  task.row = row;
  task.keyHead = e.over(number, of.tasks);
  Value part = e.rest(number, of.tasks), half = e.over(part, e.index(2));
  Value isLate =
      e.compare(Emit::Predicate::ne, e.rest(part, e.index(2)), e.index(0));
  Value turn =
      e.select(isLate, e.minus(e.minus(of.tasks, e.index(1)), half), half);
  task.first = e.select(of.isCut, e.index(0), e.times(turn, e.index(share)));
  task.count = arith::MinUIOp::create(
      builder, e.loc, e.minus(of.tokens, task.first), e.index(share));
  task.span = e.select(of.isCut, part, e.index(-1));
  task.states = statesOf(row, task.keyHead, of);
  emitTask(task);
}

void AttentionTasks::emitMerge(
    function_ref<void(const AttentionTask &, Value spans)> merge,
    const Totals &totals) {
  OpBuilder &builder = lowering.builder;
  OpBuilder::InsertionGuard guard(builder);
  auto when = [&](Value condition) {
    auto branch =
        scf::IfOp::create(builder, e.loc, condition, /*withElse=*/false);
    builder.setInsertionPointToStart(branch.thenBlock());
  };
  when(e.compare(Emit::Predicate::ugt, totals.merged, e.index(0)));
  // Reading, multiplying, writing: some four multiplications an element.
  Value worth = e.compare(Emit::Predicate::uge, totals.merged,
                          e.index(llvm::divideCeil(lowering.tasks.parallelWork,
                                                   4 * heads * valueDepth)));
  Value ofEach = e.index(keyHeads);
  auto parallel = kernel::ParallelOp::create(builder, e.loc, lowering.frame(),
                                             e.times(rows, ofEach), worth);
  builder.setInsertionPointToStart(&parallel.getBody().front());
  AttentionTask task;
  task.row = e.over(parallel.getIndex(), ofEach);
  task.keyHead = e.rest(parallel.getIndex(), ofEach);
  Row of = rowAt(task.row);
  when(of.isCut);
  task.first = e.index(0);
  task.count = of.tokens;
  task.states = statesOf(task.row, task.keyHead, of);
  merge(task, of.spans);
}
