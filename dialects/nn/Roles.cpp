//===- Roles.cpp - what operands are to their ops -------------------------===//

#include "dialects/nn/Roles.h"
#include "dialects/nn/NN.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

OperandRole nn::roleOf(OpOperand &use) {
  auto op = dyn_cast<OperandRoleOpInterface>(use.getOwner());
  return op ? op.roleOfOperand(use.getOperandNumber()) : OperandRole::Data;
}

/// A product with one vector does not read its weight in panels.
OperandRole LinearOp::roleOfOperand(unsigned number) {
  bool hasTokens =
      axesOf(getX()).rank() > static_cast<unsigned>(getContracts());
  if (number == 1)
    return hasTokens ? OperandRole::Factor : OperandRole::Data;
  return number == 2 && getBias() ? OperandRole::Shift : OperandRole::Data;
}

OperandRole EmbedOp::roleOfOperand(unsigned number) {
  return number == 1 ? OperandRole::Table : OperandRole::Data;
}

/// Of a norm. A weight that is added to an offset of 1 is near 0.
template <typename Op> static OperandRole roleInNorm(Op op, unsigned number) {
  Value operand = op->getOperand(number);
  if (operand == op.getX() || operand == op.getResidual())
    return OperandRole::Data;
  return operand == op.getWeight() && op.getOffset().isZero()
             ? OperandRole::Scale
             : OperandRole::Shift;
}

OperandRole RmsNormOp::roleOfOperand(unsigned number) {
  return roleInNorm(*this, number);
}

OperandRole LayerNormOp::roleOfOperand(unsigned number) {
  return roleInNorm(*this, number);
}

/// x, weight, bias, mean, variance.
OperandRole BatchNormOp::roleOfOperand(unsigned number) {
  if (number == 1 || number == 4)
    return OperandRole::Scale;
  return number == 0 ? OperandRole::Data : OperandRole::Shift;
}

OperandRole ConvOp::roleOfOperand(unsigned number) {
  return number == 2 && getBias() ? OperandRole::Shift : OperandRole::Data;
}

/// q, k, v, then a sink and a vector.
OperandRole AttentionOp::roleOfOperand(unsigned number) {
  if (number > 2)
    return OperandRole::Data;
  return number == 0 ? OperandRole::Rows : OperandRole::MixedRows;
}

OperandRole DotOp::roleOfOperand(unsigned) { return OperandRole::MixedRows; }
