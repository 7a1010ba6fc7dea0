//===- Quantize.cpp - in which types weights are stored -------------------===//
//
// Enters: an nn module, and what the user asked for. Leaves: `stored` on every
// nn.weight that the packed file holds in a narrower type than f32, and an
// nn.narrow before the products that read such.
//
// Three voices decide about a weight, by its path in the model: `dtype` for
// all, the last of the `rules` that fits it, and `keep` of the model file,
// which no rule gets below.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/Glob.h"
#include "dialects/nn/PathTree.h"
#include "llvm/ADT/StringExtras.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_QUANTIZE
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;
using nn::Storage;

namespace {

/// A type that weights are stored in; none: f32.
using WeightType = std::optional<Storage>;

std::optional<WeightType> typeNamed(StringRef name) {
  if (name == "f32")
    return WeightType();
  if (auto storage = nn::symbolizeStorage(name))
    return WeightType(*storage);
  return std::nullopt;
}

StringRef nameOf(WeightType type) {
  return type ? nn::stringifyStorage(*type) : "f32";
}

/// How near to f32: of two types for a weight, `keep` chooses the nearer.
unsigned precisionOf(WeightType type) {
  if (!type)
    return 4;
  switch (*type) {
  case Storage::BF16:
    return 3;
  case Storage::Q8:
    return 2;
  case Storage::I8: // one scale for all of a column
    return 1;
  case Storage::Q4:
    return 0;
  }
  llvm_unreachable("all types are listed");
}

struct Rule {
  std::string glob;
  WeightType type;
};

/// What a weight is to the ops that read it.
enum class Role {
  Factor, ///< of products with tokens; rows of it may be picked too
  Table,  ///< only rows of it are picked
  Other
};

Role roleOf(nn::WeightOp weight) {
  bool isFactor = false, isTable = false;
  for (OpOperand &use : weight->getUses()) {
    auto linear = dyn_cast<nn::LinearOp>(use.getOwner());
    auto embed = dyn_cast<nn::EmbedOp>(use.getOwner());
    if (embed && embed.getTable() == use.get())
      isTable = true;
    else if (linear && linear.getWeight() == use.get() &&
             linear.getBias() != use.get() &&
             nn::axesOf(linear.getX()).rank() > linear.getContracts())
      isFactor = true;
    else
      return Role::Other;
  }
  return isFactor ? Role::Factor : isTable ? Role::Table : Role::Other;
}

/// Element type of the rows that meet a weight stored as `storage`.
Type rowsFor(Storage storage, MLIRContext *context) {
  switch (storage) {
  case Storage::BF16:
    return BFloat16Type::get(context);
  case Storage::I8:
    return nn::DynamicType::get(context, nn::DynamicType::kRow);
  case Storage::Q8:
  case Storage::Q4:
    return nn::DynamicType::get(context, nn::DynamicType::kGroup);
  }
  llvm_unreachable("all types are listed");
}

/// x with its contracted axes as one narrow row.
Value narrow(nn::LinearOp linear, Storage storage) {
  OpBuilder builder(linear);
  auto type = cast<RankedTensorType>(linear.getX().getType());
  nn::AxesAttr axes = nn::axesOf(type);
  int64_t contracts = linear.getContracts(), kept = axes.rank() - contracts;
  nn::SizeExpr row(1);
  for (unsigned axis = kept; axis < axes.rank(); ++axis)
    row *= axes.expr(axis);
  SmallVector<int64_t> sizes(type.getShape().take_front(kept));
  SmallVector<StringAttr> names(axes.getNames().take_front(kept));
  sizes.push_back(linear.getInputSize());
  names.push_back(builder.getStringAttr(row.str()));
  auto result = nn::tensorOf(
      sizes, rowsFor(storage, builder.getContext()),
      nn::AxesAttr::get(builder.getContext(), names, StringAttr()));
  return nn::NarrowOp::create(builder, linear.getLoc(), result, linear.getX(),
                              contracts);
}

struct Quantize : heddle::transforms::impl::QuantizeBase<Quantize> {
  using Base = heddle::transforms::impl::QuantizeBase<Quantize>;
  using Base::Base;

  void runOnOperation() override {
    if (failed(readRules()))
      return signalPassFailure();
    if (!defaultType && rules.empty())
      return;
    FailureOr<nn::PathTree> built = nn::PathTree::build(getOperation());
    if (failed(built) || failed(chooseTypes(*built)))
      return signalPassFailure();
    for (auto [weight, type] : types)
      if (type)
        weight.setStored(type);
    getOperation().walk([&](nn::LinearOp linear) {
      auto weight = linear.getWeight().getDefiningOp<nn::WeightOp>();
      if (!weight || !weight.getStored())
        return;
      linear.getXMutable().assign(narrow(linear, *weight.getStored()));
      linear.setContracts(1);
    });
  }

private:
  InFlightDiagnostic error() { return emitError(getOperation().getLoc()); }

