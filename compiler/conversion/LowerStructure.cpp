//===- LowerStructure.cpp - calls, loops, returns -------------------------===//

#include "compiler/conversion/FunctionLowering.h"
#include "dialects/kernel/Kernel.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

void FunctionLowering::lowerCall(nn::CallOp call) {
  SmallVector<Value> operands{framePointer};
  const nn::SlotPlace &place = tree.weightPlace(call);
  operands.push_back(kernel::CalleeSlotsOp::create(
      builder, location, weightSlots, slotIndex(place)));
  operands.push_back(cacheSlot(call));
  operands.push_back(calleeArena);
  for (Value argument : call.getArguments())
    operands.push_back(bufferOf(argument));
  for (OpResult result : call->getOpResults())
    operands.push_back(resultView(result, nullptr).memref);
  func::CallOp::create(builder, location, call.getCallee(), TypeRange(),
                       operands);
}

SmallVector<Value> FunctionLowering::setAside(Operation *loop, ValueRange next,
                                              ArrayRef<BlockArgument> carried) {
  SmallVector<Value> buffers;
  for (auto [value, argument] : llvm::zip(next, carried)) {
    bool moves = nn::liesWhereAnotherDoes(value, argument);
    buffers.push_back(
        moves ? scratch(loop, nn::asideName(argument), tensorType(argument))
              : Value());
    if (moves)
      copyRows(value, buffers.back());
  }
  return buffers;
}

LogicalResult FunctionLowering::lowerLoop(scf::ForOp loop) {
  // What is carried has one buffer for all turns; a turn ends by filling it.
  for (auto [result, init, argument] :
       llvm::zip_equal(loop->getOpResults(), loop.getInitArgs(),
                       loop.getRegionIterArgs())) {
    Value buffer = resultView(result, nullptr).memref;
    copyRows(init, buffer);
    mapping.map(Value(argument), buffer);
  }
  auto lowered = scf::ForOp::create(
      builder, location, mapping.lookup(loop.getLowerBound()),
      mapping.lookup(loop.getUpperBound()), mapping.lookup(loop.getStep()));
  mapping.map(loop.getInductionVar(), lowered.getInductionVar());
  loopIndices.push_back(lowered.getInductionVar());
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(lowered.getBody());
    if (failed(lowerBlock(*loop.getBody())))
      return failure();
    SmallVector<Value> next(loop.getYieldedValues());
    SmallVector<Value> aside = setAside(loop, next, loop.getRegionIterArgs());
    for (auto [yielded, buffer, argument] :
         llvm::zip_equal(next, aside, loop.getRegionIterArgs())) {
      if (buffer)
        copyRows(argument, buffer, bufferOf(argument));
      else if (yielded != argument && !haveOnePlace(yielded, argument))
        copyRows(yielded, bufferOf(argument));
    }
  }
  loopIndices.pop_back();
  return success();
}

void FunctionLowering::lowerReturn(func::ReturnOp op) {
  for (auto [value, result] : llvm::zip_equal(op.getOperands(), results))
    if (mapping.lookupOrNull(value) != result)
      copyRows(value, result);
}

void FunctionLowering::addStructure(LoweringPatterns &patterns) {
  patterns.add<scf::ForOp>(&FunctionLowering::lowerLoop);
  patterns.add<scf::YieldOp>([](scf::YieldOp, FunctionLowering &) {});
  patterns.add<func::ReturnOp>(&FunctionLowering::lowerReturn);
  patterns.add<nn::CallOp>(&FunctionLowering::lowerCall);
  patterns.add<nn::RouteOp>(&FunctionLowering::lowerRoute);
  patterns.add<nn::ScanOp>(&FunctionLowering::lowerScan);
  patterns.add<nn::YieldOp>([](nn::YieldOp, FunctionLowering &) {});
  patterns.add<nn::WeightOp>(&FunctionLowering::lowerWeight);
  patterns.add<nn::CacheAppendOp>(&FunctionLowering::lowerCache);
  patterns.add<nn::StateReadOp>(&FunctionLowering::lowerStateRead);
  patterns.add<nn::StateWriteOp>(&FunctionLowering::lowerStateWrite);
}
