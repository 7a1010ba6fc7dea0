//===- Inline.cpp - blocks made part of their callers ---------------------===//

#include "dialects/nn/Inline.h"
#include "dialects/nn/NN.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

static CallPath pathOf(CallOp call) {
  return {call.getPath(), call.getIndices(), call.getAbsolute()};
}

/// MLIR has put the place of the call behind that of each op. The block's name
/// goes before it, so that a debugger can tell whose line that is.
static Location withName(Location place, StringAttr block, Location call) {
  auto stack = dyn_cast<CallSiteLoc>(place);
  if (!stack)
    return place;
  if (stack.getCaller() == call)
    return CallSiteLoc::get(NameLoc::get(block, stack.getCallee()), call);
  return CallSiteLoc::get(stack.getCallee(),
                          withName(stack.getCaller(), block, call));
}

namespace {

struct NNInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;

  /// Where the data choose the block, no one block stands for the call.
  bool isLegalToInline(Operation *op, Operation *callable,
                       bool) const override {
    auto call = dyn_cast<CallOp>(op);
    if (!call)
      return false;
    auto canCarry = [&](PathOpInterface within) {
      return within.canCarryPathOf(pathOf(call)) ? WalkResult::advance()
                                                 : WalkResult::interrupt();
    };
    return !callable->walk(canCarry).wasInterrupted();
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const override {
    return true;
  }
  bool isLegalToInline(Operation *, Region *, bool,
                       IRMapping &) const override {
    return true;
  }

  void processInlinedCallBlocks(
      Operation *call, iterator_range<Region::iterator> blocks) const override {
    CallPath path = pathOf(cast<CallOp>(call));
    StringAttr name = cast<CallOp>(call).getCalleeAttr().getAttr();
    for (Block &block : blocks) {
      block.walk([&](PathOpInterface op) { op.carryPathOf(path); });
      block.walk([&](Operation *op) {
        op->setLoc(withName(op->getLoc(), name, call->getLoc()));
      });
    }
  }
};

} // namespace

void nn::addInliner(NNDialect &dialect) { dialect.addInterfaces<NNInliner>(); }
