//===- RouteAndScan.cpp - calls that the data choose, and recurrences -----===//

#include "compiler/conversion/Emit.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Places.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

//===----------------------------------------------------------------------===//
// Mixture of experts
//===----------------------------------------------------------------------===//

/// Whether any element of `chosen` is `block`, from index `at` on.
static Value isChosen(Emit &e, const View &chosen, Value block,
                      SmallVector<Value> at = {}) {
  auto recurse = [&](Value index, Value soFar) {
    SmallVector<Value> next(at);
    next.push_back(index);
    Value found =
        next.size() < chosen.axes.size()
            ? isChosen(e, chosen, block, next)
            : e.compare(Emit::Predicate::eq, e.element(chosen, next), block);
    return e.either(soFar, found);
  };
  Value no = arith::ConstantIntOp::create(e.builder, e.loc, 0, 1);
  return fold(e.lowering, lengthOf(e.lowering, chosen, at.size()), no, recurse);
}

/// Every block that some token has chosen is applied to all tokens; the choices
/// of it are taken from what it gives.
void FunctionLowering::lowerRoute(nn::RouteOp route) {
  Emit e{*this};
  Value x = bufferOf(route.getX());
  View chosen = view(route.getChosen(), nullptr),
       result = resultView(route->getOpResult(0), nullptr);
  RankedTensorType type = route.getBlockResultType();
  Value given = scratch(route, 0, type);
  View tokens = viewOf(given, type, nullptr);
  auto [weightLine, cacheLine] = tree.lineOf(route.getCallee());
  Value weights = slotIndex(tree.weightPlace(route)), caches = cacheSlot(route);
  nest(*this, constantIndex(route.getCount()), [&](ValueRange turn) {
    Value block = arith::IndexCastOp::create(builder, location,
                                             builder.getI32Type(), turn[0]);
    auto used = scf::IfOp::create(builder, location, isChosen(e, chosen, block),
                                  /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&used.getThenRegion().front());
    Value line = kernel::CalleeSlotsOp::create(
        builder, location, weightSlots,
        e.plus(weights, e.times(turn[0], constantIndex(weightLine))));
    Value cache = e.plus(caches, e.times(turn[0], constantIndex(cacheLine)));
    func::CallOp::create(
        builder, location, route.getCallee(), TypeRange(),
        ValueRange{framePointer, line, cache, calleeArena, x, given});
    SmallVector<Value> bounds;
    for (unsigned axis = 0; axis < result.axes.size(); ++axis)
      bounds.push_back(lengthOf(*this, result, axis));
    nest(*this, bounds, [&](ValueRange at) {
      // result[…, choice, d] = tokens[…, d] where this block is the choice.
      SmallVector<Value> from(at.drop_back(2));
      from.push_back(at.back());
      Value mine = e.compare(Emit::Predicate::eq,
                             e.element(chosen, at.drop_back()), block);
      e.store(e.select(mine, e.load(tokens, from), e.load(result, at)), result,
              at);
    });
  });
}

//===----------------------------------------------------------------------===//
// Recurrence
//===----------------------------------------------------------------------===//

/// One step for all rows at a time. A row that has no such position takes part
/// with what it had last, and what comes of it is dropped.
LogicalResult FunctionLowering::lowerScan(nn::ScanOp scan) {
  Emit e{*this};
  Block &body = scan.getBody().front();
  unsigned inputs = scan.getInputs().size();
  auto carried = body.getArguments().drop_front(inputs);
  ValueRange yielded = body.getTerminator()->getOperands();
  auto next = yielded.take_front(carried.size());
  for (auto [argument, value] : llvm::zip_equal(carried, next))
    if (value != argument && llvm::is_contained(carried, value))
      return scan.emitError(
          "carried values change places, which is not lowered");
  Value anything = scan.getInputs().empty() ? Value(scan.getResult(0))
                                            : scan.getInputs().front();
  auto whole = cast<RankedTensorType>(anything.getType());
  if (!sizes.hasRows(whole))
    return scan.emitError("needs the rows of the batch as its first axis");
  nn::SizeExpr axis = sizes.axis(whole, 1);

  for (BlockArgument argument : body.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    Value buffer = scratch(scan, argument.getArgNumber(), type);
    mapping.map(Value(argument), buffer);
    Value zero = arith::ConstantOp::create(
        builder, location, builder.getZeroAttr(type.getElementType()));
    linalg::FillOp::create(builder, location, zero, buffer);
  }
  for (OpResult result : scan->getOpResults())
    resultView(result, nullptr);
  Value slot = cacheSlot(scan);
  auto kept = [&](BlockArgument argument, Value row) {
    Value place = e.plus(slot, constantIndex(argument.getArgNumber() - inputs));
    return keptRow(place, cast<RankedTensorType>(argument.getType()), row);
  };
  forEachRow([&](Value row) {
    for (BlockArgument argument : carried)
      copy(kept(argument, row), view(argument, row));
  });

  auto steps = scf::ForOp::create(builder, location, constantIndex(0),
                                  axisLength(axis, nullptr), constantIndex(1));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(steps.getBody());
    Value step = steps.getInductionVar();
    auto forLivingRows = [&](function_ref<void(Value)> emit) {
      forEachRow([&](Value row) {
        Value lives =
            e.compare(Emit::Predicate::ult, step, axisLength(axis, row));
        auto branch = scf::IfOp::create(builder, location, lives,
                                        /*withElseRegion=*/false);
        OpBuilder::InsertionGuard inner(builder);
        builder.setInsertionPointToStart(&branch.getThenRegion().front());
        emit(row);
      });
    };
    forLivingRows([&](Value row) {
      for (auto [number, input] : llvm::enumerate(scan.getInputs()))
        copy(elementOf(*this, view(input, row), step),
             view(body.getArgument(number), row));
    });
    if (failed(lowerBlock(body)))
      return failure();
    forLivingRows([&](Value row) {
      for (auto [result, value] : llvm::zip_equal(
               scan->getOpResults(), yielded.drop_front(carried.size())))
        copy(view(value, row), elementOf(*this, resultView(result, row), step));
      for (auto [argument, value] : llvm::zip_equal(carried, next))
        if (value != argument)
          copy(view(value, row), view(argument, row));
    });
  }
  forEachRow([&](Value row) {
    for (BlockArgument argument : carried)
      copy(view(argument, row), kept(argument, row));
  });
  return success();
}
