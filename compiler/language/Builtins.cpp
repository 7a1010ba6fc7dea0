//===- Builtins.cpp - The table of built-in operations --------------------===//

#include "compiler/language/Builtins.h"

#include "compiler/language/BuiltinFunctions.h"
#include "dialects/nn/NN.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

static constexpr unsigned any = ~0u;

static constexpr Builtin builtins[] = {
    // name         function            arguments  path   options
    {"linear", buildLinear, 2, 2, true, "bias layout"},
    {"embed", buildEmbed, 2, 2, true, ""},
    {"param", buildParam, 1, 1, true, ""},
    {"conv", buildConv, 2, 2, true, "kernel stride pad dilation groups bias to",
     "", "images"},
    {"conv_transpose", buildTransposedConv, 2, 2, true,
     "kernel stride pad output_pad dilation groups bias to", "", "images"},
    {"rmsnorm", buildRmsNorm, 1, 1, true, "eps weight offset"},
    {"layernorm", buildLayerNorm, 1, 1, true, "eps weight bias offset"},
    {"batchnorm", buildBatchNorm, 1, 1, true, "eps"},
    {"attention", buildAttention, 3, 3, false, "scale cap sink bias", "",
     "attention"},
    {"dot", buildDot, 3, 3, false, "", "", "attention"},
    {"cache", buildCache, 2, 2, true, "", "", "sessions-caches-and-states"},
    {"softmax", buildSoftmax, 2, 2, false, "", "", "attention"},
    {"bucket", buildBucket, 3, 3, false, "both around", "", "attention"},
    {"positions", buildPositions, 1, 2, false, ""},
    {"sinusoid", buildSinusoid, 2, 2, false, "order base"},
    {"rope", buildRope, 2, 2, false, "base dims pairs scaling length original"},
    {"concat", buildConcat, 2, any, false, ""},
    {"split", buildSplit, 2, 2, false, ""},
    {"mean", buildMean, 2, 2, false, ""},
    {"sum", buildSum, 2, 2, false, ""},
    {"max", buildMax, 2, 2, false, ""},
    {"min", buildMin, 2, 2, false, ""},
    {"argmax", buildArgmax, 2, 2, false, ""},
    {"first", buildFirst, 2, 2, false, ""},
    {"last", buildLast, 2, 2, false, ""},
    {"normalize", buildNormalize, 2, 2, false, "eps"},
    {"topk", buildTopk, 2, 2, false, ""},
    {"take", buildTake, 2, 2, false, ""},
    {"maxpool", buildMaxPool, 1, 2, false, "stride pad ceil to", "", "images"},
    {"avgpool", buildAveragePool, 1, 2, false, "stride pad ceil count_pad to",
     "", "images"},
    {"upsample", buildUpsample, 1, 3, false, "align_corners to", "", "images"},
};

static auto allBuiltins() {
  return llvm::concat<const Builtin>(ArrayRef(builtins), elementwiseBuiltins());
}

const Builtin *findBuiltin(StringRef name) {
  for (const Builtin &builtin : allBuiltins())
    if (builtin.name == name)
      return &builtin;
  return nullptr;
}

const Builtin *findActivation(StringRef name) {
  for (const Builtin &builtin : elementwiseBuiltins()) {
    SmallVector<StringRef> names;
    builtin.inConfig.split(names, ' ');
    if (is_contained(names, name))
      return &builtin;
  }
  return nullptr;
}

SmallVector<StringRef> builtinNames() {
  return to_vector(
      map_range(allBuiltins(), [](const Builtin &builtin) -> StringRef {
        return builtin.name;
      }));
}

static SmallVector<StringRef> optionsOf(const Builtin &builtin) {
  SmallVector<StringRef> names;
  StringRef(builtin.options).split(names, ' ', -1, /*KeepEmpty=*/false);
  return names;
}

static bool checkOption(const Word &name, const Builtin &builtin,
                        Elaborator &elaborator) {
  SmallVector<StringRef> names = optionsOf(builtin);
  if (is_contained(names, name.text))
    return true;
  elaborator.error(name.place,
                   builtin.name + " has no option " + name.text +
                       (names.empty() ? "" : "; it has " + join(names, ", ")));
  return false;
}

