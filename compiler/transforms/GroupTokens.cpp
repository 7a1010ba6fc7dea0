//===- GroupTokens.cpp - routed blocks on the tokens that chose them ------===//
//
// Enters: an nn module. Leaves: nn.route … grouped where its block treats
// every token by itself: the block then runs on the tokens that chose it, as
// many lines as there are, and not on all of them.
//
// Such a block computes lines of static length from lines alone, so that its
// code need not know which row of the batch a line belongs to.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/SizeTable.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_GROUPTOKENS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

static constexpr auto groupTokensRemarks =
    remark::RemarkOpts::name("grouped-tokens").category("nn-group-tokens");

namespace {

/// Whether values of `type` are lines of tokens, or hold nothing by token.
bool isByToken(Type type, ArrayRef<StringAttr> tokens) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.hasStaticShape())
    return true;
  ArrayRef<StringAttr> names = axesOf(tensor).getNames();
  return names.size() >= tokens.size() &&
         names.take_front(tokens.size()) == tokens &&
         !llvm::any_of(tensor.getShape().drop_front(tokens.size()),
                       ShapedType::isDynamic);
}

/// Whether every line of the results is computed from the operands' lines of
/// the same token. All axes of a block's input but the last are `tokens`.
bool keepsTokensApart(Operation *op, ArrayRef<StringAttr> tokens) {
  auto isLines = [&](Type type) { return isByToken(type, tokens); };
  return computesFromOperands(op) &&
         llvm::all_of(op->getOperandTypes(), isLines) &&
         llvm::all_of(op->getResultTypes(), isLines) &&
         llvm::all_of(tokens, [&](StringAttr axis) {
           return dependenceAlong(op, axis) == Dependence::Own;
         });
}

/// Whether all of `type` but its last axis is one dimension of memory, as long
/// as what is routed.
bool isLines(RankedTensorType type, const SizeTable &sizes) {
  unsigned tokens = type.getRank() - 1;
  if (type.isDynamicDim(tokens))
    return false;
  if (tokens == 1)
    return type.isDynamicDim(0) && sizes.axis(type, 0).asName();
  return tokens == 2 && sizes.hasRows(type) &&
         sizes.isRagged(sizes.axis(type, 1)) && sizes.axis(type, 1).asName();
}

/// Why the block must run on all tokens, or nothing.
std::string refusal(RouteOp route, func::FuncOp block, const SizeTable &sizes) {
  RankedTensorType x = route.getX().getType();
  if (!isLines(x, sizes))
    return "tokens are no lines one after another";
  for (Operation &op : block.getBody().front())
    if (!keepsTokensApart(&op, axesOf(x).getNames().drop_back()))
      return ("a token's result may depend on others through " +
              op.getName().getStringRef())
          .str();
  return {};
}

struct GroupTokens : heddle::transforms::impl::GroupTokensBase<GroupTokens> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    SizeTable sizes(getOperation());
    getOperation().walk([&](RouteOp route) {
      auto block = getOperation().lookupSymbol<func::FuncOp>(route.getCallee());
      std::string reason = refusal(route, block, sizes);
      if (!reason.empty()) {
        remark::missed(route.getLoc(), groupTokensRemarks)
            << "runs on all tokens" << remark::reason("{0}", reason);
        return;
      }
      route.setGrouped(true);
      remark::passed(route.getLoc(), groupTokensRemarks)
          << "runs each block on the tokens that chose it";
    });
  }
};

} // namespace
