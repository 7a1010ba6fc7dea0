//===- NNToLinalgElementwise.cpp - reference lowering, elementwise --------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToLinalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

static void lowerElementwise(nn::ElementwiseOpInterface op,
                             FunctionLowering &lowering) {
  Location loc = lowering.loc();
  lowering.forRows(op, false, [&](Value row) {
    SmallVector<View> inputs;
    for (Value operand : op->getOperands())
      inputs.push_back(lowering.view(operand, row));
    generic(lowering, inputs, lowering.resultView(op->getOpResult(0), row), {},
            [&](OpBuilder &inner, ValueRange scalars) {
              return op.emitScalar(inner, loc,
                                   scalars.take_front(inputs.size()));
            });
  });
}

void heddle::conversion::populateElementwiseToLinalg(
    LoweringPatterns &patterns) {
  patterns.addInterface<nn::ElementwiseOpInterface>(lowerElementwise);
}
