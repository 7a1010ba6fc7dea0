//===- InlineBlocks.cpp - blocks called from one place, made part of it ---===//
//
// Enters: an nn module. Leaves: no nn.call to a block that has this call only;
// paths and indices of the call are before those of the block's ops. Code does
// not grow, and what a block takes and gives meets what the caller does with
// it: `x + feed_forward(x)` becomes an addition to a product.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_INLINEBLOCKS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

namespace {

CallPath pathOf(CallOp call) {
  return {call.getPath(), call.getIndices(), call.getAbsolute()};
}

/// Whether the ops of a block can stand under the call's path themselves.
bool canCarryPath(func::FuncOp block, CallOp call) {
  return !block
              .walk([&](PathOpInterface op) {
                return op.canCarryPathOf(pathOf(call)) ? WalkResult::advance()
                                               : WalkResult::interrupt();
              })
              .wasInterrupted();
}

void inlineInto(CallOp call, func::FuncOp block) {
  block.walk([&](PathOpInterface op) { op.carryPathOf(pathOf(call)); });
  Block &body = block.getBody().front();
  for (auto [argument, value] :
       llvm::zip_equal(body.getArguments(), call.getArguments()))
    argument.replaceAllUsesWith(value);
  Operation *end = body.getTerminator();
  call.replaceAllUsesWith(end->getOperands());
  end->erase();
  call->getBlock()->getOperations().splice(call->getIterator(),
                                           body.getOperations());
  call.erase();
  block.erase();
}

StringRef reasonToStay(func::FuncOp block, CallOp call, bool isOnly) {
  if (isOnly)
    return "its paths have no indices";
  if (block->isAncestor(call))
    return "it calls itself";
  return isEntry(block) ? "it is an entry" : "it is called from several places";
}

struct InlineBlocks : heddle::transforms::impl::InlineBlocksBase<InlineBlocks> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    SmallVector<CallOp> calls;
    llvm::StringMap<unsigned> callers;
    getOperation().walk([&](Operation *op) {
      if (auto call = dyn_cast<CallOp>(op))
        calls.push_back(call);
      if (FlatSymbolRefAttr callee = calleeOf(op))
        ++callers[callee.getValue()];
    });
    for (CallOp call : calls) {
      auto block = symbols.lookup<func::FuncOp>(call.getCallee());
      bool isOnly = callers[call.getCallee()] == 1 && !isEntry(block) &&
                    !block->isAncestor(call);
      if (isOnly && canCarryPath(block, call)) {
        call.emitRemark() << "block '" << call.getCallee()
                          << "' made part of its caller";
        inlineInto(call, block);
        continue;
      }
      call.emitRemark() << "block '" << call.getCallee()
                        << "' stays a function: "
                        << reasonToStay(block, call, isOnly);
    }
  }
};

} // namespace