void checkDefault(const DefaultDecl &decl, Elaborator &elaborator) {
  const Builtin *builtin = findBuiltin(decl.op.text);
  if (!builtin) {
    elaborator.error(decl.op.place, "unknown operation " + decl.op.text +
                                        suggest(decl.op.text, builtinNames()));
    return;
  }
  for (const Option &option : decl.options)
    checkOption(option.name, *builtin, elaborator);
}

//===----------------------------------------------------------------------===//
// CallSite
//===----------------------------------------------------------------------===//

std::nullopt_t CallSite::fail(const Twine &message) {
  elaborator.error(call.place, builtin.name + ": " + message);
  return std::nullopt;
}

Data CallSite::run() {
  Diagnostics::Topic topic(elaborator.diagnostics, builtin.topic);
  if (!checkForm())
    return {Faulty()};
  bool ok = true;
  for (const ExprPtr &operand : call.operands) {
    // A pattern is no value; who asks for it resolves it.
    arguments.push_back(operand->is(Expr::Kind::Pattern)
                            ? Datum(Constant(None()))
                            : elaborator.evaluate(*operand));
    ok &= !isFaulty(arguments.back());
  }
  if (!ok)
    return {Faulty()};
  // Of a number for one pair, functions of a number alone.
  if (const Scalar *scalar = std::get_if<Scalar>(&arguments.front());
      scalar && arguments.size() == 1 && !builtin.hasPath)
    return {elaborator.scalarFunction(call, *scalar)};
  return builtin.build(*this).value_or(Data{Faulty()});
}

/// The number of arguments, whether there is a path, and the names of options.
bool CallSite::checkForm() {
  unsigned count = call.operands.size();
  if (count < builtin.minArguments || count > builtin.maxArguments) {
    std::string needed = std::to_string(builtin.minArguments);
    if (builtin.maxArguments == any)
      needed += " or more";
    else if (builtin.maxArguments != builtin.minArguments)
      needed += " to " + std::to_string(builtin.maxArguments);
    fail("found " + Twine(count) + (count == 1 ? " argument" : " arguments") +
         ", needs " + needed);
    return false;
  }
  // What may go without weights says itself whether it needs the path.
  if (builtin.hasPath && !option("weight") && !requirePath())
    return false;
  if (!builtin.hasPath && call.path) {
    elaborator.error(call.path->place,
                     builtin.name + " has no weights, so no path");
    return false;
  }
  bool ok = true;
  for (const Option &option : call.options)
    ok &= checkOption(option.name, builtin, elaborator);
  return ok;
}

