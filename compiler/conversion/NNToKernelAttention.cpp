//===- NNToKernelAttention.cpp - nn.attention to kernel.attention ---------===//

#include "compiler/conversion/AttentionTasks.h"
#include "compiler/conversion/NNToKernel.h"
#include "compiler/conversion/PairRegion.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

static constexpr auto attentionKernelRemarks =
    remark::RemarkOpts::name("attention-kernel").category("nn-to-kernel");

static RankedTensorType rankedTypeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Why kernel.attention cannot compute `op`, or nothing.
static StringRef refusal(nn::AttentionOp op, FunctionLowering &lowering) {
  for (Value value : {op.getQ(), op.getK(), op.getV(), op.getResult()}) {
    RankedTensorType type = rankedTypeOf(value);
    if (!lowering.sizes.hasRows(type))
      return "an operand has no axis of rows";
    if (lowering.formOf(type) == FunctionLowering::Form::Flat)
      return "an operand has several axes whose length differs from row to row";
  }
  if (lowering.windowOf(op.getK()) != lowering.windowOf(op.getV()))
    return "keys and values are kept within different windows";
  return {};
}

/// Of a tensor with an axis of query heads, `heads` from `first` on.
static Value ofHeads(FunctionLowering &lowering, Value tensor, Value first,
                     int64_t heads) {
  OpBuilder &builder = lowering.builder;
  View view = lowering.view(tensor, nullptr);
  SmallVector<OpFoldResult> offsets(view.axes.size(), builder.getIndexAttr(0)),
      sizes;
  for (int64_t size : view.type().getShape())
    sizes.push_back(builder.getIndexAttr(size));
  offsets[0] = first;
  sizes[0] = builder.getIndexAttr(heads);
  return view.part(lowering, offsets, sizes).memref;
}

/// The same region, with the other dialect's terminator.
static void copyScore(nn::AttentionOp from, kernel::AttentionOp to) {
  if (from.getScore().empty())
    return;
  IRMapping mapping;
  from.getScore().cloneInto(&to.getScore(), mapping);
  Operation *yield = to.getScore().front().getTerminator();
  OpBuilder builder(yield);
  kernel::YieldOp::create(builder, yield->getLoc(), yield->getOperands());
  yield->erase();
}

//===----------------------------------------------------------------------===//
// Which pairs are admitted
//===----------------------------------------------------------------------===//

/// A region of `indices` index arguments; `yielded` emits what it yields.
static void buildRegion(FunctionLowering &lowering, Region &region,
                        unsigned indices,
                        function_ref<SmallVector<Value>(ValueRange)> yielded) {
  OpBuilder &builder = lowering.builder;
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> types(indices, builder.getIndexType());
  SmallVector<Location> locations(indices, lowering.loc());
  Block *block = builder.createBlock(&region, {}, types, locations);
  kernel::YieldOp::create(builder, lowering.loc(), TypeRange(),
                          yielded(block->getArguments()));
}

