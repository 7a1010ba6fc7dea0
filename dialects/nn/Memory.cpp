//===- Memory.cpp - what an op needs of the arena -------------------------===//

#include "dialects/nn/Memory.h"
#include "dialects/kernel/Spans.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/SizeTable.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

static SizeExpr bytesOf(Type type, const SizeTable &sizes) {
  return sizes.bytes(cast<RankedTensorType>(type));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value nn::overwritableOperand(OpResult result) {
  auto op = dyn_cast<MemoryOpInterface>(result.getOwner());
  return op ? op.overwritableOperand(result) : Value();
}

bool nn::liesWhereAnotherDoes(Value next, BlockArgument argument) {
  while (auto result = dyn_cast<OpResult>(next)) {
    next = overwritableOperand(result);
    if (!next)
      return false;
  }
  auto other = cast<BlockArgument>(next);
  return other != argument && other.getOwner() == argument.getOwner();
}

std::string nn::asideName(BlockArgument argument) {
  return "aside" + std::to_string(argument.getArgNumber());
}

std::string nn::argumentName(BlockArgument argument) {
  return "argument" + std::to_string(argument.getArgNumber());
}

static void addAside(ValueRange next, ArrayRef<BlockArgument> carried,
                     const SizeTable &sizes, ScratchBuffers &buffers) {
  for (auto [value, argument] : llvm::zip(next, carried))
    if (liesWhereAnotherDoes(value, argument))
      buffers.push_back(
          {asideName(argument), bytesOf(argument.getType(), sizes)});
}

ScratchBuffers nn::scratchOf(Operation *op, const SizeTable &sizes) {
  if (auto asked = dyn_cast<MemoryOpInterface>(op))
    return asked.scratch(sizes);
  ScratchBuffers buffers;
  if (auto loop = dyn_cast<scf::ForOp>(op))
    addAside(loop.getYieldedValues(), loop.getRegionIterArgs(), sizes, buffers);
  return buffers;
}

/// The arguments of the body, and what changes places from turn to turn.
ScratchBuffers ScanOp::scratch(const SizeTable &sizes) {
  ScratchBuffers buffers;
  Block &body = getBody().front();
  for (BlockArgument argument : body.getArguments())
    buffers.push_back(
        {argumentName(argument), bytesOf(argument.getType(), sizes)});
  addAside(body.getTerminator()->getOperands(),
           body.getArguments().drop_front(getInputs().size()), sizes, buffers);
  return buffers;
}

//===----------------------------------------------------------------------===//
// Other ops
//===----------------------------------------------------------------------===//

/// A residual is added to its own sum.
Value LinearOp::overwritableOperand(OpResult) { return getResidual(); }

/// Under other names the elements stay where they are.
Value RearrangeOp::overwritableOperand(OpResult) {
  return isRenaming() ? getX() : Value();
}

/// Each element of the residual is read before that of the result is written.
Value RmsNormOp::overwritableOperand(OpResult) { return getResidual(); }

Value LayerNormOp::overwritableOperand(OpResult) { return getResidual(); }

/// The most that an axis can be; less than it is where that is not known.
static std::optional<int64_t> mostOf(const SizeExpr &axis,
                                     const SizeTable &sizes) {
  if (std::optional<int64_t> number = axis.asConstant())
    return number;
  int index = axis.asName() ? sizes.indexOf(*axis.asName()) : -1;
  if (index < 0)
    return std::nullopt;
  SizeOp size = sizes.dynamicSizes()[index];
  return size.getMax();
}

bool nn::cutsKeys(AttentionOp op, const SizeTable &sizes) {
  if (!sizes.hasRows(op.getK().getType()))
    return false;
  SizeExpr tokens = sizes.axis(op.getQ().getType(), 1);
  std::optional<int64_t> keys =
      mostOf(sizes.axis(op.getK().getType(), 1), sizes);
  if (keys && *keys <= kernel::spanKeys)
    return false;
  return tokens.asConstant().value_or(1) <= kernel::spanRows;
}

SizeExpr nn::statesOf(AttentionOp op, const SizeTable &sizes) {
  RankedTensorType keys = op.getK().getType();
  int64_t ofKey = kernel::stateFloats(op.getV().getType().getDimSize(3)) *
                  kernel::spanRows / kernel::spanKeys * keys.getDimSize(2);
  return sizes.axis(keys, 0) *
         (sizes.axis(keys, 1) + SizeExpr(kernel::spanKeys)) * SizeExpr(ofKey);
}

/// The scores of one query, or the states of spans.
ScratchBuffers AttentionOp::scratch(const SizeTable &sizes) {
  ScratchBuffers buffers{
      {"scores", sizes.axis(getK().getType(), 1) * SizeExpr(4)}};
  if (cutsKeys(*this, sizes))
    buffers.push_back({"states", statesOf(*this, sizes) * SizeExpr(4)});
  return buffers;
}

/// What the axis is reduced to on the way.
ScratchBuffers SoftmaxOp::scratch(const SizeTable &sizes) {
  SizeExpr reduced = sizes.bytes(withoutAxis(getX().getType(), getAxis()));
  return {{"largest", reduced}, {"scale", reduced}};
}

/// The filters of each phase of the result (NNToKernelConvTransposed.cpp).
ScratchBuffers ConvOp::scratch(const SizeTable &sizes) {
  if (!getTransposed())
    return {};
  return {{"filters", SizeExpr(getWeight().getType().getNumElements() * 4)}};
}

ScratchBuffers NormalizeOp::scratch(const SizeTable &sizes) {
  return {{"scale", sizes.bytes(withoutAxis(getX().getType(), getAxis()))}};
}

/// What one block gives for all tokens; where they are grouped, also the tokens
/// of one block, all choices by block, and where each block's end.
ScratchBuffers RouteOp::scratch(const SizeTable &sizes) {
  ScratchBuffers buffers{{"given", sizes.bytes(getBlockResultType())}};
  if (getGrouped())
    buffers.append({{"mine", sizes.bytes(getX().getType())},
                    {"order", sizes.bytes(getChosen().getType())},
                    {"end", SizeExpr(4 * getCount())}});
  return buffers;
}
