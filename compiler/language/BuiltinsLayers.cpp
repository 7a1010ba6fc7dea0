//===- BuiltinsLayers.cpp - Built-ins that have weights -------------------===//

#include "compiler/language/BuiltinFunctions.h"

#include "dialects/nn/NN.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

static SizeExpr productOf(const Axes &axes) {
  SizeExpr product(1);
  for (const SizeExpr &axis : axes)
    product *= axis;
  return product;
}

/// linear@path(x, D -> H K | G K, bias = yes, layout = out_in)
Built buildLinear(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  std::optional<CallSite::Groups> groups = site.groups(1);
  std::optional<bool> bias = site.flag("bias", false);
  std::optional<std::string> layout = site.word("layout", {"out_in", "in_out"});
  if (!x || !groups || !bias || !layout)
    return std::nullopt;
  if (groups->from.size() != 1)
    return site.fail("found several groups before ->, needs one");
  const Axes &input = groups->from.front();
  ArrayRef<SizeExpr> axes = x->axes();
  if (axes.size() < input.size() ||
      axes.take_back(input.size()) != ArrayRef(input)) {
    std::string needed = site.describe(input);
    std::string why;
    for (auto [found, wanted] : zip(reverse(axes), reverse(input)))
      if (why.empty() && !(found == wanted))
        why = site.elaborator.explainMismatch(found, wanted);
    return site.fail(site.describe(x->shape) + " does not end in " +
                     StringRef(needed).drop_front().drop_back() + why);
  }
  ArrayRef<SizeExpr> batch = axes.drop_back(input.size());

  SizeExpr columns;
  SmallVector<Shape> shapes;
  SmallVector<Type> types;
  for (const Axes &group : groups->to) {
    columns += productOf(group);
    Shape shape{Element::Real, Axes(batch.begin(), batch.end()), {}};
    llvm::append_range(shape.axes, group);
    RankedTensorType type = site.typeOf(shape);
    if (!type)
      return std::nullopt;
    shapes.push_back(std::move(shape));
    types.push_back(type);
  }
  bool inOut = *layout == "in_out";
  SizeExpr rows = productOf(input);
  std::optional<Tensor> weight =
      site.weight("weight", inOut ? Axes{rows, columns} : Axes{columns, rows});
  if (!weight)
    return std::nullopt;
  Value biasValue;
  if (*bias) {
    std::optional<Tensor> vector = site.weight("bias", {columns});
    if (!vector)
      return std::nullopt;
    biasValue = vector->value;
  }
  auto linear = nn::LinearOp::create(
      site.builder, site.location(), types, x->value, weight->value, biasValue,
      site.builder.getI64IntegerAttr(input.size()),
      inOut ? site.builder.getUnitAttr() : UnitAttr());
  Data results;
  for (auto [value, shape] : zip(linear.getResults(), shapes))
    results.push_back(Tensor{value, shape});
  return results;
}

/// embed@path(ids, V -> D)
Built buildEmbed(CallSite &site) {
  std::optional<Tensor> ids = site.intTensor(0);
  std::optional<CallSite::Groups> groups = site.groups(1);
  if (!ids || !groups)
    return std::nullopt;
  if (groups->from.size() != 1 || groups->from[0].size() != 1 ||
      groups->to.size() != 1)
    return site.fail(
        "needs the table's first axis and what it becomes: V -> D");
  const SizeExpr &over = groups->from[0][0];
  if (!ids->shape.over || !(*ids->shape.over == over))
    return site.fail("the indices are " + site.describe(ids->shape) +
                     ", the table is over " + site.describe(over));
  Axes tableAxes{over};
  llvm::append_range(tableAxes, groups->to[0]);
  Shape shape{Element::Real, ids->axes(), {}};
  llvm::append_range(shape.axes, groups->to[0]);
  std::optional<Tensor> table = site.weight("weight", tableAxes);
  if (!table)
    return std::nullopt;
  return site.build<nn::EmbedOp>(shape, ids->value, table->value);
}

/// param@path(R H)
Built buildParam(CallSite &site) {
  const Expr &argument = *site.call.operands[0];
  Axes axes;
  if (argument.is(Expr::Kind::Pattern)) {
    if (argument.hasArrow || argument.from.size() != 1)
      return site.fail("needs the axes of the parameter: R H");
    std::optional<Axes> resolved =
        site.elaborator.resolveAxes(argument.from.front());
    if (!resolved)
      return std::nullopt;
    axes = std::move(*resolved);
  } else {
    const Constant *constant = std::get_if<Constant>(&site.argument(0));
    const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
    if (!size)
      return site.fail("found " + site.describe(site.argument(0)) +
                       ", needs the axes of the parameter: R H");
    axes.push_back(*size);
  }
  std::optional<Tensor> weight = site.weight("", axes);
  if (!weight)
    return std::nullopt;
  return Data{*weight};
}

