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

/// x, weight, bias. What is added to an offset of 1 is near 0.
static OperandRole roleInNorm(unsigned number, const APFloat &offset) {
  if (number == 0)
    return OperandRole::Data;
  return number == 1 && offset.isZero() ? OperandRole::Scale
                                        : OperandRole::Shift;
}

OperandRole RmsNormOp::roleOfOperand(unsigned number) {
  return roleInNorm(number, getOffset());
}

OperandRole LayerNormOp::roleOfOperand(unsigned number) {
  return roleInNorm(number, getOffset());
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

OperandRole AttentionOp::roleOfOperand(unsigned number) {
  return number == 0 ? OperandRole::Rows : OperandRole::MixedRows;
}

OperandRole DotOp::roleOfOperand(unsigned) { return OperandRole::MixedRows; }
