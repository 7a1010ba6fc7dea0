//===- ProductEnd.cpp - what a product can do to its sums -----------------===//

#include "compiler/transforms/ProductEnd.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;
using namespace heddle::transforms;

/// Ops that are looked through from a product down, or from an op up.
static constexpr size_t mostSteps = 24;

std::optional<double> transforms::numberOf(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant || axesOf(value).rank() != 0 ||
      !getElementTypeOrSelf(value).isF32())
    return std::nullopt;
  return constant.getValue().convertToDouble();
}

//===----------------------------------------------------------------------===//
// What an epilogue can read
//===----------------------------------------------------------------------===//

/// Whether every row of the product meets the same vector of f32, or one
/// number.
static bool isOfEveryRow(Value value, EpilogueOpInterface product) {
  auto weight = value.getDefiningOp<WeightOp>();
  if (!getElementTypeOrSelf(value).isF32() || (weight && weight.getStored()))
    return false;
  auto names = axesOf(value).getNames();
  // Convolutions read no numbers.
  return names == product.getColumnAxes() ||
         (names.empty() && isa<LinearOp>(product));
}

/// Why a product cannot read `value` beside `sum`, or nothing.
static StringRef refusalOfOther(Value value, OpResult sum) {
  auto product = cast<EpilogueOpInterface>(sum.getOwner());
  if (!getElementTypeOrSelf(value).isF32())
    return "the other operand is no f32";
  if (value.getType() != sum.getType() && !isOfEveryRow(value, product))
    return "the other operand is repeated along an axis";
  if (!product.takesOthers())
    return "the product is no matrix product of f32 rows";
  return {};
}

//===----------------------------------------------------------------------===//
// From products down
//===----------------------------------------------------------------------===//

bool ProductEnd::isWithin(Value value) const {
  return llvm::is_contained(sums, value) ||
         llvm::is_contained(steps, value.getDefiningOp());
}

/// Of the ops that read the sums or a step and are none, the first.
static Operation *nextReader(const ProductEnd &end) {
  Operation *next = nullptr;
  auto look = [&](Value value) {
    for (Operation *user : value.getUsers()) {
      // What stands in a loop within is no op of this block.
      while (user->getBlock() != end.sums.front().getOwner()->getBlock())
        user = user->getParentOp();
      if (!llvm::is_contained(end.steps, user) &&
          (!next || user->isBeforeInBlock(next)))
        next = user;
    }
  };
  llvm::for_each(end.sums, look);
  for (ElementwiseOpInterface step : end.steps)
    look(step->getResult(0));
  return next;
}

/// Whether nothing but steps reads the sums, and steps but the last.
static bool isClosed(const ProductEnd &end) {
  auto isRead = [&](Operation *user) {
    return llvm::is_contained(end.steps, user);
  };
  return llvm::all_of(end.sums,
                      [&](OpResult sum) {
                        return llvm::all_of(sum.getUsers(), isRead);
                      }) &&
         llvm::all_of(ArrayRef(end.steps).drop_back(),
                      [&](ElementwiseOpInterface step) {
                        return llvm::all_of(step->getUsers(), isRead);
                      });
}

/// Why `op` cannot be the next step, or nothing.
static StringRef addStep(ProductEnd &end, ElementwiseOpInterface op) {
  OpResult sum = end.sums.front();
  if (op->getResult(0).getType() != sum.getType() ||
      !getElementTypeOrSelf(sum).isF32())
    return "the product is repeated along an axis";
  for (Value operand : op->getOperands()) {
    if (end.isWithin(operand) || numberOf(operand))
      continue;
    if (StringRef reason = refusalOfOther(operand, sum); !reason.empty())
      return reason;
    end.others.insert(operand);
  }
  end.steps.push_back(op);
  return {};
}

FoundEnd transforms::endOf(ArrayRef<OpResult> sums) {
  FoundEnd found;
  ProductEnd &end = found.end;
  end.sums.assign(sums.begin(), sums.end());
  if (sums.front().getType() != sums.back().getType()) {
    found.reason = "the products differ in their axes";
    return found;
  }
  while (end.steps.size() < mostSteps) {
    Operation *reader = nextReader(end);
    auto step = dyn_cast_if_present<ElementwiseOpInterface>(reader);
    if (!step) {
      found.reason = ProductEnd::readElsewhere;
      return found;
    }
    found.reason = addStep(end, step);
    if (!found.reason.empty() || isClosed(end))
      return found;
  }
  found.reason = ProductEnd::readElsewhere;
  return found;
}

//===----------------------------------------------------------------------===//
// From an op up
//===----------------------------------------------------------------------===//

SmallVector<OpResult> transforms::productsBehind(ElementwiseOpInterface op) {
  llvm::SmallSetVector<OpResult, 4> found;
  SmallVector<Operation *> stack = {op};
  for (size_t steps = 0; !stack.empty() && steps < mostSteps; ++steps) {
    Operation *step = stack.pop_back_val();
    // The last operand is taken from the stack first.
    for (Value operand : step->getOperands()) {
      Operation *above = operand.getDefiningOp();
      if (!above || above->getBlock() != op->getBlock())
        continue;
      if (isa<ElementwiseOpInterface>(above))
        stack.push_back(above);
    }
    for (Value operand : llvm::reverse(step->getOperands()))
      if (isa_and_present<EpilogueOpInterface>(operand.getDefiningOp()) &&
          operand.getDefiningOp()->getBlock() == op->getBlock())
        found.insert(cast<OpResult>(operand));
  }
  return found.takeVector();
}

//===----------------------------------------------------------------------===//
// Into an epilogue
//===----------------------------------------------------------------------===//

Value ProductEnd::emit(IRMapping elements, OpBuilder &builder) {
  for (ElementwiseOpInterface step : steps) {
    SmallVector<Value> operands;
    for (Value operand : step->getOperands()) {
      if (std::optional<double> number = numberOf(operand))
        operands.push_back(arith::ConstantOp::create(
            builder, step->getLoc(), builder.getF32FloatAttr(*number)));
      else
        operands.push_back(elements.lookup(operand));
    }
    elements.map(step->getResult(0),
                 step.emitScalar(builder, step->getLoc(), operands));
  }
  return elements.lookup(last()->getResult(0));
}
