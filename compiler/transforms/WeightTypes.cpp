//===- WeightTypes.cpp - which type a weight is stored in -----------------===//

#include "compiler/transforms/WeightTypes.h"
#include "dialects/nn/Glob.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::transforms;
using kernel::PackedType;

Role transforms::roleOf(nn::WeightOp weight) {
  bool isFactor = false, isTable = false;
  for (OpOperand &use : weight->getUses()) {
    nn::OperandRole role = nn::roleOf(use);
    if (role != nn::OperandRole::Table && role != nn::OperandRole::Factor)
      return Role::Other;
    (role == nn::OperandRole::Table ? isTable : isFactor) = true;
  }
  return isFactor ? Role::Factor : isTable ? Role::Table : Role::Other;
}

FailureOr<WeightTypes::Rule>
WeightTypes::readRule(ModuleOp module, StringRef glob, StringRef type) {
  std::optional<PackedType> known = kernel::packedTypeNamed(type);
  if (known && !glob.empty())
    return Rule{glob.str(), *known};
  emitError(module.getLoc())
      << "found " << glob << "=" << type << ", needed PATTERN=TYPE with "
      << kernel::packedTypeNames();
  return failure();
}

FailureOr<WeightTypes> WeightTypes::read(ModuleOp module, StringRef dtype,
                                         ArrayRef<std::string> stored,
                                         ArrayRef<std::string> quant) {
  WeightTypes types;
  std::optional<PackedType> type = kernel::packedTypeNamed(dtype);
  if (!type || kernel::isQuantised(*type)) {
    emitError(module.getLoc())
        << "found dtype " << dtype << ", needed f32 or bf16";
    return failure();
  }
  types.defaultType = *type;
  for (StringRef rule : quant) {
    auto [glob, name] = rule.rsplit('=');
    FailureOr<Rule> read = readRule(module, glob, name);
    if (failed(read))
      return failure();
    types.rules.push_back(*read);
  }
  for (StringRef line : stored) {
    auto [path, name] = line.rsplit('=');
    FailureOr<Rule> read = readRule(module, path, name);
    if (failed(read))
      return failure();
    types.storedTypes[path] = read->type;
  }
  auto weights =
      module->getAttrOfType<DictionaryAttr>(nn::NNDialect::kWeightsAttr);
  auto kept = weights ? weights.getAs<ArrayAttr>("keep") : ArrayAttr();
  for (Attribute keep : kept ? kept.getValue() : ArrayRef<Attribute>()) {
    auto parts = cast<ArrayAttr>(keep);
    FailureOr<Rule> read =
        readRule(module, cast<StringAttr>(parts[1]).getValue(),
                 cast<StringAttr>(parts[0]).getValue());
    if (failed(read))
      return failure();
    types.keeps.push_back(*read);
  }
  return types;
}

/// As `dtype` or a rule asks for.
static WeightType asked(PackedType type) {
  return {type, type != PackedType::F32 && type != PackedType::F16};
}

WeightType WeightTypes::typeFor(StringRef path, Role role) {
  if (role == Role::Other)
    return {};
  PackedType type = defaultType;
  bool isAsked = false;
  for (auto [number, rule] : llvm::enumerate(rules))
    if (nn::matchesGlob(rule.glob, path)) {
      type = rule.type;
      isAsked = true;
      fitting.insert(number);
    }
  // What the checkpoint has keeps its bits: nothing is more precise.
  auto found = storedTypes.find(path);
  std::optional<WeightType> ofCheckpoint;
  if (found != storedTypes.end())
    ofCheckpoint = {found->second, kernel::isQuantised(found->second)};
  if (!isAsked && ofCheckpoint)
    return *ofCheckpoint;
  for (const Rule &keep : keeps) {
    if (!nn::matchesGlob(keep.glob, path))
      continue;
    if (kernel::formatOf(keep.type).precision <=
        kernel::formatOf(type).precision)
      break;
    bool isExact = ofCheckpoint && !ofCheckpoint->narrowsRows;
    return isExact ? *ofCheckpoint : asked(keep.type);
  }
  return asked(type);
}

std::optional<StringRef> WeightTypes::unfitting() const {
  for (auto [number, rule] : llvm::enumerate(rules))
    if (!fitting.contains(number))
      return StringRef(rule.glob);
  return std::nullopt;
}