bool CallSite::requirePath() {
  if (!call.path)
    fail("found no path, needs " + builtin.name + "@path(…)");
  return call.path != nullptr;
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static std::string ordinal(unsigned index) {
  static constexpr StringLiteral words[] = {"first", "second", "third"};
  return index < 3 ? words[index].str() : std::to_string(index + 1) + "th";
}

std::optional<Tensor> CallSite::tensor(unsigned index) {
  if (const Tensor *tensor = std::get_if<Tensor>(&arguments[index]))
    return *tensor;
  std::string found = isPattern(index)
                          ? language::describe(*call.operands[index])
                          : describe(arguments[index]);
  return fail("the " + ordinal(index) + " argument is " + found +
              ", needs a tensor");
}

std::optional<Tensor> CallSite::realTensor(unsigned index) {
  std::optional<Tensor> found = tensor(index);
  if (found && found->shape.element != Element::Real)
    return fail("the " + ordinal(index) + " argument is " +
                describe(found->shape) + ", needs real elements");
  return found;
}

std::optional<Tensor> CallSite::intTensor(unsigned index) {
  std::optional<Tensor> found = tensor(index);
  if (found && found->shape.element != Element::Int)
    return fail("the " + ordinal(index) + " argument is " +
                describe(found->shape) + ", needs whole numbers");
  return found;
}

std::optional<unsigned> CallSite::axisOf(const Tensor &tensor, unsigned index) {
  const Constant *constant = std::get_if<Constant>(&arguments[index]);
  const SizeExpr *size = constant ? std::get_if<SizeExpr>(constant) : nullptr;
  if (!size)
    return fail("the " + ordinal(index) + " argument is " +
                describe(arguments[index]) + ", needs an axis");
  auto place = llvm::find(tensor.axes(), *size);
  if (place == tensor.axes().end())
    return fail(describe(tensor.shape) + " has no axis " + describe(*size));
  if (llvm::count(tensor.axes(), *size) > 1)
    return fail(describe(tensor.shape) + " has several axes " +
                describe(*size) + ", needs a name for each");
  return place - tensor.axes().begin();
}

std::optional<int64_t> CallSite::wholeArgument(unsigned index) {
  const Constant *constant = std::get_if<Constant>(&arguments[index]);
  if (const SizeExpr *size =
          constant ? std::get_if<SizeExpr>(constant) : nullptr)
    if (std::optional<int64_t> value = elaborator.configuration.evaluate(*size))
      return value;
  return fail("the " + ordinal(index) + " argument is " +
              describe(arguments[index]) + ", needs a whole number");
}

std::optional<CallSite::Groups> CallSite::groups(unsigned index) {
  const Expr &pattern = *call.operands[index];
  if (!pattern.is(Expr::Kind::Pattern) || !pattern.hasArrow)
    return fail("the " + ordinal(index) + " argument is " +
                language::describe(pattern) +
                ", needs axes and what becomes of them: D -> H K");
  Groups result;
  bool ok = true;
  auto resolve = [&](const AxisGroups &groups,
                     SmallVectorImpl<Axes> &resolved) {
    for (const ExprList &group : groups) {
      std::optional<Axes> axes = elaborator.resolveAxes(group);
      ok &= axes.has_value();
      if (axes)
        resolved.push_back(std::move(*axes));
    }
  };
  resolve(pattern.from, result.from);
  resolve(pattern.to, result.to);
  if (!ok)
    return std::nullopt;
  return result;
}

std::optional<std::pair<SizeExpr, SizeExpr>>
CallSite::replacement(unsigned index) {
  std::optional<Groups> both = groups(index);
  if (!both)
    return std::nullopt;
  if (both->from.size() != 1 || both->from[0].size() != 1 ||
      both->to.size() != 1 || both->to[0].size() != 1)
    return fail("found " + language::describe(*call.operands[index]) +
                ", needs one axis that becomes another: T -> S");
  return std::pair(both->from[0][0], both->to[0][0]);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

std::optional<PathText> CallSite::path() {
  std::optional<PathText> path = elaborator.evaluatePath(*call.path);
  if (path && path->route)
    return fail("the data can choose among blocks only, not among weights");
  return path;
}

/// No tensor is near it; sums over a whole model still fit in 64 bits.
static constexpr int64_t mostElements = int64_t(1) << 44;

std::optional<Tensor> CallSite::weight(StringRef suffix, const Axes &axes) {
  std::optional<PathText> at = path();
  if (!at)
    return std::nullopt;
  Shape shape{Element::Real, axes, {}};
  for (const SizeExpr &axis : axes)
    if (elaborator.configuration.isDynamic(axis))
      return fail("weights " + describe(axes) + " cannot depend on " +
                  describe(axis) + ", which is known only at run time");
  RankedTensorType type = typeOf(shape);
  if (!type)
    return std::nullopt;
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    elements = llvm::SaturatingMultiply<uint64_t>(elements, size) < mostElements
                   ? elements * size
                   : mostElements;
  if (elements == mostElements)
    return fail("weights " + describe(axes) + " have too many elements");
  Value value = nn::WeightOp::create(
      builder, location(), type, builder.getStringAttr(at->joined(suffix)),
      at->absolute ? builder.getUnitAttr() : UnitAttr(), at->indices);
  return Tensor{value, shape};
}

} // namespace heddle::language
