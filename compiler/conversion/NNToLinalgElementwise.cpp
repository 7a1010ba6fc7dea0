//===- NNToLinalgElementwise.cpp - reference lowering, elementwise --------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToLinalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

/// Truth values lie in memory as bytes.
static bool isTruth(Value tensor) {
  return getElementTypeOrSelf(tensor).isInteger(1);
}

static void lowerElementwise(nn::ElementwiseOpInterface op,
                             FunctionLowering &lowering) {
  Location loc = lowering.loc();
  lowering.forRows(op, false, [&](Value row) {
    SmallVector<View> inputs;
    for (Value operand : op->getOperands())
      inputs.push_back(lowering.view(operand, row));
    generic(lowering, inputs, lowering.resultView(op->getOpResult(0), row), {},
            [&](OpBuilder &inner, ValueRange scalars) -> Value {
              SmallVector<Value> elements(scalars.take_front(inputs.size()));
              for (auto [element, operand] :
                   llvm::zip(elements, op->getOperands()))
                if (isTruth(operand))
                  element = asTruth(inner, loc, element);
              Value y = op.emitScalar(inner, loc, elements);
              if (!isTruth(op->getResult(0)))
                return y;
              return arith::ExtUIOp::create(inner, loc, inner.getI8Type(), y);
            });
  });
}

void heddle::conversion::populateElementwiseToLinalg(
    LoweringPatterns &patterns) {
  patterns.addInterface<nn::ElementwiseOpInterface>(lowerElementwise);
}
