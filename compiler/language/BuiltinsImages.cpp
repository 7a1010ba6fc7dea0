//===- BuiltinsImages.cpp - Built-ins along spatial axes ------------------===//

#include "compiler/language/BuiltinFunctions.h"

#include "dialects/nn/NN.h"
#include "dialects/nn/Windows.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// An argument that has spatial axes.
static std::optional<Tensor> image(CallSite &site) {
  std::optional<Tensor> x = site.realTensor(0);
  if (x && x->axes().size() < 3)
    return site.fail(site.describe(x->shape) +
                     " needs rows, channels and one or more spatial axes");
  return x;
}

static ArrayRef<SizeExpr> spatialOf(const Tensor &x) {
  return ArrayRef(x.axes()).drop_front(2);
}

/// The result's spatial axes by the names that `to` gives them, which have to
/// stand for the same sizes.
static std::optional<Axes> named(CallSite &site, Axes axes) {
  const Expr *expr = site.option("to");
  if (!expr)
    return axes;
  std::optional<Axes> names = site.sizesAlong(*expr, "to", axes.size());
  if (!names)
    return std::nullopt;
  const Configuration &configuration = site.elaborator.configuration;
  for (auto [axis, name] : zip_equal(axes, *names)) {
    std::optional<int64_t> size = configuration.evaluate(axis),
                           given = configuration.evaluate(name);
    if (axis == name || (size && size == given))
      continue;
    auto spell = [&](const SizeExpr &what, std::optional<int64_t> value) {
      std::string text = site.describe(what);
      return value && std::to_string(*value) != text
                 ? text + " = " + std::to_string(*value)
                 : text;
    };
    return site.fail("found to = " + spell(name, given) + ", the axis is " +
                     spell(axis, size));
  }
  return names;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

namespace {
/// How windows go along the spatial axes.
struct Windows {
  Axes sizes, strides;
  SmallVector<int64_t> steps, pad, dilation;
};
} // namespace

/// The options stride, pad and dilation.
static std::optional<Windows> windows(CallSite &site, Axes sizes, Axes strides,
                                      bool mayDilate) {
  unsigned count = sizes.size();
  std::optional<SmallVector<int64_t>> steps = site.wholes(strides, "stride");
  std::optional<SmallVector<int64_t>> pad = site.wholesOption("pad", count, 0);
  SmallVector<int64_t> ones(count, 1);
  std::optional<SmallVector<int64_t>> dilation =
      mayDilate ? site.wholesOption("dilation", count, 1) : ones;
  if (!steps || !pad || !dilation)
    return std::nullopt;
  auto isBelow = [](ArrayRef<int64_t> numbers, int64_t least) {
    return any_of(numbers, [&](int64_t number) { return number < least; });
  };
  if (isBelow(*steps, 1) || isBelow(*pad, 0) || isBelow(*dilation, 1))
    return site.fail("needs stride and dilation of 1 or more, pad of 0 or "
                     "more");
  return Windows{std::move(sizes), std::move(strides), *steps, *pad, *dilation};
}

/// How many windows fit along an axis, rounded down as PyTorch does, or up.
static std::optional<SizeExpr> countAlong(CallSite &site, const SizeExpr &x,
                                          const Windows &windows, unsigned axis,
                                          bool up) {
  const Configuration &configuration = site.elaborator.configuration;
  int64_t pad = windows.pad[axis], stride = windows.steps[axis];
  SizeExpr steps = x + SizeExpr(2 * pad) -
                   nn::spanOf(windows.sizes[axis], windows.dilation[axis]);
  std::optional<int64_t> known = configuration.evaluate(steps);
  if (known && *known < 0)
    return site.fail("the window, " + site.describe(windows.sizes[axis]) +
                     ", does not fit into " + site.describe(x) + " padded by " +
                     Twine(pad));
  auto counts = nn::windowsAlong(steps, windows.strides[axis]);
  for (const SizeExpr &count : ArrayRef(counts).take_front(up ? 1 : 2))
    if (configuration.isWhole(count))
      return count;
  if (known)
    return SizeExpr(
        up ? nn::windowsAlongUp(*known, stride, *configuration.evaluate(x), pad)
           : nn::windowsAlong(*known, stride));
  if (counts.empty())
    return site.fail("cannot divide " + site.describe(steps) + " by " +
                     site.describe(windows.strides[axis]));
  return counts.front(); // which is no axis, and is reported as such
}

static std::optional<Axes> countsAlong(CallSite &site, const Tensor &x,
                                       const Windows &windows, bool up) {
  Axes counts;
  for (auto [axis, size] : enumerate(spatialOf(x))) {
    std::optional<SizeExpr> count = countAlong(site, size, windows, axis, up);
    if (!count)
      return std::nullopt;
    counts.push_back(*count);
  }
  return named(site, std::move(counts));
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

namespace {
/// What convolutions in either direction are given.
struct Convolution {
  Tensor x;
  SizeExpr in, out;
  Windows windows;
  int64_t groups;
  bool hasBias;
};
} // namespace

static std::optional<Convolution> convolution(CallSite &site) {
  std::optional<Tensor> x = image(site);
  auto channels = site.replacement(1);
  if (!x || !channels)
    return std::nullopt;
  auto &[in, out] = *channels;
  if (!(x->axes()[1] == in))
    return site.fail(site.describe(x->shape) + " has " +
                     site.describe(x->axes()[1]) + " channels, not " +
                     site.describe(in));
  unsigned count = spatialOf(*x).size();
  const Expr *kernel = site.option("kernel");
  if (!kernel)
    return site.fail("needs the option kernel");
  std::optional<Axes> sizes = site.sizesAlong(*kernel, "kernel", count);
  std::optional<Axes> strides = site.sizesOption("stride", count, SizeExpr(1));
  std::optional<int64_t> groups = site.whole("groups", 1);
  std::optional<bool> bias = site.flag("bias", false);
  if (!sizes || !strides || !groups || !bias)
    return std::nullopt;
  auto along = windows(site, *sizes, *strides, /*mayDilate=*/true);
  if (!along)
    return std::nullopt;
  if (*groups < 1)
    return site.fail("groups is " + Twine(*groups) + ", needs 1 or more");
  return Convolution{*x, in, out, std::move(*along), *groups, *bias};
}

static Built buildConvolution(CallSite &site, const Convolution &conv,
                              const Axes &spatial, bool transposed) {
  SizeExpr groups(conv.groups);
  Axes weightAxes = transposed ? Axes{conv.in, *conv.out.dividedBy(groups)}
                               : Axes{conv.out, *conv.in.dividedBy(groups)};
  append_range(weightAxes, conv.windows.sizes);
  const Configuration &configuration = site.elaborator.configuration;
  std::optional<int64_t> channels =
      configuration.evaluate(transposed ? conv.in : conv.out);
  if (!channels || *channels % conv.groups)
    return site.fail(
        "found " + site.describe(weightAxes.front()) +
        " channels, needs a multiple of groups = " + Twine(conv.groups));
  std::optional<Tensor> weight = site.weight("weight", weightAxes);
  if (!weight)
    return std::nullopt;
  Value bias;
  if (conv.hasBias) {
    std::optional<Tensor> vector = site.weight("bias", {conv.out});
    if (!vector)
      return std::nullopt;
    bias = vector->value;
  }
  Shape shape{Element::Real, {conv.x.axes()[0], conv.out}, {}};
  append_range(shape.axes, spatial);
  return site.build<nn::ConvOp>(shape, transposed, conv.x.value, weight->value,
                                bias, conv.windows.steps, conv.windows.pad,
                                conv.windows.dilation, conv.groups);
}

/// conv@path(x, C -> D, kernel = 3, stride = 1, pad = 0, dilation = 1,
///           groups = 1, bias = no, to = …)
Built buildConv(CallSite &site) {
  std::optional<Convolution> conv = convolution(site);
  if (!conv)
    return std::nullopt;
  std::optional<Axes> spatial =
      countsAlong(site, conv->x, conv->windows, /*up=*/false);
  if (!spatial)
    return std::nullopt;
  return buildConvolution(site, *conv, *spatial, /*transposed=*/false);
}

/// conv_transpose@path(x, C -> D, kernel = 2, stride = 2, output_pad = 0, …):
/// (x − 1) · stride − 2 · pad + span + output_pad places along an axis.
Built buildTransposedConv(CallSite &site) {
  std::optional<Convolution> conv = convolution(site);
  if (!conv)
    return std::nullopt;
  const Windows &windows = conv->windows;
  auto more = site.wholesOption("output_pad", spatialOf(conv->x).size(), 0);
  if (!more)
    return std::nullopt;
  Axes spatial;
  for (auto [axis, size] : enumerate(spatialOf(conv->x))) {
    int64_t most = std::max(windows.steps[axis], windows.dilation[axis]);
    if ((*more)[axis] < 0 || (*more)[axis] >= most)
      return site.fail("output_pad is " + Twine((*more)[axis]) +
                       ", needs 0 or more and less than stride or dilation, " +
                       Twine(most));
    spatial.push_back((size - SizeExpr(1)) * windows.strides[axis] +
                      nn::spanOf(windows.sizes[axis], windows.dilation[axis]) +
                      SizeExpr((*more)[axis] - 2 * windows.pad[axis]));
  }
  std::optional<Axes> axes = named(site, std::move(spatial));
  if (!axes)
    return std::nullopt;
  return buildConvolution(site, *conv, *axes, /*transposed=*/true);
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// Over all of every spatial axis: they become one, which is reduced.
static Built poolAll(CallSite &site, const Tensor &x, nn::ReduceKind kind) {
  if (!site.call.options.empty())
    return site.fail("found options, without a window, which is all of every "
                     "spatial axis");
  SizeExpr all(1);
  SmallVector<int64_t> positions;
  for (auto [axis, size] : enumerate(spatialOf(x))) {
    all *= size;
    positions.push_back(2 + axis);
  }
  Shape shape = x.shape;
  shape.axes.resize(2);
  if (is_contained(shape.axes, all))
    return site.fail(site.describe(x.shape) + " has as many places as " +
                     site.describe(all) + ", needs another name for them");
  Shape joined = shape;
  joined.axes.push_back(all);
  Builder &builder = site.builder;
  Built places = site.build<nn::RearrangeOp>(
      joined, x.value,
      builder.getArrayAttr({builder.getI64ArrayAttr({0}),
                            builder.getI64ArrayAttr({1}),
                            builder.getI64ArrayAttr(positions)}));
  if (!places)
    return std::nullopt;
  Value value = std::get<Tensor>(places->front()).value;
  return site.build<nn::ReduceOp>(
      shape, nn::ReduceKindAttr::get(builder.getContext(), kind), value,
      nn::axesOf(value).getNames().back());
}

static Built buildPool(CallSite &site, nn::PoolKind kind) {
  std::optional<Tensor> x = image(site);
  if (!x)
    return std::nullopt;
  bool isMax = kind == nn::PoolKind::Max;
  if (site.argumentCount() == 1)
    return poolAll(site, *x,
                   isMax ? nn::ReduceKind::Max : nn::ReduceKind::Mean);
  unsigned count = spatialOf(*x).size();
  std::optional<Axes> sizes =
      site.sizesAlong(*site.call.operands[1], "the window", count);
  std::optional<bool> up = site.flag("ceil", false),
                      countsPad = isMax ? false : site.flag("count_pad", true);
  if (!sizes || !up || !countsPad)
    return std::nullopt;
  const Expr *given = site.option("stride");
  std::optional<Axes> strides =
      given ? site.sizesAlong(*given, "stride", count) : sizes;
  auto window = site.wholes(*sizes, "the window");
  if (!strides || !window)
    return std::nullopt;
  for (int64_t size : *window)
    if (size < 1)
      return site.fail("the window is " + Twine(size) + ", needs 1 or more");
  auto along = windows(site, *sizes, *strides, /*mayDilate=*/false);
  if (!along)
    return std::nullopt;
  for (auto [pad, size] : zip_equal(along->pad, *window))
    if (2 * pad > size)
      return site.fail("pad is " + Twine(pad) + ", needs at most half of the " +
                       "window, " + Twine(size));
  std::optional<Axes> spatial = countsAlong(site, *x, *along, *up);
  if (!spatial)
    return std::nullopt;
  Shape shape = x->shape;
  std::copy(spatial->begin(), spatial->end(), shape.axes.begin() + 2);
  bool isPadded = any_of(along->pad, [](int64_t pad) { return pad != 0; });
  return site.build<nn::PoolOp>(
      shape, nn::PoolKindAttr::get(site.builder.getContext(), kind), x->value,
      site.builder.getDenseI64ArrayAttr(*window),
      site.builder.getDenseI64ArrayAttr(along->steps),
      site.builder.getDenseI64ArrayAttr(along->pad),
      *countsPad && isPadded ? site.builder.getUnitAttr() : UnitAttr());
}

/// maxpool(x, 2, stride = 2, pad = 0, ceil = no, to = …)
Built buildMaxPool(CallSite &site) {
  return buildPool(site, nn::PoolKind::Max);
}
/// avgpool(x, 2, stride = 2, pad = 0, ceil = no, count_pad = yes, to = …)
Built buildAveragePool(CallSite &site) {
  return buildPool(site, nn::PoolKind::Average);
}

//===----------------------------------------------------------------------===//
// Upsampling
//===----------------------------------------------------------------------===//

/// The last argument where it is a word: how to interpolate.
static std::optional<nn::UpsampleKind> interpolation(CallSite &site,
                                                     const Datum &argument) {
  const Constant *constant = std::get_if<Constant>(&argument);
  const std::string *word =
      constant ? std::get_if<std::string>(constant) : nullptr;
  std::optional<nn::UpsampleKind> kind =
      word ? nn::symbolizeUpsampleKind(*word) : std::nullopt;
  if (!kind)
    return site.fail("found " + site.describe(argument) +
                     ", needs nearest, bilinear or bicubic");
  return kind;
}

/// upsample(x, 2, bilinear, align_corners = no), upsample(x, bilinear, to = …)
Built buildUpsample(CallSite &site) {
  std::optional<Tensor> x = image(site);
  std::optional<bool> corners = site.flag("align_corners", false);
  if (!x || !corners)
    return std::nullopt;
  const Expr *to = site.option("to");
  unsigned count = spatialOf(*x).size(), next = to ? 1 : 2;
  nn::UpsampleKind kind = nn::UpsampleKind::Nearest;
  if (site.argumentCount() < next || site.argumentCount() > next + 1)
    return site.fail("needs either a factor or the option to");
  if (site.argumentCount() > next) {
    auto word = interpolation(site, site.argument(next));
    if (!word)
      return std::nullopt;
    kind = *word;
  }
  if (*corners && kind == nn::UpsampleKind::Nearest)
    return site.fail("nearest aligns no corners");
  std::optional<Axes> sizes = site.sizesAlong(to ? *to : *site.call.operands[1],
                                              to ? "to" : "the factor", count);
  auto factors = to || !sizes ? SmallVector<int64_t>(count, 1)
                              : site.wholes(*sizes, "the factor");
  if (!sizes || !factors)
    return std::nullopt;
  Shape shape = x->shape;
  for (auto [axis, size] : enumerate(*sizes)) {
    if ((*factors)[axis] < 1)
      return site.fail("the factor is " + Twine((*factors)[axis]) +
                       ", needs 1 or more");
    SizeExpr &axisOfShape = shape.axes[2 + axis];
    axisOfShape = to ? size : axisOfShape * size;
  }
  return site.build<nn::UpsampleOp>(
      shape, nn::UpsampleKindAttr::get(site.builder.getContext(), kind),
      x->value, *corners ? site.builder.getUnitAttr() : UnitAttr());
}

} // namespace heddle::language
