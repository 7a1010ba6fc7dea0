//===- Weights.cpp - from a checkpoint to the packed weights of a program -===//

#include "compiler/driver/Weights.h"
#include "compiler/driver/Compilation.h"
#include "compiler/driver/Progress.h"
#include "compiler/files/Message.h"
#include "dialects/nn/NN.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using checkpoint::PackedTensor;
using checkpoint::Problems;
using checkpoint::RandomFill;
using checkpoint::TensorNeed;
using llvm::LogicalResult;
using mlir::ArrayAttr;
using mlir::Attribute;
using mlir::StringAttr;
using nn::WeightRules;
using pipeline::WeightFill;
using pipeline::WeightTable;

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
  return rules;
}

std::vector<TensorNeed> driver::tensorNeeds(const WeightTable &table) {
  std::vector<TensorNeed> needs;
  llvm::StringSet<> known;
  for (const WeightTable::Tensor &tensor : table.tensors)
    for (const WeightTable::Part &part : tensor.parts)
      if (known.insert(part.path).second)
        needs.push_back(
            {part.path, {part.shape.begin(), part.shape.end()}, part.location});
  return needs;
}

static RandomFill randomFill(WeightFill fill) {
  switch (fill) {
  case WeightFill::Normal:
    return RandomFill::Normal;
  case WeightFill::Ones:
    return RandomFill::Ones;
  case WeightFill::Zeros:
    return RandomFill::Zeros;
  }
  llvm_unreachable("all fills are listed");
}

llvm::FailureOr<Weights> Weights::bind(mlir::ModuleOp module,
                                       const codegen::Program &program,
                                       const Arguments &arguments,
                                       checkpoint::Source *source,
                                       llvm::ArrayRef<char> tokenizer) {
  llvm::FailureOr<WeightTable> table = pipeline::getWeightTable(module);
  if (failed(table))
    return llvm::failure();
  Weights weights;
  Problems problems;
  std::vector<TensorNeed> needs = tensorNeeds(*table);
  llvm::StringMap<const checkpoint::StoredTensor *> bound;
  if (!arguments.randomWeights) {
    weights.source = source;
    if (source->open(problems))
      if (auto found =
              bindTensors(*source, needs, weightRules(module), problems))
        for (auto [need, tensor] : llvm::zip_equal(needs, *found))
          bound[need.path] = tensor;
  }
  weights.tokenizer.assign(tokenizer.begin(), tokenizer.end());
  if (!problems.empty()) {
    problems.print(llvm::errs());
    return llvm::failure();
  }

  for (const WeightTable::Tensor &tensor : table->tensors) {
    PackedTensor packed{{}, tensor.layout};
    for (const WeightTable::Part &part : tensor.parts)
      // Sides of 1 do not count: a bias stored as [1, V] is packed as [V].
      packed.parts.push_back({part.path,
                              {part.shape.begin(), part.shape.end()},
                              bound.lookup(part.path),
                              randomFill(tensor.fill)});
    weights.request.tensors.push_back(std::move(packed));
  }
  weights.request.slots.assign(table->slots.begin(), table->slots.end());
  weights.request.fingerprint = program.fingerprint;
  weights.request.randomSeed = arguments.randomWeights.value_or(0);
  weights.request.threads = arguments.threads;
  weights.remarks = arguments.options.remarks;
  return weights;
}

LogicalResult Weights::pack(Write write, llvm::StringRef path,
                            llvm::StringRef name) {
  Progress progress("packing weights");
  request.name = name.str();
  request.checkpoint = source;
  request.tokenizer = tokenizer;
  request.progress = [&](uint64_t done, uint64_t total) {
    progress.update(done, total);
  };
  llvm::Expected<checkpoint::PackResult> result = write(path, request);
  if (!result)
    return fail(result.takeError());
  for (const auto &[path, largest, type] : result->coarse)
    files::printMessage(
        llvm::errs(), files::Severity::Note,
        llvm::formatv("{0}: weights up to {1:e2} are too small for the scales "
                      "of {2}, and rounded coarsely or to zero; --quant "
                      "'{0}=bf16' keeps them",
                      path, largest, kernel::nameOf(type))
            .str());
  if (remarks)
    for (const auto &[name, count] : result->nonFinite)
      llvm::errs() << "remark: " << name << ": " << count
                   << " elements are infinite or not a number\n";
  return llvm::success();
}

LogicalResult Weights::appendTo(llvm::StringRef path, llvm::StringRef name) {
  return pack(checkpoint::appendPackedFile, path, name);
}

LogicalResult Weights::writeTo(llvm::StringRef path, llvm::StringRef name) {
  return pack(checkpoint::writePackedFile, path, name);
}
