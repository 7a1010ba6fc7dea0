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
    for (Block &block : blocks)
      block.walk([&](PathOpInterface op) { op.carryPathOf(path); });
  }
};

} // namespace

void nn::addInliner(NNDialect &dialect) { dialect.addInterfaces<NNInliner>(); }
