//===- AxisOrder.cpp - Elaboration of `x as [axes]` -----------------------===//

#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// For every target axis the source axes, in order, whose product it is. Search
/// with backtracking; tensors have few axes.
static bool matchAxes(ArrayRef<SizeExpr> targets, const Axes &sources,
                      unsigned used,
                      SmallVectorImpl<SmallVector<int64_t>> &found) {
  unsigned all = (1u << sources.size()) - 1;
  if (targets.empty())
    return used == all;
  for (unsigned chosen = 1; chosen <= all; ++chosen) {
    if (chosen & used)
      continue;
    SizeExpr product(1);
    SmallVector<int64_t> group;
    for (unsigned axis = 0; axis < sources.size(); ++axis)
      if (chosen >> axis & 1) {
        product *= sources[axis];
        group.push_back(axis);
      }
    if (!(product == targets.front()))
      continue;
    found.push_back(group);
    if (matchAxes(targets.drop_front(), sources, used | chosen, found))
      return true;
    found.pop_back();
  }
  return false;
}

/// The factors of a product, as they are written; a divisor belongs to the
/// factor before it: X/2*Y/2 has the factors X/2 and Y/2.
static void collectFactors(const Expr &axis,
                           llvm::function_ref<SizeExpr(const Expr &)> sizeOf,
                           SmallVectorImpl<SizeExpr> &factors) {
  bool isProduct = axis.is(Expr::Kind::Binary) && axis.text == "*";
  bool isQuotient = axis.is(Expr::Kind::Binary) && axis.text == "/";
  if (!isProduct && !isQuotient)
    return factors.push_back(sizeOf(axis));
  size_t before = factors.size();
  collectFactors(*axis.operands[0], sizeOf, factors);
  if (isProduct)
    return collectFactors(*axis.operands[1], sizeOf, factors);
  FailureOr<SizeExpr> quotient =
      factors.back().dividedBy(sizeOf(*axis.operands[1]));
  if (succeeded(quotient)) {
    factors.back() = *quotient;
    return;
  }
  factors.truncate(before);
  factors.push_back(sizeOf(axis));
}

/// H*K and K*H are one size, and two orders of elements: the axes of a group
/// stand as the product that is written names them. One that names none of them
/// (D for H*K) leaves them as they stand.
void Elaborator::orderAsWritten(const Expr &axis, const Axes &sources,
                                SmallVectorImpl<int64_t> &group) {
  SmallVector<SizeExpr> written;
  collectFactors(
      axis, [&](const Expr &factor) { return *resolveAxis(factor); }, written);
  unsigned others = (1u << sources.size()) - 1;
  for (int64_t source : group)
    others &= ~(1u << source);
  // An axis may itself be a product, 2*E of 2*E*K: from single factors to all
  // of them at once, whichever neighbours are taken together.
  unsigned gaps = std::min<size_t>(written.size() - 1, 10);
  for (unsigned joined = 0; joined < 1u << gaps; ++joined) {
    SmallVector<SizeExpr> factors;
    for (auto [number, factor] : enumerate(written))
      if (number > 0 && joined >> (number - 1) & 1)
        factors.back() *= factor;
      else
        factors.push_back(factor);
    SmallVector<SmallVector<int64_t>> found;
    if (!matchAxes(factors, sources, others, found))
      continue;
    group.clear();
    for (ArrayRef<int64_t> part : found)
      llvm::append_range(group, part);
    return;
  }
}

Datum Elaborator::evaluateAs(const Expr &expr) {
  Datum datum = evaluate(*expr.operands[0]);
  std::optional<Axes> axes = resolveAxes(expr.from.front());
  if (isFaulty(datum) || !axes)
    return Faulty();
  const Tensor *tensor = std::get_if<Tensor>(&datum);
  if (!tensor) {
    error(expr.place, "as: found " + describe(datum) + ", needs a tensor");
    return Faulty();
  }
  SmallVector<SmallVector<int64_t>> sources;
  if (tensor->axes().size() > 8 ||
      !matchAxes(*axes, tensor->axes(), 0, sources)) {
    error(expr.place, describe(datum) + " as " + describe(*axes) +
                          ": every new axis needs to be one of the axes, or a "
                          "product of several, and each is used once");
    return Faulty();
  }
  Shape shape{tensor->shape.element, *axes, tensor->shape.over};
  RankedTensorType type = typeOf(shape, expr.place);
  if (!type)
    return Faulty();
  if (expr.from.front().size() == axes->size()) // none of them is ..
    for (auto [axis, group] : zip(expr.from.front(), sources))
      orderAsWritten(*axis, tensor->axes(), group);
  SmallVector<Attribute> attributes;
  for (ArrayRef<int64_t> group : sources)
    attributes.push_back(builder.getI64ArrayAttr(group));
  return Tensor{nn::RearrangeOp::create(builder, locationOf(expr.place), type,
                                        tensor->value,
                                        builder.getArrayAttr(attributes)),
                shape};
}

} // namespace heddle::language
