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
#include "llvm/ADT/TypeSwitch.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_INLINEBLOCKS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

namespace {

/// `h.{0}.x` as `h.{1}.x`, where one index comes to stand before its own.
std::string shiftIndices(StringRef path, size_t by) {
  std::string shifted;
  while (true) {
    auto [before, rest] = path.split('{');
    shifted += before;
    if (before.size() == path.size())
      return shifted;
    auto [number, after] = rest.split('}');
    size_t index = 0;
    number.getAsInteger(10, index);
    shifted += "{" + std::to_string(index + by) + "}";
    path = after;
  }
}

/// A path within the block of `call`, seen from where the call is.
std::string extended(StringRef path, CallOp call) {
  return joinPaths(call.getPath(), shiftIndices(path, call.getIndices().size()),
                   /*absolute=*/false);
}

/// Puts the path and the indices of `call` before those of an op of its block.
template <typename OpTy> void extendPath(OpTy op, CallOp call) {
  op.setPath(extended(op.getPath(), call));
  SmallVector<Value> indices(call.getIndices());
  llvm::append_range(indices, op.getIndices());
  op.getIndicesMutable().assign(indices);
}

template <typename OpTy> void extendRelative(OpTy op, CallOp call) {
  if (op.getAbsolute())
    return;
  extendPath(op, call);
  op.setAbsolute(call.getAbsolute());
}

void extendParts(WeightOp weight, CallOp call) {
  if (weight.getAbsolute() || !weight.getThen())
    return;
  SmallVector<std::string> paths;
  for (Attribute path : weight.getThenAttr())
    paths.push_back(extended(cast<StringAttr>(path), call));
  weight.setThenAttr(
      Builder(weight).getStrArrayAttr(llvm::to_vector_of<StringRef>(paths)));
}

/// Whether the ops of a block can carry the call's path themselves. A
/// recurrence has no indices; neither it nor routing has absolute paths.
bool canCarryPath(func::FuncOp block, CallOp call) {
  return !block
              .walk([&](Operation *op) {
                bool cannot = (isa<ScanOp>(op) && !call.getIndices().empty()) ||
                              (isa<ScanOp, RouteOp>(op) && call.getAbsolute());
                return cannot ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}

void inlineInto(CallOp call, func::FuncOp block) {
  block.walk([&](Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](WeightOp weight) {
          extendParts(weight, call);
          extendRelative(weight, call);
        })
        .Case<CacheAppendOp, CallOp>(
            [&](auto other) { extendRelative(other, call); })
        .Case([&](RouteOp route) { extendPath(route, call); })
        .Case([&](ScanOp scan) {
          scan.setPath(joinPaths(call.getPath(), scan.getPath(), false));
        });
  });
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
