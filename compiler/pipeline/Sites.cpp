//===- Sites.cpp - the ops that a profile tells apart ---------------------===//
//
// An op that computes is a site. Its work is a polynomial in the sizes of a
// call, so that the runtime can set it against the time it took:
//
//   linear     2·M·K·N multiplications and additions; the bytes of its weight
//   attention  2·pairs·(depth of keys + depth of values), where a causal mask
//              admits fewer pairs; the bytes of keys and values
//   others     the bytes of operands and results
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Sites.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Places.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;
using codegen::ElementType;
using codegen::ProgramSite;
using nn::SizeExpr;

//===----------------------------------------------------------------------===//
// The work of an op
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static ElementType arithmeticOf(Type element) {
  if (isa<nn::DynamicType>(element))
    return ElementType::I8;
  return element.isF32() ? ElementType::F32 : ElementType::BF16;
}

namespace {

class Work {
public:
  explicit Work(const nn::SizeTable &sizes) : sizes(sizes) {}

  void measure(nn::LinearOp op, ProgramSite &site) const {
    for (Value result : op.getResults())
      site.flops += sizes.elements(typeOf(result)) *
                    SizeExpr((op.getGated() ? 4 : 2) * op.getInputSize());
    site.bytes = weightBytes(op.getWeight());
    site.arithmetic = arithmeticOf(typeOf(op.getX()).getElementType());
  }

  void measure(nn::AttentionOp op, ProgramSite &site) const {
    // Rows times heads times both depths: what one query costs with one key.
    RankedTensorType q = typeOf(op.getQ()), k = typeOf(op.getK());
    SizeExpr queries = sizes.axis(q, 1), keys = sizes.axis(k, 1);
    int64_t depths = q.getDimSize(3) + typeOf(op.getResult()).getDimSize(3);
    SizeExpr perPair = sizes.axis(q, 0) * sizes.axis(q, 2) * SizeExpr(depths);
    SizeExpr pairs = queries * keys;
    // The i-th of T new tokens does not see the T − 1 − i after it.
    if (!nn::admitsLaterKey(op.getMask()))
      pairs = pairs - *(queries * queries - queries).dividedBy(SizeExpr(2));
    site.flops = perPair * pairs * SizeExpr(2);
    site.bytes = sizes.bytes(k) + sizes.bytes(typeOf(op.getV()));
  }

  void measure(nn::ConvOp op, ProgramSite &site) const {
    RankedTensorType filters = typeOf(op.getWeight());
    int64_t window = filters.getNumElements() / filters.getDimSize(0);
    site.flops = sizes.elements(typeOf(op.getResult())) * SizeExpr(2 * window);
    measure(op.getOperation(), site);
  }

  void measure(nn::DotOp op, ProgramSite &site) const {
    RankedTensorType a = typeOf(op.getA());
    SizeExpr terms = sizes.axis(a, nn::axesOf(a).find(op.getAxis()));
    site.flops = sizes.elements(typeOf(op.getResult())) * terms * SizeExpr(2);
    measure(op.getOperation(), site);
  }

  void measure(nn::EmbedOp op, ProgramSite &site) const {
    site.bytes = sizes.bytes(typeOf(op.getResult())) * SizeExpr(2);
  }

  void measure(Operation *op, ProgramSite &site) const {
    auto add = [&](Value value) {
      if (auto type = dyn_cast<RankedTensorType>(value.getType()))
        site.bytes += sizes.bytes(type);
    };
    llvm::for_each(op->getOperands(), add);
    llvm::for_each(op->getResults(), add);
  }

private:
  SizeExpr weightBytes(Value weight) const {
    RankedTensorType type = typeOf(weight);
    Operation *op = weight.getDefiningOp();
    auto layout = op ? op->getAttrOfType<kernel::LayoutAttr>("layout")
                     : kernel::LayoutAttr();
    return layout ? SizeExpr(layout.getLayout().packedBytes(type.getShape()))
                  : sizes.bytes(type);
  }

  const nn::SizeTable &sizes;
};

} // namespace

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

/// Structure costs nothing by itself, and what it runs are other sites.
static bool isSite(Operation *op) {
  return isa<nn::NNDialect>(op->getDialect()) &&
         !isa<nn::SizeOp, nn::StateOp, nn::WeightOp, nn::CallOp, nn::RouteOp,
              nn::ScanOp, nn::ConstantOp>(op) &&
         !op->hasTrait<OpTrait::IsTerminator>();
}

/// What part of the tokens a run of each block is for, where that is not all:
/// grouped, E blocks share A choices a token. On average, since which block
/// runs on how many is for the data to say.
static llvm::StringMap<SizeExpr> sharesOfTokens(ModuleOp module) {
  llvm::StringMap<SizeExpr> shares;
  module.walk([&](nn::RouteOp route) {
    int64_t choices = typeOf(route.getChosen()).getShape().back();
    if (route.getGrouped())
      shares[route.getCallee()] =
          *SizeExpr(choices).dividedBy(SizeExpr(route.getCount()));
  });
  return shares;
}

std::vector<ProgramSite> pipeline::numberSites(ModuleOp module,
                                               const nn::SizeTable &sizes) {
  Builder builder(module.getContext());
  Work work(sizes);
  std::vector<ProgramSite> sites;
  llvm::StringMap<SizeExpr> shares = sharesOfTokens(module);
  for (auto function : module.getOps<func::FuncOp>())
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isSite(op))
        return WalkResult::advance();
      op->setAttr(nn::kSiteAttr, builder.getI32IntegerAttr(sites.size()));
      ProgramSite &site = sites.emplace_back();
      site.name = nameOf(op);
      llvm::TypeSwitch<Operation *>(op)
          .Case<nn::LinearOp, nn::AttentionOp, nn::ConvOp, nn::DotOp,
                nn::EmbedOp>([&](auto known) { work.measure(known, site); })
          .Default([&](Operation *other) { work.measure(other, site); });
      if (auto share = shares.find(function.getName()); share != shares.end()) {
        site.flops *= share->second;
        if (!site.bytes.isConstant())
          site.bytes *= share->second;
      }
      // What stands in a mask is part of the op.
      return WalkResult::skip();
    });
  return sites;
}