  LogicalResult readRule(StringRef glob, StringRef type,
                         std::vector<Rule> &into) {
    std::optional<WeightType> known = typeNamed(type);
    if (!known || glob.empty())
      return error() << "found " << glob << "=" << type
                     << ", needed PATTERN=TYPE with f32, bf16, i8, q8 or q4";
    into.push_back({glob.str(), *known});
    return success();
  }

  LogicalResult readRules() {
    std::optional<WeightType> type = typeNamed(dtype);
    if (!type || precisionOf(*type) < precisionOf(Storage::BF16))
      return error() << "found dtype " << dtype << ", needed f32 or bf16";
    defaultType = *type;
    for (StringRef rule : quant) {
      auto [glob, name] = rule.rsplit('=');
      if (failed(readRule(glob, name, rules)))
        return failure();
    }
    auto weights = getOperation()->getAttrOfType<DictionaryAttr>(
        nn::NNDialect::kWeightsAttr);
    auto kept = weights ? weights.getAs<ArrayAttr>("keep") : ArrayAttr();
    for (Attribute keep : kept ? kept.getValue() : ArrayRef<Attribute>()) {
      auto parts = cast<ArrayAttr>(keep);
      if (failed(readRule(cast<StringAttr>(parts[1]).getValue(),
                          cast<StringAttr>(parts[0]).getValue(), keeps)))
        return failure();
    }
    return success();
  }

  /// Rules are for the factors of products; a table is of the dtype.
  WeightType typeFor(StringRef path, Role role) {
    if (role == Role::Other)
      return WeightType();
    WeightType type = defaultType;
    if (role == Role::Factor)
      for (auto [number, rule] : llvm::enumerate(rules))
        if (nn::matchesGlob(rule.glob, path)) {
          type = rule.type;
          fitting.insert(number);
        }
    for (const Rule &keep : keeps)
      if (nn::matchesGlob(keep.glob, path))
        return precisionOf(keep.type) > precisionOf(type) ? keep.type : type;
    return type;
  }

  LogicalResult chooseTypes(const nn::PathTree &tree) {
    llvm::StringMap<WeightType> factors; // by path
    llvm::DenseMap<Operation *, StringRef> firstPaths;
    auto choose = [&](nn::WeightOp weight, StringRef path) -> LogicalResult {
      Role role = roleOf(weight);
      WeightType type = typeFor(path, role);
      if (role == Role::Factor)
        factors.try_emplace(path, type);
      auto [at, isNew] = types.insert({weight, type});
      StringRef &first = firstPaths[weight];
      if (isNew)
        first = path;
      else if (at->second != type)
        return weight.emitError()
               << first << " is stored as " << nameOf(at->second) << " and "
               << path << " as " << nameOf(type)
               << ", needed one type: the same code reads both";
      return success();
    };
    for (const nn::PathTree::Slot &slot : tree.weights()) {
      auto weight = cast<nn::WeightOp>(slot.op);
      if (failed(choose(weight, slot.path)))
        return failure();
      for (StringRef path : slot.then)
        if (failed(choose(weight, path)))
          return failure();
    }
    // A table that is a product's weight too is stored once.
    for (const nn::PathTree::Slot &slot : tree.weights()) {
      auto weight = cast<nn::WeightOp>(slot.op);
      auto tied = factors.find(slot.path);
      if (tied != factors.end() && roleOf(weight) == Role::Table)
        types[weight] = tied->second;
    }
    return checkEveryRuleFits(tree);
  }

  LogicalResult checkEveryRuleFits(const nn::PathTree &tree) {
    for (auto [number, rule] : llvm::enumerate(rules)) {
      if (fitting.contains(number))
        continue;
      InFlightDiagnostic diagnostic = error();
      diagnostic << "found no weight of a product that fits `" << rule.glob
                 << "`";
      for (const nn::PathTree::Slot &slot : tree.weights())
        if (roleOf(cast<nn::WeightOp>(slot.op)) == Role::Factor)
          return diagnostic << ", the first there is: " << slot.path;
      return diagnostic << ": the model has no products";
    }
    return success();
  }

  WeightType defaultType;
  std::vector<Rule> rules, keeps;
  llvm::SmallDenseSet<size_t> fitting;
  llvm::MapVector<nn::WeightOp, WeightType> types;
};

} // namespace
