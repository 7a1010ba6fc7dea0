//===- BuiltinsAxes.cpp - Built-ins along and across axes -----------------===//

#include "compiler/language/BuiltinFunctions.h"

#include "dialects/nn/NN.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Joining and splitting
//===----------------------------------------------------------------------===//

/// One axis a group: `1 | N` of `1 | N -> T`.
static std::optional<Axes> oneAxisEach(CallSite &site, ArrayRef<Axes> groups) {
  Axes axes;
  for (const Axes &group : groups) {
    if (group.size() != 1)
      return site.fail("found " + site.describe(group) +
                       " in the pattern, needs one axis between bars");
    axes.push_back(group.front());
  }
  return axes;
}

static SizeExpr sumOf(const Axes &axes) {
  SizeExpr sum;
  for (const SizeExpr &axis : axes)
    sum += axis;
  return sum;
}

/// Whether `part` is `whole` with some axes left out.
static bool isSubsequence(ArrayRef<SizeExpr> part, ArrayRef<SizeExpr> whole) {
  size_t matched = 0;
  for (const SizeExpr &axis : whole)
    if (matched < part.size() && axis == part[matched])
      ++matched;
  return matched == part.size();
}

static Axes without(const Axes &axes, unsigned position) {
  Axes rest = axes;
  rest.erase(rest.begin() + position);
  return rest;
}

/// concat(a, b, 1 | N -> T)
Built buildConcat(CallSite &site) {
  unsigned count = site.argumentCount() - 1;
  SmallVector<Tensor> parts;
  for (unsigned index = 0; index < count; ++index) {
    std::optional<Tensor> part = site.tensor(index);
    if (!part)
      return std::nullopt;
    parts.push_back(*part);
  }
  std::optional<CallSite::Groups> groups = site.groups(count);
  if (!groups)
    return std::nullopt;
  std::optional<Axes> pieces = oneAxisEach(site, groups->from);
  std::optional<Axes> wholes = oneAxisEach(site, groups->to);
  if (!pieces || !wholes)
    return std::nullopt;
  if (pieces->size() != count || wholes->size() != 1)
    return site.fail("found " + Twine(count) + " tensors, the pattern joins " +
                     Twine(pieces->size()) + " axes into " +
                     Twine(wholes->size()));
  const SizeExpr &whole = wholes->front();
  if (!(sumOf(*pieces) == whole))
    return site.fail(site.describe(sumOf(*pieces)) + " is not " +
                     site.describe(whole));
  unsigned largest = 0;
  for (unsigned index = 1; index < count; ++index)
    if (parts[index].axes().size() > parts[largest].axes().size())
      largest = index;
  const Axes &axes = parts[largest].axes();
  if (llvm::count(axes, (*pieces)[largest]) != 1)
    return site.fail(site.describe(parts[largest].shape) +
                     " does not have one axis " +
                     site.describe((*pieces)[largest]));
  unsigned axis = llvm::find(axes, (*pieces)[largest]) - axes.begin();

  SmallVector<Value> values;
  for (auto [part, piece] : zip(parts, *pieces)) {
    auto place = llvm::find(part.axes(), piece);
    if (place == part.axes().end())
      return site.fail(site.describe(part.shape) + " has no axis " +
                       site.describe(piece));
    Axes rest = without(part.axes(), place - part.axes().begin());
    if (!isSubsequence(rest, without(axes, axis)) ||
        part.shape.element != parts[largest].shape.element)
      return site.fail(site.describe(part.shape) + " does not join " +
                       site.describe(parts[largest].shape));
    values.push_back(part.value);
  }
  Shape shape = parts[largest].shape;
  shape.axes[axis] = whole;
  return site.build<nn::ConcatOp>(shape, values,
                                  site.builder.getI64IntegerAttr(axis));
}

