//===- NNToKernelLinear.cpp - products and tables in panels ---------------===//
//
// nn.linear as kernel.matmul where nn-assign-layouts put the weight in panels,
// and rows of tables that lie in a product's panels.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToKernel.h"
#include "compiler/conversion/PanelWeight.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

static constexpr auto linearKernelRemarks =
    remark::RemarkOpts::name("matmul-kernel").category("nn-to-kernel");

/// Elements `first` … `first + count − 1` along the first axis.
static Value sliceFirst(FunctionLowering &lowering, Value memref, int64_t first,
                        int64_t count) {
  View whole{memref, {}};
  whole.axes.resize(whole.type().getRank());
  return whole.slice(lowering, first, count).memref;
}

/// Whether the tensor lies row after row in dense blocks: each row is a matrix
/// then, and the whole is none.
static bool isFlat(Value value, FunctionLowering &lowering) {
  return lowering.formOf(cast<RankedTensorType>(value.getType())) ==
         FunctionLowering::Form::Flat;
}

/// What kernel.matmul needs to know of integer panels: those of one group, to
/// which the checkpoint's order no longer matters.
static kernel::LayoutAttr integersOf(kernel::PackedLayout layout,
                                     MLIRContext *context) {
  if (!kernel::isQuantised(layout.type))
    return kernel::LayoutAttr();
  return kernel::LayoutAttr::get(
      context,
      kernel::PackedLayout::ofProduct(layout.type, false, {}, layout.paired));
}

void conversion::lowerNarrowToKernel(nn::NarrowOp op,
                                     FunctionLowering &lowering) {
  auto type = cast<RankedTensorType>(op.getType());
  auto dynamic = dyn_cast<nn::DynamicType>(type.getElementType());
  IntegerAttr group;
  if (dynamic && dynamic.getGroup() != nn::DynamicType::kRow)
    group = lowering.builder.getI64IntegerAttr(dynamic.getGroup());
  lowering.forRows(op, isFlat(op.getX(), lowering), [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    unsigned kept = x.axes.size() - op.getContracts();
    kernel::NarrowOp::create(
        lowering.builder, lowering.loc(), asMatrix(lowering, x, kept),
        asMatrix(lowering, y, kept), group, dynamic && dynamic.getWide());
  });
}

/// What the epilogue reads beside the sums: a matrix like the result, a vector
/// over its columns, or a number.
static Value epilogueOperand(nn::LinearOp op, Value other, Value row,
                             unsigned kept, FunctionLowering &lowering) {
  if (other.getType() == op.getResultTypes()[0])
    return asMatrix(lowering, lowering.view(other, row), kept);
  View vector = lowering.view(other, nullptr);
  return vector.axes.empty() ? vector.memref
                             : vector.collapseFrom(lowering, 0, "out").memref;
}

/// The same region, with the other dialect's terminator.
static void copyEpilogue(nn::LinearOp from, kernel::MatmulOp to) {
  if (!from.hasEpilogue())
    return;
  IRMapping mapping;
  from.getEpilogue().cloneInto(&to.getEpilogue(), mapping);
  Operation *yield = to.getEpilogue().front().getTerminator();
  OpBuilder builder(yield);
  kernel::YieldOp::create(builder, yield->getLoc(), yield->getOperands());
  yield->erase();
}

/// Results that nothing reads are not computed.
static void remarkOnUnused(nn::LinearOp op) {
  for (OpResult result : op->getOpResults())
    if (result.use_empty())
      remark::passed(op.getLoc(), linearKernelRemarks)
          << remark::add("result {0} of a product is read by nothing, and not "
                         "computed",
                         result.getResultNumber());
}

/// One kernel.matmul a result: each begins a panel. A paired product is one of
/// twice as many columns.
LogicalResult conversion::lowerLinearToKernel(nn::LinearOp op,
                                              FunctionLowering &lowering) {
  std::optional<kernel::PackedLayout> layout = panelsOf(op.getWeight());
  if (!layout)
    return failure();
  auto weightType = cast<RankedTensorType>(op.getWeight().getType());
  kernel::MatrixShape matrix = layout->matrix(weightType.getShape());
  bool rowByRow = isFlat(op.getX(), lowering) ||
                  llvm::any_of(op.getResults(), [&](Value result) {
                    return isFlat(result, lowering);
                  });
  kernel::LayoutAttr integers = integersOf(*layout, op.getContext());
  IntegerAttr inputs = integers
                           ? lowering.builder.getI64IntegerAttr(matrix.inputs)
                           : IntegerAttr();
  auto dynamic = dyn_cast<nn::DynamicType>(getElementTypeOrSelf(op.getX()));
  bool isWide = dynamic && dynamic.getWide();
  remarkOnUnused(op);
  lowering.forRows(op, rowByRow, [&](Value row) {
    View x = lowering.view(op.getX(), row);
    unsigned kept = x.axes.size() - op.getContracts();
    Value input = asMatrix(lowering, x, kept);
    Value weight = lowering.view(op.getWeight(), nullptr).memref, bias;
    if (op.getBias())
      bias = lowering.view(op.getBias(), nullptr).memref;
    SmallVector<Value> others;
    for (Value other : op.getOthers())
      others.push_back(epilogueOperand(op, other, row, kept, lowering));
    int64_t column = 0;
    for (OpResult result : op->getOpResults()) {
      unsigned group = result.getResultNumber();
      int64_t columns = op.getGroupSize(group) * op.getSumCount();
      if (result.use_empty()) {
        column += columns;
        continue;
      }
      int64_t panel = layout->panelsBefore(group, matrix);
      Value output = asMatrix(lowering, lowering.resultView(result, row), kept);
      auto product = kernel::MatmulOp::create(
          lowering.builder, lowering.loc(), op.getPaired(), input,
          sliceFirst(lowering, weight, panel,
                     layout->panelsBefore(group + 1, matrix) - panel),
          bias ? sliceFirst(lowering, bias, column, columns) : Value(), others,
          output, integers, inputs, isWide);
      copyEpilogue(op, product);
      column += columns;
    }
  });
  return success();
}