/// The conditions that say a range of keys become the bounds of loops; what is
/// left is asked for every pair.
static void lowerMask(nn::AttentionOp op, kernel::AttentionOp lowered,
                      FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  SmallVector<nn::KeyRange> ranges;
  SmallVector<Value> left;
  for (Value condition : nn::conditionsOf(op.getMask())) {
    nn::KeyRange range = nn::keysThatSatisfy(op.getMask(), condition);
    if (range.isExact)
      ranges.push_back(std::move(range));
    else
      left.push_back(condition);
  }
  if (!ranges.empty())
    buildRegion(lowering, lowered.getKeys(), 3, [&](ValueRange indices) {
      PairRegion pairs(lowering, op.getMask(), indices);
      Value from = lowering.constantIndex(0),
            to = lowering.constantIndex(std::numeric_limits<int32_t>::max());
      for (const nn::KeyRange &range : ranges) {
        if (range.from)
          from = arith::MaxSIOp::create(builder, lowering.loc(), from,
                                        pairs.lower(*range.from));
        if (range.to)
          to = arith::MinSIOp::create(builder, lowering.loc(), to,
                                      pairs.lower(*range.to));
      }
      return SmallVector<Value>{from, to};
    });
  if (left.empty())
    return;
  buildRegion(lowering, lowered.getMask(), 4, [&](ValueRange indices) {
    PairRegion pairs(lowering, op.getMask(), indices);
    Value all;
    for (Value condition : left) {
      Value holds = pairs.lower(condition);
      all = all ? arith::AndIOp::create(builder, lowering.loc(), all, holds)
                : holds;
    }
    return SmallVector<Value>{all};
  });
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

namespace {

/// What a task reads and writes: views of operands, of its heads and queries.
class TaskLowering {
public:
  TaskLowering(nn::AttentionOp op, FunctionLowering &lowering,
               const AttentionTask &task)
      : op(op), lowering(lowering), task(task),
        shared(rankedTypeOf(op.getQ()).getDimSize(2) /
               rankedTypeOf(op.getK()).getDimSize(2)),
        head(arith::MulIOp::create(lowering.builder, lowering.loc(),
                                   task.keyHead,
                                   lowering.constantIndex(shared))) {}

  void lowerTask();
  void lowerMerge(Value spans);

private:
  Value queries(const View &view);
  Value sink() {
    return op.getSink() ? ofHeads(lowering, op.getSink(), head, shared)
                        : Value();
  }
  Value vector();
  Value keysOfRing();
  Value result() {
    return queries(lowering.resultView(op->getOpResult(0), task.row));
  }

  nn::AttentionOp op;
  FunctionLowering &lowering;
  const AttentionTask &task;
  int64_t shared; ///< query heads that share a key head
  Value head;     ///< the first of them
};

} // namespace

Value TaskLowering::queries(const View &view) {
  OpBuilder &builder = lowering.builder;
  int64_t depth = view.type().getDimSize(2);
  return view
      .part(lowering,
            {OpFoldResult(task.first), OpFoldResult(head),
             OpFoldResult(builder.getIndexAttr(0))},
            {OpFoldResult(task.count), builder.getIndexAttr(shared),
             builder.getIndexAttr(depth)})
      .memref;
}

Value TaskLowering::vector() {
  if (!op.getVector())
    return {};
  return rankedTypeOf(op.getVector()).getRank() == 1
             ? lowering.view(op.getVector(), nullptr).memref
             : ofHeads(lowering, op.getVector(), head, shared);
}

/// How many keys there are where they lie in a ring, which does not tell.
Value TaskLowering::keysOfRing() {
  if (!lowering.windowOf(op.getK()))
    return {};
  return lowering.axisLength(lowering.sizes.axis(rankedTypeOf(op.getK()), 1),
                             task.row);
}

void TaskLowering::lowerTask() {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  Value held = lowering.heldBefore(nn::axesOf(op.getQ()).axisName(1), task.row);
  auto ofHead = [&](Value kept) {
    return lowering.attendedView(kept, task.row)
        .head(lowering, task.keyHead)
        .memref;
  };
  auto lowered = kernel::AttentionOp::create(
      builder, loc, queries(lowering.view(op.getQ(), task.row)),
      ofHead(op.getK()), ofHead(op.getV()), sink(), vector(), result(),
      task.row, head, arith::AddIOp::create(builder, loc, held, task.first),
      task.span, task.states, keysOfRing(), op.getScaleAttr(), op.getCapAttr());
  copyScore(op, lowered);
  if (!op.getMask().empty())
    lowerMask(op, lowered, lowering);
  if (!op.getBias().empty())
    buildRegion(lowering, lowered.getBias(), 4, [&](ValueRange indices) {
      PairRegion pairs(lowering, op.getBias(), indices);
      pairs.tabulates = true;
      return SmallVector<Value>{pairs.result()};
    });
}

void TaskLowering::lowerMerge(Value spans) {
  kernel::MergeSpansOp::create(lowering.builder, lowering.loc(), task.states,
                               spans, sink(), result());
}

LogicalResult
heddle::conversion::lowerAttentionToKernel(nn::AttentionOp op,
                                           FunctionLowering &lowering) {
  if (StringRef reason = refusal(op, lowering); !reason.empty()) {
    remark::missed(op.getLoc(), attentionKernelRemarks)
        << "attention is not fused" << remark::reason("{0}", reason);
    return failure();
  }
  // The buffers are fetched before the tasks, for all of them.
  lowering.resultView(op->getOpResult(0), nullptr);
  AttentionTasks(op, lowering)
      .emit(
          [&](const AttentionTask &task) {
            TaskLowering(op, lowering, task).lowerTask();
          },
          [&](const AttentionTask &task, Value spans) {
            TaskLowering(op, lowering, task).lowerMerge(spans);
          });
  return success();
}