/// split(x, D -> E | F)
Built buildSplit(CallSite &site) {
  std::optional<Tensor> x = site.tensor(0);
  std::optional<CallSite::Groups> groups = site.groups(1);
  if (!x || !groups)
    return std::nullopt;
  std::optional<Axes> wholes = oneAxisEach(site, groups->from);
  std::optional<Axes> pieces = oneAxisEach(site, groups->to);
  if (!wholes || !pieces)
    return std::nullopt;
  if (wholes->size() != 1)
    return site.fail("found several axes before ->, needs one");
  const SizeExpr &whole = wholes->front();
  if (!(sumOf(*pieces) == whole))
    return site.fail(site.describe(sumOf(*pieces)) + " is not " +
                     site.describe(whole));
  if (llvm::count(x->axes(), whole) != 1)
    return site.fail(site.describe(x->shape) + " does not have one axis " +
                     site.describe(whole));
  unsigned axis = llvm::find(x->axes(), whole) - x->axes().begin();
  SmallVector<Type> types;
  SmallVector<Shape> shapes;
  for (const SizeExpr &piece : *pieces) {
    Shape shape = x->shape;
    shape.axes[axis] = piece;
    RankedTensorType type = site.typeOf(shape);
    if (!type)
      return std::nullopt;
    shapes.push_back(shape);
    types.push_back(type);
  }
  auto split =
      nn::SplitOp::create(site.builder, site.location(), types, x->value,
                          site.builder.getI64IntegerAttr(axis));
  Data results;
  for (auto [value, shape] : zip(split.getResults(), shapes))
    results.push_back(Tensor{value, shape});
  return results;
}

//===----------------------------------------------------------------------===//
// Along one axis
//===----------------------------------------------------------------------===//

template <typename Op, typename Kind>
static Built buildAlong(CallSite &site, const Tensor &x, Kind kind) {
  std::optional<unsigned> axis = site.axisOf(x, 1);
  if (!axis)
    return std::nullopt;
  Shape shape = x.shape;
  shape.axes = without(x.axes(), *axis);
  return site.build<Op>(
      shape, kind, x.value,
      site.builder.getStringAttr(site.describe(x.axes()[*axis])));
}

static Built buildReduce(CallSite &site, nn::ReduceKind kind) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  return buildAlong<nn::ReduceOp>(
      site, *x, nn::ReduceKindAttr::get(site.builder.getContext(), kind));
}

/// mean(x, T)
Built buildMean(CallSite &site) {
  return buildReduce(site, nn::ReduceKind::Mean);
}
/// sum(x, T)
Built buildSum(CallSite &site) {
  return buildReduce(site, nn::ReduceKind::Sum);
}
/// max(x, T)
Built buildMax(CallSite &site) {
  return buildReduce(site, nn::ReduceKind::Max);
}

/// min(x, T): −max(−x)
Built buildMin(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  if (!x)
    return std::nullopt;
  auto negate = [&](const Tensor &tensor) {
    return Tensor{nn::NegOp::create(site.builder, site.location(),
                                    tensor.value.getType(), tensor.value),
                  tensor.shape};
  };
  Built largest = buildAlong<nn::ReduceOp>(
      site, negate(*x),
      nn::ReduceKindAttr::get(site.builder.getContext(), nn::ReduceKind::Max));
  if (!largest)
    return std::nullopt;
  return Data{negate(std::get<Tensor>(largest->front()))};
}

static Built buildPick(CallSite &site, nn::PickEnd end) {
  std::optional<Tensor> x = site.tensor(0);
  if (!x)
    return std::nullopt;
  return buildAlong<nn::PickOp>(
      site, *x, nn::PickEndAttr::get(site.builder.getContext(), end));
}

/// first(x, T)
Built buildFirst(CallSite &site) { return buildPick(site, nn::PickEnd::First); }
/// last(x, T)
Built buildLast(CallSite &site) { return buildPick(site, nn::PickEnd::Last); }

/// normalize(x, D, eps = 1e-12)
Built buildNormalize(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  std::optional<unsigned> axis = x ? site.axisOf(*x, 1) : std::nullopt;
  std::optional<double> eps = site.number("eps", 1e-12);
  if (!axis || !eps)
    return std::nullopt;
  return site.build<nn::NormalizeOp>(
      x->shape, x->value,
      site.builder.getStringAttr(site.describe(x->axes()[*axis])),
      site.builder.getF64FloatAttr(*eps));
}

