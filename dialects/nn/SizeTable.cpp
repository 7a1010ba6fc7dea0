//===- SizeTable.cpp - what a module says about its sizes -----------------===//

#include "dialects/nn/SizeTable.h"

using namespace mlir;
using namespace heddle::nn;

SizeTable::SizeTable(ModuleOp module) {
  for (auto size : module.getOps<SizeOp>()) {
    if (!size.isDynamic()) {
      meanings_[size.getSymName()] = size.getSame()
                                         ? SizeExpr::name(*size.getSame())
                                         : SizeExpr(*size.getValue());
      continue;
    }
    dynamic_.push_back(size);
    if (auto per = size.getPer())
      rows_ = *per;
  }
  for (auto function : module.getOps<func::FuncOp>())
    for (Type input : function.getArgumentTypes()) {
      auto type = dyn_cast<RankedTensorType>(input);
      if (rows_.empty() && type && type.getRank() > 0 &&
          function->hasAttr(NNDialect::kEntryAttr) &&
          indexOf(axesOf(type).axisName(0)) >= 0)
        rows_ = axesOf(type).axisName(0);
    }
  module.walk(
      [&](CacheAppendOp cache) { growth_[cache.getTo()] = cache.getFrom(); });
}

int SizeTable::indexOf(StringRef name) const {
  for (auto [index, size] : llvm::enumerate(dynamic_))
    if (SizeOp(size).getSymName() == name)
      return index;
  return -1;
}

bool SizeTable::isRagged(StringRef name) const {
  int index = indexOf(name);
  return index >= 0 && SizeOp(dynamic_[index]).isRagged();
}

bool SizeTable::isRagged(const SizeExpr &expr) const {
  SizeExpr meant = known(expr);
  return llvm::any_of(meant.names(),
                      [&](StringRef name) { return isRagged(name); });
}

SizeExpr SizeTable::known(const SizeExpr &expr) const {
  auto value = [&](StringRef name) -> std::optional<SizeExpr> {
    auto found = meanings_.find(name);
    return found == meanings_.end() ? std::nullopt
                                    : std::optional(found->second);
  };
  // What divides by a size of zero stays as it is.
  return expr.substitute(value).value_or(expr);
}

SizeExpr SizeTable::axis(RankedTensorType type, unsigned axis) const {
  if (!type.isDynamicDim(axis))
    return SizeExpr(type.getDimSize(axis));
  return known(axesOf(type).expr(axis));
}

SizeExpr SizeTable::elements(RankedTensorType type) const {
  SizeExpr product(1);
  for (unsigned i = 0, rank = type.getRank(); i < rank; ++i)
    product *= axis(type, i);
  return product;
}

SizeExpr SizeTable::bytes(RankedTensorType type) const {
  type = storedAs(type);
  unsigned bits = type.getElementTypeBitWidth();
  return elements(type) * SizeExpr(bits == 1 ? 1 : bits / 8);
}

bool SizeTable::liesInLines(RankedTensorType type) const {
  bool any = false;
  for (unsigned number = 2; number < type.getRank(); ++number)
    any |= isRagged(axis(type, number));
  return hasRows(type) && !any;
}

bool SizeTable::liesInLines(AttentionOp attention) const {
  return llvm::all_of(ArrayRef<Value>{attention.getQ(), attention.getK(),
                                      attention.getV(), attention.getResult()},
                      [&](Value value) {
                        return liesInLines(
                            cast<RankedTensorType>(value.getType()));
                      });
}

bool SizeTable::hasRows(RankedTensorType type) const {
  return !rows_.empty() && type.getRank() > 0 &&
         axesOf(type).axisName(0) == rows_;
}

std::string heddle::nn::monomialOf(const SizeExpr::Term &term) {
  SizeExpr product(1);
  for (const auto &[name, power] : term.factors)
    product *= *SizeExpr::name(name).toThePower(power);
  return product.str();
}
