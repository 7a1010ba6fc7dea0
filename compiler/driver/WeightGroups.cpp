//===- WeightGroups.cpp - weights that share their type -------------------===//

#include "compiler/driver/WeightGroups.h"
#include "compiler/driver/TypeMix.h"
#include "compiler/transforms/WeightTypes.h"
#include "dialects/nn/PathTree.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedType;

std::string WeightGroup::name() const {
  std::string text = patterns.front();
  if (patterns.size() > 1)
    text += " and " + std::to_string(patterns.size() - 1) + " more";
  return text;
}

int64_t WeightGroup::elements() const {
  int64_t sum = 0;
  for (const auto &[path, weight] : weights)
    sum += weight.elements;
  return sum;
}

PackedType WeightGroup::narrowest() const {
  PackedType narrowest = weights.begin()->second.type;
  for (const auto &[path, weight] : weights)
    if (bitsOf(weight.type) < bitsOf(narrowest))
      narrowest = weight.type;
  return narrowest;
}

int64_t WeightGroup::narrowestElements() const {
  PackedType type = narrowest();
  int64_t sum = 0;
  for (const auto &[path, weight] : weights)
    sum += weight.type == type ? weight.elements : 0;
  return sum;
}

double WeightGroup::bits(PackedType least) const {
  double sum = 0;
  for (const auto &[path, weight] : weights)
    sum +=
        weight.elements * (weight.type == PackedType::F32
                               ? bitsOf(weight.held)
                               : std::max(bitsOf(weight.type), bitsOf(least)));
  return sum;
}

bool WeightGroup::isUniform() const {
  return llvm::all_of(weights, [&](const auto &entry) {
    return entry.second.type == weights.begin()->second.type;
  });
}

static std::string rule(llvm::StringRef pattern, PackedType type) {
  return (pattern + "=" + kernel::nameOf(type)).str();
}

std::vector<std::string> WeightGroup::rulesToSet(PackedType type) const {
  std::vector<std::string> rules;
  for (const std::string &pattern : patterns)
    rules.push_back(rule(pattern, type));
  return rules;
}

std::optional<std::string> WeightGroup::stack() const {
  std::optional<std::string> common;
  for (llvm::StringRef pattern : patterns) {
    size_t star = pattern.find('*');
    if (star == llvm::StringRef::npos ||
        (common && *common != pattern.take_front(star)))
      return std::nullopt;
    common = pattern.take_front(star).str();
  }
  return common;
}

int64_t WeightGroup::layerOf(llvm::StringRef path) {
  int64_t layer = 0;
  for (llvm::StringRef word : llvm::split(path, '.'))
    if (!word.getAsInteger(10, layer))
      break;
  return layer;
}

std::vector<std::string> WeightGroup::rulesToSet(PackedType type, int64_t first,
                                                 int64_t last) const {
  std::string layers = std::to_string(first);
  if (last != first)
    layers = "[" + layers + "-" + std::to_string(last) + "]";
  std::vector<std::string> rules;
  for (llvm::StringRef pattern : patterns) {
    auto [before, behind] = pattern.split('*');
    rules.push_back(rule((before + layers + behind).str(), type));
  }
  return rules;
}

std::vector<std::string> WeightGroup::rulesToWiden(PackedType type) const {
  if (isUniform())
    return rulesToSet(type);
  std::vector<std::string> rules;
  for (const auto &[path, weight] : weights)
    if (bitsOf(weight.type) < bitsOf(type))
      rules.push_back(rule(path, type));
  return rules;
}

std::vector<std::string> WeightGroup::ownRules() const {
  if (isUniform())
    return rulesToSet(weights.begin()->second.type);
  std::vector<std::string> rules;
  for (const auto &[path, weight] : weights)
    rules.push_back(rule(path, weight.type));
  return rules;
}

/// `layers.*.up.weight` of `layers.3.up.weight`.
static std::string patternOf(llvm::StringRef path) {
  std::vector<std::string> words;
  for (llvm::StringRef word : llvm::split(path, '.'))
    words.push_back(
        llvm::all_of(word, llvm::isDigit) && !word.empty() ? "*" : word.str());
  return llvm::join(words, ".");
}

llvm::FailureOr<std::vector<WeightGroup>>
driver::weightGroups(mlir::ModuleOp module, const pipeline::Options &options) {
  auto tree = nn::PathTree::build(module);
  using transforms::WeightTypes;
  auto asked = WeightTypes::read(module, options.defaultType(), options.stored,
                                 options.quant);
  auto held = WeightTypes::read(module, options.defaultType(),
                                options.allStored(), options.quant);
  if (failed(tree) || failed(asked) || failed(held))
    return llvm::failure();
  // What one op reads is of one type, and what one pattern fits is too.
  llvm::EquivalenceClasses<unsigned> together;
  llvm::StringMap<unsigned> numbers; // of patterns
  llvm::DenseMap<mlir::Operation *, unsigned> patternOfOp;
  struct Weight {
    std::string path, pattern;
    WeightGroup::Weight weight;
  };
  std::vector<Weight> weights;
  for (const nn::PathTree::Slot &slot : tree->weights()) {
    auto weight = mlir::cast<nn::WeightOp>(slot.op);
    transforms::Role role = transforms::roleOf(weight);
    if (role == transforms::Role::Other)
      continue;
    std::string pattern = patternOf(slot.path);
    unsigned number =
        numbers.try_emplace(pattern, numbers.size()).first->second;
    together.insert(number);
    together.unionSets(patternOfOp.try_emplace(slot.op, number).first->second,
                       number);
    weights.push_back(
        {slot.path,
         pattern,
         {asked->typeFor(slot.path, role).packed, slot.type.getNumElements(),
          held->typeFor(slot.path, role).packed}});
  }
  llvm::MapVector<unsigned, WeightGroup> groups;
  for (const Weight &weight : weights) {
    unsigned leader = together.getLeaderValue(numbers.lookup(weight.pattern));
    WeightGroup &group = groups[leader];
    group.weights.try_emplace(weight.path, weight.weight);
    if (!llvm::is_contained(group.patterns, weight.pattern))
      group.patterns.push_back(weight.pattern);
  }
  std::vector<WeightGroup> result;
  for (auto &[leader, group] : groups)
    result.push_back(std::move(group));
  return result;
}
