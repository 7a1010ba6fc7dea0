//===- BuiltinsAttention.cpp - Attention, its parts, and caches -----------===//

#include "compiler/language/BuiltinFunctions.h"

#include "dialects/nn/NN.h"
#include <cmath>

using namespace llvm;
using namespace mlir;

namespace heddle::language {

static bool checkAttentionShapes(CallSite &site, const Tensor &q,
                                 const Tensor &k, const Tensor &v) {
  for (const Tensor *tensor : {&q, &k, &v})
    if (tensor->axes().size() != 4) {
      site.fail("found " + site.describe(tensor->shape) +
                ", needs rows, sequence, heads and depth");
      return false;
    }
  auto same = [&](StringRef what, const Tensor &a, const Tensor &b,
                  unsigned axis, StringRef names) {
    if (a.axes()[axis] == b.axes()[axis])
      return true;
    auto [first, second] = names.split(' ');
    site.fail(what + " differs: " + first + " is " + site.describe(a.shape) +
              ", " + second + " is " + site.describe(b.shape) +
              site.elaborator.explainMismatch(b.axes()[axis], a.axes()[axis]));
    return false;
  };
  if (!same("rows", q, k, 0, "query key") ||
      !same("head size", q, k, 3, "query key") ||
      !same("rows", k, v, 0, "key value") ||
      !same("sequence", k, v, 1, "key value") ||
      !same("number of heads", k, v, 2, "key value"))
    return false;
  const Configuration &configuration = site.elaborator.configuration;
  std::optional<int64_t> heads = configuration.evaluate(q.axes()[2]);
  std::optional<int64_t> groups = configuration.evaluate(k.axes()[2]);
  std::optional<int64_t> depth = configuration.evaluate(q.axes()[3]);
  if (!heads || !groups || !depth) {
    site.fail("heads and head size of " + site.describe(q.shape) +
              " need to be known when the model is compiled");
    return false;
  }
  if (*groups < 1 || *heads % *groups != 0) {
    site.fail(Twine(*heads) + " query heads are not a multiple of " +
              Twine(*groups) + " key heads");
    return false;
  }
  return true;
}

/// One more score a query head: [H]. Null for none.
static std::optional<Value> sinkOf(CallSite &site, const Tensor &q) {
  const Expr *option = site.option("sink");
  Datum datum =
      option ? site.elaborator.evaluate(*option) : Datum(Constant(None()));
  if (const Constant *constant = std::get_if<Constant>(&datum);
      constant && holds<None>(*constant))
    return Value();
  const Tensor *sink = std::get_if<Tensor>(&datum);
  if (sink && sink->shape.element == Element::Real &&
      sink->axes() == Axes{q.axes()[2]})
    return sink->value;
  if (!isFaulty(datum))
    site.fail("sink is " + site.describe(datum) +
              ", needs one real number a query head of " +
              site.describe(q.shape));
  return std::nullopt;
}

/// One that is known only when the model runs, a tensor of one number or a
/// number for each turn of a loop, is a factor of the queries.
static std::optional<double> scaleOf(CallSite &site, Tensor &q,
                                     double otherwise) {
  const Expr *option = site.option("scale");
  Datum scale = option ? site.elaborator.evaluateByTurn(*option)
                       : Datum(Constant(otherwise));
  if (isFaulty(scale))
    return std::nullopt;
  std::optional<Tensor> factor;
  if (const LoopValue *turns = std::get_if<LoopValue>(&scale))
    factor = site.elaborator.numberByTurn(*turns, {}, site.call.place);
  else if (const Tensor *tensor = std::get_if<Tensor>(&scale);
           tensor && tensor->shape.element == Element::Real &&
           (tensor->axes().empty() || tensor->axes() == Axes{SizeExpr(1)}))
    factor = *tensor;
  if (!factor)
    return site.number("scale", otherwise);
  Datum scaled =
      site.elaborator.elementwise("*", q, *factor, {}, site.call.place);
  if (isFaulty(scaled))
    return std::nullopt;
  q = std::get<Tensor>(scaled);
  return 1;
}

/// attention(q, k, v, scale = 1/sqrt(K), cap = none, sink = …, bias = …)
/// where …
Built buildAttention(CallSite &site) {
  std::optional<Tensor> q = site.realTensor(0), k = site.realTensor(1),
                        v = site.realTensor(2);
  if (!q || !k || !v || !checkAttentionShapes(site, *q, *k, *v))
    return std::nullopt;
  double depth = *site.elaborator.configuration.evaluate(q->axes()[3]);
  std::optional<double> scale = scaleOf(site, *q, 1 / std::sqrt(depth));
  std::optional<Constant> limit = site.constantOption("cap", None());
  if (!scale || !limit)
    return std::nullopt;
  FloatAttr cap;
  if (!holds<None>(*limit)) {
    std::optional<double> number = site.elaborator.numberOf(*limit);
    if (!number || !(*number > 0))
      return site.fail("cap is " + language::describe(*limit) +
                       ", needs a positive number or none");
    cap = site.builder.getF64FloatAttr(*number);
  }
  std::optional<Value> sink = sinkOf(site, *q);
  if (!sink)
    return std::nullopt;
  Shape shape = q->shape;
  shape.axes.back() = v->axes().back();
  Built built = site.build<nn::AttentionOp>(
      shape, q->value, k->value, v->value, *sink, /*vector=*/Value(),
      site.builder.getF64FloatAttr(*scale), cap);
  if (!built)
    return std::nullopt;
  auto op = cast<nn::AttentionOp>(
      std::get<Tensor>(built->front()).value.getDefiningOp());
  const Expr *bias = site.option("bias");
  bool ok = !site.where ||
            site.fillRegion(op.getMask(), *site.where, /*predicate=*/true);
  ok &= !bias || site.fillRegion(op.getBias(), *bias, /*predicate=*/false);
  if (ok)
    return built;
  op.erase();
  return std::nullopt;
}

/// dot(a, b, K)
Built buildDot(CallSite &site) {
  std::optional<Tensor> a = site.realTensor(0), b = site.realTensor(1);
  if (!a || !b)
    return std::nullopt;
  std::optional<unsigned> axisOfA = site.axisOf(*a, 2);
  std::optional<unsigned> axisOfB = site.axisOf(*b, 2);
  if (!axisOfA || !axisOfB)
    return std::nullopt;
  const SizeExpr axis = a->axes()[*axisOfA];
  Shape shape{Element::Real, {}, {}};
  for (const SizeExpr &size : a->axes())
    if (!(size == axis))
      shape.axes.push_back(size);
  for (const SizeExpr &size : b->axes())
    if (!is_contained(a->axes(), size))
      shape.axes.push_back(size);
  return site.build<nn::DotOp>(shape, a->value, b->value,
                               site.builder.getStringAttr(site.describe(axis)));
}

/// cache@path(k, T -> S)
Built buildCache(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  auto sizes = site.replacement(1);
  std::optional<PathText> path = site.path();
  if (!x || !sizes || !path)
    return std::nullopt;
  auto &[from, to] = *sizes;
  if (x->axes().size() < 2 || !(x->axes()[1] == from))
    return site.fail(site.describe(x->shape) + " does not have " +
                     site.describe(from) + " as its second axis");
  const Configuration &configuration = site.elaborator.configuration;
  for (const SizeExpr &size : {from, to}) {
    std::optional<StringRef> name = size.asName();
    const DynSize *dyn = name ? configuration.findDyn(*name) : nullptr;
    std::optional<StringRef> rows = x->axes()[0].asName();
    if (dyn && !dyn->same.empty())
      return site.fail("found " + *name + ", a second name of " + dyn->same +
                       "; a cache grows by sizes with a range");
    if (!dyn || dyn->per.empty() || !rows || dyn->per != *rows)
      return site.fail(site.describe(size) + " is not declared 'dyn " +
                       site.describe(size) + " in … per " +
                       site.describe(x->axes()[0]) + "'");
  }
  if (from == to)
    return site.fail("found " + site.describe(from) +
                     " on both sides, needs what is new -> all there is");
  Shape shape = x->shape;
  shape.axes[1] = to;
  auto text = [&](const SizeExpr &size) {
    return site.builder.getStringAttr(site.describe(size));
  };
  return site.build<nn::CacheAppendOp>(
      shape, site.builder.getStringAttr(path->text),
      path->absolute ? site.builder.getUnitAttr() : UnitAttr(), x->value,
      text(from), text(to), IntegerAttr(), path->indices);
}

/// softmax(x, S)
Built buildSoftmax(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  std::optional<unsigned> axis = x ? site.axisOf(*x, 1) : std::nullopt;
  if (!axis)
    return std::nullopt;
  return site.build<nn::SoftmaxOp>(
      x->shape, x->value,
      site.builder.getStringAttr(site.describe(x->axes()[*axis])));
}

/// bucket(j - i, count, far, both = no, around = no), within where or bias
Built buildBucket(CallSite &site) {
  const Scalar *distance = std::get_if<Scalar>(&site.argument(0));
  if (!distance || !distance->value.getType().isIndex())
    return site.fail("found " + site.describe(site.argument(0)) +
                     ", needs a difference of positions within where or bias");
  std::optional<int64_t> count = site.wholeArgument(1);
  std::optional<int64_t> far = site.wholeArgument(2);
  std::optional<bool> both = site.flag("both", false);
  std::optional<bool> around = site.flag("around", false);
  if (!count || !far || !both || !around)
    return std::nullopt;
  if (*around &&
      (*both || *count < 8 || *count % 4 != 0 || *far <= *count / 4 + 1))
    return site.fail("found " + Twine(*count) + " buckets up to " +
                     Twine(*far) +
                     " around distance 0, needs a multiple of 4 from 8 on, a "
                     "distance beyond the exact ones, and not both");
  int64_t exact = *count / (*both ? 4 : 2);
  if (!*around && (*count < 4 || (*both && *count % 2 != 0) || *far <= exact))
    return site.fail("found " + Twine(*count) + " buckets up to " +
                     Twine(*far) +
                     ", needs 4 or more, an even number for both directions, "
                     "and a distance beyond the exact ones");
  auto number = [&](int64_t value) {
    return site.builder.getI64IntegerAttr(value);
  };
  return Data{Scalar{nn::BucketOp::create(
      site.builder, site.location(), site.builder.getIndexType(),
      distance->value, number(*count), number(*far),
      *both ? site.builder.getUnitAttr() : UnitAttr(),
      *around ? site.builder.getUnitAttr() : UnitAttr())}};
}

} // namespace heddle::language
