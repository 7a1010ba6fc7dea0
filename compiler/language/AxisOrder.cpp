//===- AxisOrder.cpp - Elaboration of `x as [axes]` -----------------------===//

#include "compiler/language/Elaborator.h"

#include "dialects/nn/NN.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// For every target axis the source axes, in order, whose product it is: none
/// for an axis of 1. Search with backtracking; tensors have few axes.
static bool matchAxes(ArrayRef<SizeExpr> targets, const Axes &sources,
                      unsigned used,
                      SmallVectorImpl<SmallVector<int64_t>> &found) {
  unsigned all = (1u << sources.size()) - 1;
  if (targets.empty())
    return used == all;
  for (unsigned chosen = targets.front() == SizeExpr(1) ? 0 : 1; chosen <= all;
       ++chosen) {
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

/// Axes as the new ones call them, which may be by another name of the same
/// size: U for T where there is no U yet, and only one T that does not stay.
static Axes underNewNames(Axes axes, const Axes &targets,
                          const Configuration &configuration) {
  const Axes before = axes;
  for (const SizeExpr &target : targets) {
    SizeExpr meant = configuration.firstName(target);
    auto becomesTarget = [&](const SizeExpr &axis) {
      return configuration.firstName(axis) == meant &&
             !is_contained(targets, axis);
    };
    if (!is_contained(before, target) && count_if(before, becomesTarget) == 1)
      axes[find_if(before, becomesTarget) - before.begin()] = target;
  }
  return axes;
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

/// Splits the axes of `tensor` into the factors that the new axes are written
/// with, each of the old being a product of several, in the order in which they
/// are written: `[B Y X C] as [B Y/4 X/4 4*4*C]`. Gives the factors of each new
/// axis by their numbers; nothing where that is not possible.
std::optional<SmallVector<SmallVector<int64_t>>>
Elaborator::expandAxes(Tensor &tensor, ArrayRef<ExprPtr> axes, SMLoc place) {
  Axes factors;
  SmallVector<SmallVector<unsigned>> ofAxis;
  for (const ExprPtr &axis : axes) {
    SmallVector<SizeExpr> written;
    collectFactors(
        *axis, [&](const Expr &factor) { return *resolveAxis(factor); },
        written);
    ofAxis.emplace_back();
    for (const SizeExpr &factor : written) {
      if (factor == SizeExpr(1))
        continue;
      ofAxis.back().push_back(factors.size());
      factors.push_back(factor);
    }
  }
  SmallVector<SmallVector<int64_t>> made;
  const Axes needed = tensor.axes();
  if (factors.size() > 12 || llvm::is_contained(needed, SizeExpr(1)) ||
      !matchAxes(needed, factors, 0, made))
    return std::nullopt;
  SmallVector<int64_t> placeOf(factors.size());
  int64_t next = 0;
  for (ArrayRef<int64_t> group : made) {
    int64_t at = next;
    for (int64_t factor : group)
      placeOf[factor] = next++;
    if (group.size() == 1)
      continue;
    Shape shape = tensor.shape;
    shape.axes.erase(shape.axes.begin() + at);
    for (auto [i, factor] : enumerate(group)) {
      if (configuration.isDynamic(factors[factor]))
        return std::nullopt;
      shape.axes.insert(shape.axes.begin() + at + i, factors[factor]);
    }
    RankedTensorType type = typeOf(shape, place);
    if (!type)
      return std::nullopt;
    tensor = Tensor{nn::ExpandOp::create(builder, locationOf(place), type,
                                         tensor.value,
                                         builder.getI64IntegerAttr(at)),
                    shape};
  }
  SmallVector<SmallVector<int64_t>> sources;
  for (ArrayRef<unsigned> numbers : ofAxis)
    sources.push_back(llvm::map_to_vector(
        numbers, [&](unsigned number) { return placeOf[number]; }));
  return sources;
}

Datum Elaborator::evaluateAs(const Expr &expr) {
  Datum datum = evaluate(*expr.operands[0]);
  std::optional<Axes> axes = resolveAxes(expr.from.front());
  if (isFaulty(datum) || !axes)
    return Faulty();
  Tensor *tensor = std::get_if<Tensor>(&datum);
  if (!tensor) {
    error(expr.place, "as: found " + describe(datum) + ", needs a tensor");
    return Faulty();
  }
  std::string found = describe(datum);
  bool isWhole = expr.from.front().size() == axes->size(); // none of them is ..
  SmallVector<SmallVector<int64_t>> sources;
  bool fits = tensor->axes().size() <= 8;
  Axes named = underNewNames(tensor->axes(), *axes, configuration);
  if (fits && matchAxes(*axes, named, 0, sources)) {
    if (isWhole)
      for (auto [axis, group] : zip(expr.from.front(), sources))
        orderAsWritten(*axis, named, group);
  } else {
    auto factors = fits && isWhole
                       ? expandAxes(*tensor, expr.from.front(), expr.place)
                       : std::nullopt;
    if (!factors) {
      error(expr.place,
            found + " as " + describe(*axes) +
                ": every new axis needs to be one of the axes, or a product of "
                "several, or each of the axes a product of new ones, and each "
                "is used once");
      return Faulty();
    }
    sources = std::move(*factors);
  }
  Shape shape{tensor->shape.element, *axes, tensor->shape.over};
  RankedTensorType type = typeOf(shape, expr.place);
  if (!type)
    return Faulty();
  SmallVector<Attribute> attributes;
  for (ArrayRef<int64_t> group : sources)
    attributes.push_back(builder.getI64ArrayAttr(group));
  return Tensor{nn::RearrangeOp::create(builder, locationOf(expr.place), type,
                                        tensor->value,
                                        builder.getArrayAttr(attributes)),
                shape};
}

} // namespace heddle::language
