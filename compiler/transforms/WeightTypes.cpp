//===- WeightTypes.cpp - which type a weight is stored in -----------------===//

#include "compiler/transforms/WeightTypes.h"
#include "dialects/nn/Glob.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::transforms;
using nn::Storage;

static std::optional<WeightType> typeNamed(StringRef name) {
  if (name == "f32")
    return WeightType();
  if (auto storage = nn::symbolizeStorage(name))
    return WeightType(*storage);
  return std::nullopt;
}

StringRef transforms::nameOf(WeightType type) {
  return type ? nn::stringifyStorage(*type) : "f32";
}

/// How near to f32: of two types for a weight, `keep` chooses the nearer.
static unsigned precisionOf(WeightType type) {
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

Role transforms::roleOf(nn::WeightOp weight) {
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

LogicalResult WeightTypes::readRule(ModuleOp module, StringRef glob,
                                    StringRef type, std::vector<Rule> &into) {
  std::optional<WeightType> known = typeNamed(type);
  if (!known || glob.empty())
    return emitError(module.getLoc())
           << "found " << glob << "=" << type
           << ", needed PATTERN=TYPE with f32, bf16, i8, q8 or q4";
  into.push_back({glob.str(), *known});
  return success();
}

FailureOr<WeightTypes> WeightTypes::read(ModuleOp module, StringRef dtype,
                                         ArrayRef<std::string> quant) {
  WeightTypes types;
  std::optional<WeightType> type = typeNamed(dtype);
  if (!type || precisionOf(*type) < precisionOf(Storage::BF16)) {
    emitError(module.getLoc())
        << "found dtype " << dtype << ", needed f32 or bf16";
    return failure();
  }
  types.defaultType = *type;
  for (StringRef rule : quant) {
    auto [glob, name] = rule.rsplit('=');
    if (failed(readRule(module, glob, name, types.rules)))
      return failure();
  }
  auto weights =
      module->getAttrOfType<DictionaryAttr>(nn::NNDialect::kWeightsAttr);
  auto kept = weights ? weights.getAs<ArrayAttr>("keep") : ArrayAttr();
  for (Attribute keep : kept ? kept.getValue() : ArrayRef<Attribute>()) {
    auto parts = cast<ArrayAttr>(keep);
    if (failed(readRule(module, cast<StringAttr>(parts[1]).getValue(),
                        cast<StringAttr>(parts[0]).getValue(), types.keeps)))
      return failure();
  }
  return types;
}

WeightType WeightTypes::typeFor(StringRef path, Role role) {
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

std::optional<StringRef> WeightTypes::unfitting() const {
  for (auto [number, rule] : llvm::enumerate(rules))
    if (!fitting.contains(number))
      return StringRef(rule.glob);
  return std::nullopt;
}