/// The largest elements along the last axis, and their indices.
static std::optional<std::pair<Tensor, Tensor>>
largest(CallSite &site, const Tensor &x, const SizeExpr &count) {
  Shape values = x.shape, indices{Element::Int, x.axes(), x.axes().back()};
  values.axes.back() = indices.axes.back() = count;
  RankedTensorType valuesType = site.typeOf(values);
  RankedTensorType indicesType = site.typeOf(indices);
  if (!valuesType || !indicesType)
    return std::nullopt;
  auto topk = nn::TopkOp::create(site.builder, site.location(), valuesType,
                                 indicesType, x.value);
  return std::pair(Tensor{topk.getValues(), values},
                   Tensor{topk.getIndices(), indices});
}

/// argmax(x, E): where the largest element is, the first of equal ones.
Built buildArgmax(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  std::optional<unsigned> axis = x ? site.axisOf(*x, 1) : std::nullopt;
  if (!axis)
    return std::nullopt;
  if (*axis + 1 != x->axes().size() || x->axes().size() < 2 ||
      site.elaborator.configuration.isDynamic(x->axes().back()))
    return site.fail("found " + site.describe(x->shape) + " and " +
                     site.describe(x->axes()[*axis]) +
                     ", needs the last of several axes, of a size known when "
                     "the model is compiled");
  auto found = largest(site, *x, SizeExpr(1));
  if (!found)
    return std::nullopt;
  // The axis of one goes into the one before it.
  const Tensor &indices = found->second;
  Shape shape = indices.shape;
  shape.axes.pop_back();
  SmallVector<Attribute> sources;
  for (int64_t i = 0, rank = shape.axes.size(); i < rank; ++i)
    sources.push_back(site.builder.getI64ArrayAttr(
        i + 1 == rank ? ArrayRef<int64_t>{i, i + 1} : ArrayRef<int64_t>{i}));
  return site.build<nn::RearrangeOp>(shape, indices.value,
                                     site.builder.getArrayAttr(sources));
}

/// w, e = topk(x, E -> A)
Built buildTopk(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  auto sizes = site.replacement(1);
  if (!x || !sizes)
    return std::nullopt;
  auto &[from, to] = *sizes;
  if (x->axes().empty() || !(x->axes().back() == from))
    return site.fail(site.describe(x->shape) + " does not end in " +
                     site.describe(from));
  const Configuration &configuration = site.elaborator.configuration;
  std::optional<int64_t> all = configuration.evaluate(from);
  std::optional<int64_t> some = configuration.evaluate(to);
  if (!all || !some || *some > *all)
    return site.fail("found " + site.describe(to) + " of " +
                     site.describe(from) +
                     ", needs at most as many as there are");
  auto found = largest(site, *x, to);
  if (!found)
    return std::nullopt;
  return Data{found->first, found->second};
}

/// take(x, e): along the axis of x that e indexes. Axes that both have are
/// batch axes, the others of e stand in the place of that axis.
Built buildTake(CallSite &site) {
  std::optional<Tensor> x = site.tensor(0);
  std::optional<Tensor> indices = site.intTensor(1);
  if (!x || !indices)
    return std::nullopt;
  const std::optional<SizeExpr> &over = indices->shape.over;
  if (!over)
    return site.fail("the second argument is " + site.describe(indices->shape) +
                     ", needs indices into an axis of " +
                     site.describe(x->shape));
  auto fail = [&](const Twine &why) {
    return site.fail(site.describe(indices->shape) + " and " +
                     site.describe(x->shape) + ": " + why);
  };
  if (llvm::count(x->axes(), *over) != 1 ||
      is_contained(indices->axes(), *over))
    return fail("needs one axis " + site.describe(*over) +
                ", of what is taken from");
  Axes batch, own;
  for (const SizeExpr &axis : indices->axes()) {
    bool isBatch = is_contained(x->axes(), axis);
    if (isBatch && !own.empty())
      return fail("the axis " + site.describe(axis) +
                  " of both needs to stand before those of the indices alone");
    (isBatch ? batch : own).push_back(axis);
  }
  if (!isSubsequence(batch, x->axes()))
    return fail("the axes stand in another order; use as");
  Shape shape = x->shape;
  auto at = shape.axes.erase(llvm::find(shape.axes, *over));
  shape.axes.insert(at, own.begin(), own.end());
  return site.build<nn::TakeOp>(shape, x->value, indices->value);
}

} // namespace heddle::language