/// A tensor with axes and epsilon, which every normalisation has.
static std::optional<std::pair<Tensor, FloatAttr>>
normArguments(CallSite &site, double epsilon) {
  std::optional<Tensor> x = site.realTensor(0);
  std::optional<double> eps = site.number("eps", epsilon);
  if (!x || !eps)
    return std::nullopt;
  if (x->axes().empty())
    return site.fail("found a tensor without axes");
  if (*eps < 0)
    return site.fail("eps is " + language::describe(Constant(*eps)) +
                     ", needs 0 or more");
  return std::pair(*x, site.builder.getF64FloatAttr(*eps));
}

namespace {
/// What a norm over the last axis multiplies by and adds, if it does.
struct NormWeights {
  Value weight, bias;
  FloatAttr offset;
};
} // namespace

/// The options weight and offset, and bias where a norm `mayAdd`.
static std::optional<NormWeights> normWeights(CallSite &site, const Tensor &x,
                                              bool mayAdd) {
  std::optional<bool> hasWeight = site.flag("weight", true),
                      hasBias =
                          mayAdd ? site.flag("bias", hasWeight.value_or(true))
                                 : false;
  std::optional<double> offset = site.number("offset", 0);
  if (!hasWeight || !hasBias || !offset)
    return std::nullopt;
  if (!*hasWeight && (*hasBias || *offset != 0))
    return site.fail(Twine(*hasBias ? "a bias" : "an offset") +
                     " needs a weight");
  if (*hasWeight && !site.requirePath())
    return std::nullopt;
  if (!*hasWeight && site.call.path) {
    site.elaborator.error(site.call.path->place,
                          site.builtin.name + " without weights has no path");
    return std::nullopt;
  }
  NormWeights weights;
  weights.offset = site.builder.getF64FloatAttr(*offset);
  auto take = [&](StringRef name, Value &value) {
    std::optional<Tensor> tensor = site.weight(name, {x.axes().back()});
    if (tensor)
      value = tensor->value;
    return tensor.has_value();
  };
  if ((*hasWeight && !take("weight", weights.weight)) ||
      (*hasBias && !take("bias", weights.bias)))
    return std::nullopt;
  return weights;
}

/// rmsnorm@path(x, eps = 1e-6, weight = yes, offset = 0)
Built buildRmsNorm(CallSite &site) {
  auto arguments = normArguments(site, 1e-6);
  if (!arguments)
    return std::nullopt;
  auto &[x, eps] = *arguments;
  auto weights = normWeights(site, x, /*mayAdd=*/false);
  if (!weights)
    return std::nullopt;
  return site.build<nn::RmsNormOp>(x.shape, x.value, weights->weight,
                                   /*residual=*/Value(), weights->offset, eps);
}

/// layernorm@path(x, eps = 1e-5, weight = yes, bias = yes, offset = 0)
Built buildLayerNorm(CallSite &site) {
  auto arguments = normArguments(site, 1e-5);
  if (!arguments)
    return std::nullopt;
  auto &[x, eps] = *arguments;
  auto weights = normWeights(site, x, /*mayAdd=*/true);
  if (!weights)
    return std::nullopt;
  return site.build<nn::LayerNormOp>(x.shape, x.value, weights->weight,
                                     weights->bias, /*residual=*/Value(),
                                     weights->offset, eps);
}

/// batchnorm@path(x, eps = 1e-5): with stored statistics, over the second axis.
Built buildBatchNorm(CallSite &site) {
  auto arguments = normArguments(site, 1e-5);
  if (!arguments)
    return std::nullopt;
  auto &[x, eps] = *arguments;
  if (x.axes().size() < 2)
    return site.fail(site.describe(x.shape) + " has no axis of channels");
  SmallVector<Value> parameters;
  for (StringRef name : {"weight", "bias", "running_mean", "running_var"}) {
    std::optional<Tensor> parameter = site.weight(name, {x.axes()[1]});
    if (!parameter)
      return std::nullopt;
    parameters.push_back(parameter->value);
  }
  return site.build<nn::BatchNormOp>(x.shape, x.value, parameters[0],
                                     parameters[1], parameters[2],
                                     parameters[3], eps);
}

} // namespace heddle::language
