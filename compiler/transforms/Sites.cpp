//===- Sites.cpp - the ops that a profile tells apart ---------------------===//
//
// An op that has work of its own (dialects/nn/Cost.h) is a site, so that the
// runtime can set the work against the time it took.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Sites.h"
#include "compiler/transforms/SiteLayers.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Places.h"
#include "dialects/program/Program.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace heddle;
using nn::SizeExpr;

/// Null for f32, which goes without saying.
static TypeAttr arithmeticOf(nn::Arithmetic arithmetic, Builder &builder) {
  switch (arithmetic) {
  case nn::Arithmetic::F32:
    return {};
  case nn::Arithmetic::BF16:
    return TypeAttr::get(builder.getBF16Type());
  case nn::Arithmetic::I8:
    return TypeAttr::get(builder.getI8Type());
  }
  llvm_unreachable("all kinds are listed");
}

/// Null for none.
static StringAttr workOf(const SizeExpr &work, Builder &builder) {
  return work.terms().empty() ? StringAttr()
                              : builder.getStringAttr(work.str());
}

/// `0..11` of a loop's index, or a number; nothing if it is no constant.
static std::string turnsOf(Value index) {
  if (auto number = getConstantIntValue(index))
    return std::to_string(*number);
  scf::ForOp loop = scf::getForInductionVarOwner(index);
  if (!loop)
    return "";
  auto lower = getConstantIntValue(loop.getLowerBound()),
       upper = getConstantIntValue(loop.getUpperBound());
  if (!lower || !upper)
    return "";
  return std::to_string(*lower) + ".." + std::to_string(*upper - 1);
}

/// A path with the turns of its loops: `h.0..11.mlp`.
static std::string withTurns(StringRef path, ValueRange indices) {
  std::string filled = path.str();
  for (auto [number, index] : llvm::enumerate(indices)) {
    std::string place = "{" + std::to_string(number) + "}",
                turns = turnsOf(index);
    if (size_t at = filled.find(place);
        at != std::string::npos && !turns.empty())
      filled.replace(at, place.size(), turns);
  }
  return filled;
}

/// Where the weight lies, without the word that ends it; of several in one,
/// what the others differ in: `attn.q_proj+k_proj+v_proj`.
static std::string subjectOf(nn::WeightOp weight) {
  auto stemOf = [&](unsigned part) {
    StringRef path = weight.getPartPath(part);
    path.consume_back(".weight");
    return path;
  };
  StringRef first = stemOf(0);
  std::string subject = first.str();
  for (unsigned part = 1; part < weight.getPartCount(); ++part) {
    StringRef path = stemOf(part);
    size_t common = first.rfind('.') + 1; // 0 without a dot
    path.consume_front(first.take_front(common));
    subject += "+" + path.str();
  }
  return withTurns(subject, weight.getIndices());
}

/// What an op is about: its weight, or what it appends to; or nothing.
static std::string subjectOf(Operation *op) {
  if (auto append = dyn_cast<nn::CacheAppendOp>(op))
    return withTurns(append.getPath(), append.getIndices());
  for (Value operand : op->getOperands())
    if (auto weight = operand.getDefiningOp<nn::WeightOp>())
      return subjectOf(weight);
  return "";
}

/// `layer: linear attn.c_attn [B T 3*H*K]`
static std::string nameOf(Operation *op) {
  std::string name = op->getParentOfType<func::FuncOp>().getName().str() +
                     ": " + op->getName().stripDialect().str();
  if (std::string subject = subjectOf(op); !subject.empty())
    name += " " + subject;
  if (op->getNumResults() && isa<RankedTensorType>(op->getResult(0).getType()))
    name += " [" + nn::axesOf(op->getResult(0)).str() + "]";
  return name;
}

/// What part of the tokens a run of each block is for, where that is not all:
/// grouped, E blocks share A choices a token. On average, since which block
/// runs on how many is for the data to say.
static llvm::StringMap<SizeExpr> sharesOfTokens(ModuleOp module) {
  llvm::StringMap<SizeExpr> shares;
  module.walk([&](nn::RouteOp route) {
    int64_t choices = route.getChosen().getType().getShape().back();
    if (route.getGrouped())
      shares[route.getCallee()] =
          *SizeExpr(choices).dividedBy(SizeExpr(route.getCount()));
  });
  return shares;
}

void transforms::numberSites(ModuleOp module, const nn::SizeTable &sizes,
                             OpBuilder &builder) {
  int32_t next = 0;
  llvm::StringMap<SizeExpr> shares = sharesOfTokens(module);
  SiteLayers layers(module);
  for (auto function : module.getOps<func::FuncOp>())
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      std::optional<nn::Cost> cost = nn::costOf(op, sizes);
      if (!cost)
        return WalkResult::advance();
      if (auto share = shares.find(function.getName()); share != shares.end()) {
        cost->flops *= share->second;
        if (!cost->bytes.isConstant())
          cost->bytes *= share->second;
      }
      op->setAttr(nn::kSiteAttr, builder.getI32IntegerAttr(next));
      std::optional<SiteLayer> layer = layers.of(op);
      program::SiteOp::create(
          builder, op->getLoc(), builder.getI64IntegerAttr(next++),
          builder.getStringAttr(nameOf(op)), workOf(cost->flops, builder),
          workOf(cost->bytes, builder), arithmeticOf(cost->arithmetic, builder),
          layer ? builder.getStringAttr(layer->name) : StringAttr(),
          layer && layer->from ? builder.getI64IntegerAttr(layer->from)
                               : IntegerAttr(),
          layer && !layer->counts ? builder.getUnitAttr() : UnitAttr());
      // What stands in a mask is part of the op.
      return WalkResult::skip();
    });
}
