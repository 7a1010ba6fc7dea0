//===- LoweringPatterns.cpp - what each op is lowered by ------------------===//

#include "compiler/conversion/LoweringPatterns.h"
#include "compiler/conversion/FunctionLowering.h"

using namespace mlir;
using namespace heddle::conversion;

void LoweringPatterns::insert(StringRef name, Benefit benefit, Lower lower) {
  SmallVector<Pattern, 2> &ofOp = patterns[name];
  auto *next = llvm::find_if(
      ofOp, [&](const Pattern &pattern) { return pattern.benefit <= benefit; });
  assert((next == ofOp.end() || next->benefit != benefit) &&
         "an op has one lowering of each benefit");
  ofOp.insert(next, {benefit, std::move(lower)});
}

LogicalResult LoweringPatterns::lower(Operation *op,
                                      FunctionLowering &lowering) const {
  auto known = patterns.find(op->getName().getStringRef());
  if (known != patterns.end())
    for (const Pattern &pattern : known->second)
      if (succeeded(pattern.lower(op, lowering)) || lowering.hasRefused())
        return failure(lowering.hasRefused());
  for (const OfInterface &pattern : interfaces)
    if (pattern.has(op))
      return success(succeeded(pattern.lower(op, lowering)) &&
                     !lowering.hasRefused());
  return op->emitError() << "there is no lowering of " << op->getName();
}
