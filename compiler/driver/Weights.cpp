//===- Weights.cpp - from a checkpoint to the packed weights of a program -===//

#include "compiler/driver/Weights.h"
#include "compiler/checkpoint/RoundingErrors.h"
#include "compiler/driver/Calibration.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Progress.h"
#include "compiler/files/Message.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using checkpoint::PackedTensor;
using checkpoint::Problems;
using llvm::LogicalResult;
using mlir::ArrayAttr;
using mlir::Attribute;
using mlir::StringAttr;
using nn::WeightRules;

static std::string text(Attribute attribute) {
  return mlir::cast<StringAttr>(attribute).str();
}

WeightRules driver::weightRules(mlir::ModuleOp module) {
  WeightRules rules;
  auto fields =
      module->getAttrOfType<mlir::DictionaryAttr>(nn::NNDialect::kWeightsAttr);
  if (!fields)
    return rules;
  auto list = [&](llvm::StringRef name) {
    auto elements = fields.getAs<ArrayAttr>(name);
    return elements ? elements.getValue() : llvm::ArrayRef<Attribute>();
  };
  for (Attribute rule : list("prefix")) {
    auto parts = mlir::cast<ArrayAttr>(rule);
    rules.prefixes.push_back(
        {text(parts[0]), mlir::cast<mlir::BoolAttr>(parts[1]).getValue()});
  }
  for (Attribute rule : list("rename")) {
    auto parts = mlir::cast<ArrayAttr>(rule);
    rules.renames.push_back({text(parts[0]), text(parts[1])});
  }
  for (Attribute rule : list("ignore"))
    rules.ignores.push_back(text(rule));
  for (Attribute rule : list("same")) {
    auto parts = mlir::cast<ArrayAttr>(rule);
    rules.sames.push_back({text(parts[0]), text(parts[1])});
  }
  for (Attribute rule : list("split")) {
    auto halves = mlir::cast<ArrayAttr>(rule);
    nn::WeightRules::Split &split =
        rules.splits.emplace_back(nn::WeightRules::Split{text(halves[0]), {}});
    for (Attribute part : mlir::cast<ArrayAttr>(halves[1]))
      split.parts.push_back(text(part));
  }
  return rules;
}

std::vector<PackedTensor>
driver::packedTensors(program::DescriptionOp description) {
  std::vector<PackedTensor> tensors;
  for (auto tensor : description.getOps<program::TensorOp>()) {
    PackedTensor &packed = tensors.emplace_back();
    packed.layout = tensor.getLayout().getLayout();
    for (program::PartAttr part : tensor.partRange())
      packed.parts.push_back(
          {part.getPath().str(), llvm::SmallVector<int64_t, 4>(part.getShape()),
           part.getLocation().str(), /*stored=*/nullptr, tensor.getFill()});
  }
  return tensors;
}

llvm::FailureOr<Weights> Weights::bind(mlir::ModuleOp module,
                                       const Arguments &arguments,
                                       checkpoint::Source *source,
                                       llvm::ArrayRef<char> tokenizer) {
  program::DescriptionOp description = program::descriptionOf(module);
  Weights weights;
  Problems problems;
  weights.request.tensors = packedTensors(description);
  if (!arguments.randomWeights) {
    weights.source = source;
    WeightRules rules = weightRules(module);
    if (arguments.leavesTensors)
      rules.ignores.push_back("**");
    if (source->open(problems) && source->split(rules, problems))
      bindTensors(*source, weights.request.tensors, rules, problems);
  }
  weights.tokenizer.assign(tokenizer.begin(), tokenizer.end());
  if (!problems.empty()) {
    problems.print(llvm::errs());
    return llvm::failure();
  }

  weights.importance = arguments.importance;
  if (weights.importance)
    for (PackedTensor &tensor : weights.request.tensors)
      for (checkpoint::TensorPart &part : tensor.parts)
        part.importance = weights.importance->of(part.path);
  llvm::append_range(weights.request.slots, description.weightSlots());
  weights.request.fingerprint = description.fingerprint();
  weights.request.randomSeed = arguments.randomWeights.value_or(0);
  weights.request.threads = arguments.threads;
  weights.remarks = arguments.options.remarks;
  weights.tellsNotes = arguments.tellsNotes;
  return weights;
}

llvm::FailureOr<llvm::StringMap<std::vector<double>>> Weights::roundingErrors(
    llvm::ArrayRef<kernel::PackedType> types,
    llvm::function_ref<bool(llvm::StringRef)> isMeant) const {
  llvm::StringMap<std::vector<double>> errors;
  for (const PackedTensor &tensor : request.tensors)
    for (const checkpoint::TensorPart &part : tensor.parts) {
      if (!isMeant(part.path) || errors.contains(part.path))
        continue;
      auto ofPart = checkpoint::roundingErrors(source, request.randomSeed, part,
                                               tensor.layout, types);
      if (!ofPart)
        return fail(ofPart.takeError());
      errors[part.path] = std::move(*ofPart);
    }
  return errors;
}

bool Weights::round(const llvm::StringMap<kernel::PackedType> &types) {
  bool canRound = true;
  for (PackedTensor &tensor : request.tensors)
    for (checkpoint::TensorPart &part : tensor.parts) {
      auto type = types.find(part.path);
      part.rounded.reset();
      if (type == types.end())
        continue;
      part.rounded = type->second;
      canRound &= tensor.layout.kind == kernel::PackedLayout::Kind::Panel;
    }
  if (!canRound)
    round({});
  return canRound;
}

std::vector<std::vector<std::string>> Weights::pathsOfSlots() const {
  std::vector<std::vector<std::string>> paths;
  for (uint32_t tensor : request.slots) {
    std::vector<std::string> &ofSlot = paths.emplace_back();
    for (const checkpoint::TensorPart &part : request.tensors[tensor].parts)
      ofSlot.push_back(part.path);
  }
  return paths;
}

LogicalResult Weights::pack(Write write, llvm::StringRef path,
                            llvm::StringRef name) {
  Progress progress("packing weights");
  request.name = name.str();
  request.checkpoint = source;
  request.tokenizer = tokenizer;
  if (draft) {
    draft->request.name = request.name;
    draft->request.checkpoint = draft->source;
    request.draft = &draft->request;
  }
  request.progress = [&](uint64_t done, uint64_t total) {
    progress.update(done, total);
  };
  llvm::Expected<checkpoint::PackResult> result = write(path, request);
  if (!result)
    return fail(result.takeError());
  for (const auto &[path, largest, type] : result->coarse)
    if (tellsNotes)
      files::printMessage(
          llvm::errs(), files::Severity::Note,
          llvm::formatv(
              "{0}: weights up to {1:e2} are too small for {3}{2}, and rounded "
              "coarsely or to zero; --quant '{0}=bf16' keeps them",
              path, largest, kernel::nameOf(type),
              kernel::isQuantised(type) ? "the scales of " : "")
              .str());
  if (remarks)
    for (const auto &[name, count] : result->nonFinite)
      llvm::errs() << "remark: " << name << ": " << count
                   << " elements are infinite or not a number\n";
  return llvm::success();
}

void Weights::add(Weights other) {
  draft = std::make_shared<Weights>(std::move(other));
}

LogicalResult Weights::appendTo(llvm::StringRef path, llvm::StringRef name) {
  return pack(checkpoint::appendPackedFile, path, name);
}

LogicalResult Weights::writeTo(llvm::StringRef path, llvm::StringRef name) {
  return pack(checkpoint::writePackedFile, path, name);
}
