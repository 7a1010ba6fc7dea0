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
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/Inliner.h"
#include "mlir/Transforms/InliningUtils.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_INLINEBLOCKS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

static constexpr auto inlineBlocksRemarks =
    remark::RemarkOpts::name("inlined-block").category("nn-inline-blocks");

namespace {

StringRef reasonToStay(func::FuncOp block, CallOp call, bool isOnly) {
  if (isOnly)
    return "an absolute path cannot stand before that of a choice";
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
    InlinerInterface inliner(&getContext());
    auto splice = InlinerConfig().getCloneCallback();
    for (CallOp call : calls) {
      auto block = symbols.lookup<func::FuncOp>(call.getCallee());
      bool isOnly = callers[call.getCallee()] == 1 && !isEntry(block) &&
                    !block->isAncestor(call);
      Location place = call.getLoc();
      if (isOnly &&
          succeeded(inlineCall(inliner, splice, call, block, &block.getBody(),
                               /*shouldCloneInlinedRegion=*/false))) {
        remark::passed(place, inlineBlocksRemarks) << remark::add(
            "block '{0}' made part of its caller", call.getCallee());
        call.erase();
        block.erase();
        continue;
      }
      remark::missed(call.getLoc(), inlineBlocksRemarks)
          << remark::add("block '{0}' stays a function", call.getCallee())
          << remark::reason("{0}", reasonToStay(block, call, isOnly));
    }
  }
};

} // namespace
