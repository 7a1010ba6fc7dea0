//===- NNToKernel.cpp - nn to machine operations over buffers -------------===//
//
// Enters: an nn module with layouts of its weights and a memory plan. Leaves:
// functions over memrefs in kernel ops; what has none is lowered to linalg.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToLinalg.h"
#include "compiler/conversion/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

namespace heddle::conversion {
#define GEN_PASS_DEF_NNTOKERNEL
#include "compiler/conversion/Passes.h.inc"
} // namespace heddle::conversion

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

namespace {

/// The panels that a weight lies in; none if it is packed plain.
std::optional<kernel::PackedLayout> panelsOf(Value weight) {
  Operation *op = weight.getDefiningOp();
  auto layout = op ? op->getAttrOfType<kernel::LayoutAttr>("layout")
                   : kernel::LayoutAttr();
  if (!layout)
    return std::nullopt;
  return layout.getLayout();
}

/// A view as a matrix: its first axes are one, the rows.
Value asMatrix(FunctionLowering &lowering, const View &view, unsigned kept) {
  View collapsed = collapseFrom(lowering, view, kept, "columns");
  if (kept == 1)
    return collapsed.memref;
  ReassociationIndices rows =
      llvm::to_vector_of<int64_t, 2>(llvm::seq<unsigned>(0, kept));
  SmallVector<ReassociationIndices> groups = {rows,
                                              {static_cast<int64_t>(kept)}};
  return memref::CollapseShapeOp::create(lowering.builder, lowering.loc(),
                                         collapsed.memref, groups);
}

/// Elements `first` … `first + count − 1` along the first axis.
Value sliceFirst(FunctionLowering &lowering, Value memref, int64_t first,
                 int64_t count) {
  auto type = cast<MemRefType>(memref.getType());
  if (type.getDimSize(0) == count)
    return memref;
  OpBuilder &builder = lowering.builder;
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
      strides(type.getRank(), builder.getIndexAttr(1)), extents;
  for (int64_t size : type.getShape())
    extents.push_back(builder.getIndexAttr(size));
  offsets.front() = builder.getIndexAttr(first);
  extents.front() = builder.getIndexAttr(count);
  return memref::SubViewOp::create(builder, lowering.loc(), memref, offsets,
                                   extents, strides);
}

kernel::Activation activationOf(nn::LinearOp op) {
  if (!op.getActivation())
    return kernel::Activation::None;
  auto same =
      kernel::symbolizeActivation(nn::stringifyActivation(*op.getActivation()));
  assert(same && "the dialects' activations have the same names");
  return *same;
}

/// One kernel.matmul a result: each begins a panel.
LogicalResult lowerLinear(nn::LinearOp op, FunctionLowering &lowering) {
  std::optional<kernel::PackedLayout> layout = panelsOf(op.getWeight());
  if (!layout)
    return lowerToLinalg(op, lowering);
  auto weightType = cast<RankedTensorType>(op.getWeight().getType());
  kernel::MatrixShape matrix = layout->matrix(weightType.getShape());
  // Tensors that lie row after row in dense blocks are no matrix as a whole.
  auto isFlat = [&](Value value) {
    return lowering.formOf(cast<RankedTensorType>(value.getType())) ==
           FunctionLowering::Form::Flat;
  };
  bool rowByRow = isFlat(op.getX()) || llvm::any_of(op.getResults(), isFlat);
  lowering.forRows(op, rowByRow, [&](Value row) {
    View x = lowering.view(op.getX(), row);
    unsigned kept = x.axes.size() - op.getContracts();
    Value input = asMatrix(lowering, x, kept);
    Value weight = lowering.view(op.getWeight(), nullptr).memref, bias;
    if (op.getBias())
      bias = lowering.view(op.getBias(), nullptr).memref;
    int64_t column = 0;
    for (OpResult result : op->getOpResults()) {
      unsigned group = result.getResultNumber();
      int64_t columns = op.getGroupSize(group);
      int64_t panel = layout->panelsBefore(group, matrix);
      Value output = asMatrix(lowering, lowering.resultView(result, row), kept);
      kernel::MatmulOp::create(
          lowering.builder, lowering.loc(), input,
          sliceFirst(lowering, weight, panel,
                     layout->panelsBefore(group + 1, matrix) - panel),
          bias ? sliceFirst(lowering, bias, column, columns) : Value(), output,
          activationOf(op));
      column += columns;
    }
  });
  return success();
}

/// y[…, d] = table[ids[…] / NR, d, ids[…] mod NR]: a row of a table that lies
/// in a product's panels.
LogicalResult lowerEmbed(nn::EmbedOp op, FunctionLowering &lowering) {
  std::optional<kernel::PackedLayout> layout = panelsOf(op.getTable());
  if (!layout)
    return lowerToLinalg(op, lowering);
  Location loc = lowering.loc();
  lowering.forRows(op, false, [&](Value row) {
    View ids = lowering.view(op.getIds(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    Value table = lowering.view(op.getTable(), nullptr).memref;
    unsigned leading = ids.axes.size();
    y = collapseFrom(lowering, y, leading, "columns");
    Value panel = lowering.constantIndex(layout->panel);
    generic(lowering, ids, y, {}, [&](OpBuilder &inner, ValueRange scalars) {
      Value id = arith::IndexCastOp::create(inner, loc, inner.getIndexType(),
                                            scalars[0]);
      Value at[] = {arith::DivUIOp::create(inner, loc, id, panel),
                    linalg::IndexOp::create(inner, loc, leading),
                    arith::RemUIOp::create(inner, loc, id, panel)};
      return asF32(inner, loc, memref::LoadOp::create(inner, loc, table, at));
    });
  });
  return success();
}

/// One kernel.norm over all lines.
LogicalResult lowerNorm(Operation *op, bool centered, Value input, Value scale,
                        Value shift, FloatAttr eps,
                        FunctionLowering &lowering) {
  auto type = cast<RankedTensorType>(input.getType());
  bool fits = getElementTypeOrSelf(scale).isF32() && type.getRank() > 1 &&
              !type.isDynamicDim(type.getRank() - 1);
  if (!fits)
    return lowerToLinalg(op, lowering);
  bool rowByRow = lowering.formOf(type) == FunctionLowering::Form::Flat;
  lowering.forRows(op, rowByRow, [&](Value row) {
    View x = lowering.view(input, row),
         y = lowering.resultView(op->getOpResult(0), row);
    unsigned kept = x.axes.size() - 1;
    kernel::NormOp::create(
        lowering.builder, lowering.loc(),
        centered ? lowering.builder.getUnitAttr() : UnitAttr(),
        asMatrix(lowering, x, kept), lowering.view(scale, nullptr).memref,
        shift ? lowering.view(shift, nullptr).memref : Value(),
        asMatrix(lowering, y, kept), eps);
  });
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// What a mask says about where keys begin and end: the keys that query i
/// admits are i + begin … i + end − 1, as far as they go.
struct KeyRange {
  std::optional<int64_t> begin, end;
  /// The mask says nothing else.
  bool exact = true;
};

/// Reads one condition: j ≤ i, j < i, i − j < w, i − j ≤ w.
void readCondition(Value condition, Block &block, KeyRange &range) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>()) {
    readCondition(both.getLhs(), block, range);
    readCondition(both.getRhs(), block, range);
    return;
  }
  using Predicate = arith::CmpIPredicate;
  Value i = block.getArgument(2), j = block.getArgument(3);
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  auto is = [&](Value lhs, Value rhs, Predicate strict, Predicate orEqual) {
    return compare && compare.getLhs() == lhs && compare.getRhs() == rhs &&
           (compare.getPredicate() == strict ||
            compare.getPredicate() == orEqual);
  };
  if (is(j, i, Predicate::slt, Predicate::sle) ||
      is(i, j, Predicate::sgt, Predicate::sge)) {
    bool strict = compare.getPredicate() == Predicate::slt ||
                  compare.getPredicate() == Predicate::sgt;
    range.end = std::min(range.end.value_or(1), int64_t{strict ? 0 : 1});
    return;
  }
  APInt width;
  auto distance = compare ? compare.getLhs().getDefiningOp<arith::SubIOp>()
                          : arith::SubIOp();
  if (distance && distance.getLhs() == i && distance.getRhs() == j &&
      is(distance, compare.getRhs(), Predicate::slt, Predicate::sle) &&
      matchPattern(compare.getRhs(), m_ConstantInt(&width))) {
    bool strict = compare.getPredicate() == Predicate::slt;
    int64_t begin = (strict ? 1 : 0) - width.getSExtValue();
    range.begin = std::max(range.begin.value_or(begin), begin);
    return;
  }
  range.exact = false;
}

KeyRange keyRangeOf(Region &mask) {
  KeyRange range;
  if (!mask.empty())
    readCondition(mask.front().getTerminator()->getOperand(0), mask.front(),
                  range);
  return range;
}

/// A region over so many indices, with what `body` gives as its values.
void buildRegion(FunctionLowering &lowering, Region &region, unsigned indices,
                 function_ref<SmallVector<Value>(ValueRange)> body) {
  OpBuilder &builder = lowering.builder;
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(
      &region, {}, SmallVector<Type>(indices, builder.getIndexType()),
      SmallVector<Location>(indices, lowering.loc()));
  kernel::YieldOp::create(builder, lowering.loc(), body(block->getArguments()));
}

/// keys: from i + begin, or 0, up to i + end, or all.
void buildKeyRange(FunctionLowering &lowering, const KeyRange &range,
                   Region &region) {
  if (!range.begin && !range.end)
    return;
  buildRegion(lowering, region, 3, [&](ValueRange arguments) {
    auto from = [&](std::optional<int64_t> distance,
                    int64_t otherwise) -> Value {
      if (!distance)
        return lowering.constantIndex(otherwise);
      return arith::AddIOp::create(lowering.builder, lowering.loc(),
                                   arguments[2],
                                   lowering.constantIndex(*distance));
    };
    constexpr int64_t unlimited = int64_t(1) << 40;
    return SmallVector<Value>{from(range.begin, 0), from(range.end, unlimited)};
  });
}

/// Heads `first` … `first + count − 1` of [tokens, heads, depth]; one head
/// without its axis where `count` is 0.
Value sliceHeads(FunctionLowering &lowering, Value cube, Value first,
                 int64_t count) {
  OpBuilder &builder = lowering.builder;
  auto type = cast<MemRefType>(cube.getType());
  int64_t depth = type.getDimSize(2);
  SmallVector<OpFoldResult>
      offsets = {builder.getIndexAttr(0), first, builder.getIndexAttr(0)},
      strides(3, builder.getIndexAttr(1)),
      extents = {memref::getMixedSize(builder, lowering.loc(), cube, 0),
                 builder.getIndexAttr(std::max<int64_t>(count, 1)),
                 builder.getIndexAttr(depth)};
  if (count)
    return memref::SubViewOp::create(builder, lowering.loc(), cube, offsets,
                                     extents, strides);
  auto oneHead = memref::SubViewOp::inferRankReducedResultType(
      {type.getDimSize(0), depth}, type, offsets, extents, strides);
  return memref::SubViewOp::create(builder, lowering.loc(),
                                   cast<MemRefType>(oneHead), cube, offsets,
                                   extents, strides);
}

/// One kernel.attention a row and key head, all of them in parallel.
LogicalResult lowerAttention(nn::AttentionOp op, FunctionLowering &lowering) {
  auto queries = cast<RankedTensorType>(op.getQ().getType()),
       keys = cast<RankedTensorType>(op.getK().getType());
  if (!lowering.sizes.hasRows(queries) || !lowering.sizes.hasRows(keys))
    return lowerToLinalg(op, lowering);
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  OpResult result = op->getOpResult(0);
  int64_t keyHeads = keys.getDimSize(2),
          shared = queries.getDimSize(2) / keyHeads;
  lowering.resultView(result, nullptr); // fetched once, outside of the tasks
  Value rows = kernel::SizeOp::create(builder, loc, lowering.frame(),
                                      lowering.sizes.rows());
  Value heads = lowering.constantIndex(keyHeads);
  auto parallel = kernel::ParallelOp::create(
      builder, loc, lowering.frame(),
      arith::MulIOp::create(builder, loc, rows, heads));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&parallel.getBody().front());
  Value task = parallel.getIndex();
  Value row = arith::DivUIOp::create(builder, loc, task, heads),
        keyHead = arith::RemUIOp::create(builder, loc, task, heads);
  Value head = arith::MulIOp::create(builder, loc, keyHead,
                                     lowering.constantIndex(shared));
  auto view = [&](Value value) { return lowering.view(value, row).memref; };
  Value position = lowering.heldBefore(nn::axesOf(op.getQ()).axisName(1), row);
  auto lowered = kernel::AttentionOp::create(
      builder, loc, sliceHeads(lowering, view(op.getQ()), head, shared),
      sliceHeads(lowering, view(op.getK()), keyHead, 0),
      sliceHeads(lowering, view(op.getV()), keyHead, 0),
      sliceHeads(lowering, lowering.resultView(result, row).memref, head,
                 shared),
      row, head, position, op.getScaleAttr());
  KeyRange range = keyRangeOf(op.getMask());
  buildKeyRange(lowering, range, lowered.getKeys());
  auto pairRegion = [&](Region &from, Region &to) {
    buildRegion(lowering, to, 4, [&](ValueRange pair) {
      return SmallVector<Value>{evaluatePair(lowering, from, pair)};
    });
  };
  if (!range.exact)
    pairRegion(op.getMask(), lowered.getMask());
  if (!op.getBias().empty())
    pairRegion(op.getBias(), lowered.getBias());
  return success();
}

LogicalResult lowerToKernel(Operation *op, FunctionLowering &lowering) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](nn::LinearOp linear) { return lowerLinear(linear, lowering); })
      .Case([&](nn::EmbedOp embed) { return lowerEmbed(embed, lowering); })
      .Case([&](nn::LayerNormOp norm) {
        return lowerNorm(norm, true, norm.getX(), norm.getWeight(),
                         norm.getBias(), norm.getEpsAttr(), lowering);
      })
      .Case([&](nn::RmsNormOp norm) {
        return lowerNorm(norm, false, norm.getX(), norm.getWeight(), Value(),
                         norm.getEpsAttr(), lowering);
      })
      .Case([&](nn::AttentionOp attention) {
        return lowerAttention(attention, lowering);
      })
      .Default(
          [&](Operation *other) { return lowerToLinalg(other, lowering); });
}

struct NNToKernel : heddle::conversion::impl::NNToKernelBase<NNToKernel> {
  void runOnOperation() override {
    if (failed(lowerModule(getOperation(), lowerToKernel)))
      signalPassFailure();
  }
};

} // namespace
