//===- NNToKernelLinear.cpp - products and tables in panels ---------------===//
//
// nn.linear as kernel.matmul where nn-assign-layouts put the weight in panels,
// and rows of tables that lie in a product's panels.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToKernel.h"
#include "compiler/conversion/NNToLinalg.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// The panels that a weight lies in; none if it is packed plain.
static std::optional<kernel::PackedLayout> panelsOf(Value weight) {
  Operation *op = weight.getDefiningOp();
  auto layout = op ? op->getAttrOfType<kernel::LayoutAttr>("layout")
                   : kernel::LayoutAttr();
  if (!layout)
    return std::nullopt;
  return layout.getLayout();
}

/// Elements `first` … `first + count − 1` along the first axis.
static Value sliceFirst(FunctionLowering &lowering, Value memref, int64_t first,
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

static kernel::Activation activationOf(nn::LinearOp op) {
  if (!op.getActivation())
    return kernel::Activation::None;
  auto same =
      kernel::symbolizeActivation(nn::stringifyActivation(*op.getActivation()));
  assert(same && "the dialects' activations have the same names");
  return *same;
}

/// One kernel.matmul a result: each begins a panel. A gated product is one of
/// twice as many columns.
LogicalResult conversion::lowerLinearToKernel(nn::LinearOp op,
                                              FunctionLowering &lowering) {
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
    Value residual;
    if (op.getResidual())
      residual = asMatrix(lowering, lowering.view(op.getResidual(), row), kept);
    int64_t column = 0;
    for (OpResult result : op->getOpResults()) {
      unsigned group = result.getResultNumber();
      int64_t columns = op.getGroupSize(group) * (op.getGated() ? 2 : 1);
      int64_t panel = layout->panelsBefore(group, matrix);
      Value output = asMatrix(lowering, lowering.resultView(result, row), kept);
      kernel::MatmulOp::create(
          lowering.builder, lowering.loc(), op.getGated(), input,
          sliceFirst(lowering, weight, panel,
                     layout->panelsBefore(group + 1, matrix) - panel),
          bias ? sliceFirst(lowering, bias, column, columns) : Value(),
          residual, output, activationOf(op), kernel::LayoutAttr(),
          IntegerAttr());
      column += columns;
    }
  });
  return success();
}

/// y[…, d] = table[ids[…] / NR, d, ids[…] mod NR]: a row of a table that lies
/// in a product's panels.
LogicalResult conversion::lowerEmbedToKernel(nn::EmbedOp op,
                                             FunctionLowering &lowering) {
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
