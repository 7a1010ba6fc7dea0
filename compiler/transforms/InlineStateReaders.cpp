//===- InlineStateReaders.cpp - nn-inline-state-readers -------------------===//
//
// Enters: an nn module, whose blocks have what fusion makes of them. Leaves: no
// nn.call in an entry that hands a block what the entry reads of a state, but
// the block's ops: what they compute from the state alone meets nn-hoist-state.
// Code that several entries had in common is theirs each then.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/Inliner.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_INLINESTATEREADERS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

static constexpr auto inlineStateReadersRemarks =
    remark::RemarkOpts::name("inlined-state-reader")
        .category("nn-inline-state-readers");

namespace {

struct InlineStateReaders
    : heddle::transforms::impl::InlineStateReadersBase<InlineStateReaders> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    // What is inlined may hand the state on.
    while (CallOp call = findCall())
      inlineBlock(call);
    eraseUncalled();
  }

private:
  func::FuncOp blockOf(CallOp call) {
    return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        call, call.getCalleeAttr());
  }

  /// A call that takes what is read of a state, and was not refused before.
  CallOp findCall() {
    CallOp found;
    getOperation().walk([&](CallOp call) {
      func::FuncOp block = blockOf(call);
      bool takesState = llvm::any_of(call.getArguments(), [](Value argument) {
        return argument.getDefiningOp<StateReadOp>();
      });
      if (!takesState || refused.contains(call) || isEntry(block) ||
          block->isAncestor(call))
        return WalkResult::advance();
      found = call;
      return WalkResult::interrupt();
    });
    return found;
  }

  void inlineBlock(CallOp call) {
    InlinerInterface inliner(&getContext());
    auto clone = InlinerConfig().getCloneCallback();
    func::FuncOp block = blockOf(call);
    Location place = call.getLoc();
    if (failed(inlineCall(inliner, clone, call, block, &block.getBody(),
                          /*shouldCloneInlinedRegion=*/true))) {
      refused.insert(call);
      remark::missed(place, inlineStateReadersRemarks)
          << remark::add("block '{0}' stays a function", call.getCallee())
          << remark::reason("an absolute path cannot stand before that of a "
                            "choice");
      return;
    }
    remark::passed(place, inlineStateReadersRemarks)
        << remark::add("block '{0}' made part of an entry", call.getCallee());
    if (!llvm::is_contained(inlined, block))
      inlined.push_back(block);
    call.erase();
  }

  /// Blocks that nobody calls any more, until there are none.
  void eraseUncalled() {
    llvm::StringSet<> called;
    getOperation().walk([&](Operation *op) {
      if (FlatSymbolRefAttr callee = calleeOf(op))
        called.insert(callee.getValue());
    });
    auto isUncalled = [&](func::FuncOp block) {
      return !called.contains(block.getSymName());
    };
    auto *block = llvm::find_if(inlined, isUncalled);
    if (block == inlined.end())
      return;
    block->erase();
    inlined.erase(block);
    eraseUncalled();
  }

  llvm::SmallVector<func::FuncOp> inlined;
  llvm::DenseSet<Operation *> refused;
};

} // namespace
