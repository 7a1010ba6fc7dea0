//===- TypeCosts.cpp - what each type costs each weight -------------------===//

#include "compiler/driver/TypeCosts.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace heddle;
using namespace heddle::driver;
using kernel::PackedFormat;
using kernel::PackedType;
using llvm::LogicalResult;
using pipeline::Options;

/// Blocks of successive layers whose cost is measured, of a stack.
static constexpr int64_t mostBlocks = 6;
/// Of the alternation between the factors of kinds and of blocks.
static constexpr int roundsOfFit = 20;

static size_t numberOf(PackedType type) { return static_cast<size_t>(type); }

TypeCosts::TypeCosts(llvm::ArrayRef<const WeightGroup *> groups) {
  std::map<std::string, int> stacks;
  for (const WeightGroup *group : groups) {
    Kind &kind = kinds.emplace_back();
    kind.group = group;
    if (std::optional<std::string> stack = group->stack())
      kind.stack = stacks.try_emplace(*stack, stacks.size()).first->second;
    for (const auto &[path, weight] : group->weights)
      kind.layers[layerOf(kind, path)].elements += weight.elements;
  }
}

int64_t TypeCosts::layerOf(const Kind &kind, llvm::StringRef path) {
  return kind.stack == LayeredGroup::none ? 0 : WeightGroup::layerOf(path);
}

/// Means over a layer's weights of a kind. What is not quantised errs as
/// normally distributed weights do.
LogicalResult TypeCosts::findErrors(const Weights &weights) {
  std::vector<PackedType> quantised;
  for (const PackedFormat &format : kernel::packedFormats())
    if (format.isQuantised())
      quantised.push_back(format.type);
  llvm::StringSet<> meant;
  for (const Kind &kind : kinds)
    for (const auto &[path, weight] : kind.group->weights)
      meant.insert(path);
  auto byPath = weights.roundingErrors(
      quantised, [&](llvm::StringRef path) { return meant.contains(path); });
  if (failed(byPath))
    return llvm::failure();
  for (Kind &kind : kinds) {
    for (auto &[number, layer] : kind.layers)
      for (const PackedFormat &format : kernel::packedFormats())
        layer.errors.push_back(format.isQuantised() ? 0 : noiseOf(format.type));
    for (const auto &[path, weight] : kind.group->weights) {
      Layer &layer = kind.layers[layerOf(kind, path)];
      double share = weight.elements / layer.elements;
      for (auto [type, error] :
           llvm::zip_equal(quantised, byPath->lookup(path)))
        layer.errors[numberOf(type)] += share * error;
    }
  }
  return llvm::success();
}

std::vector<PackedType> TypeCosts::bestTypes(double mostBits) const {
  std::vector<std::pair<double, PackedType>> found;
  for (const PackedFormat &format : kernel::packedFormats()) {
    if (bitsOf(format.type) > mostBits)
      continue;
    double sum = 0;
    for (const Kind &kind : kinds)
      for (const auto &[number, layer] : kind.layers)
        sum += layer.errors[numberOf(format.type)] * layer.elements;
    found.emplace_back(sum, format.type);
  }
  llvm::sort(found);
  auto types = llvm::make_second_range(found);
  return std::vector<PackedType>(types.begin(), types.end());
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// Stacks in blocks of about as many layers.
void TypeCosts::cutBlocks() {
  std::map<int, std::set<int64_t>> layersOf;
  for (const Kind &kind : kinds)
    if (kind.stack != LayeredGroup::none)
      for (const auto &[number, layer] : kind.layers)
        layersOf[kind.stack].insert(number);
  for (const auto &[stack, numbers] : layersOf) {
    std::vector<int64_t> layers(numbers.begin(), numbers.end());
    int64_t count = layers.size(), pieces = std::min(mostBlocks, count / 2);
    for (int64_t piece = 0; pieces > 1 && piece < pieces; ++piece)
      blocks.push_back({stack, layers[piece * count / pieces],
                        layers[(piece + 1) * count / pieces - 1]});
  }
}

/// Some weights in one type, all others in f32.
struct TypeCosts::Trial {
  TextTrial &trial;
  Options options;
  PackedType type;
  llvm::StringMap<PackedType> types = {};

  void add(const WeightGroup &group, int64_t first, int64_t last) {
    for (const auto &[path, weight] : group.weights)
      if (int64_t layer = WeightGroup::layerOf(path);
          first <= layer && layer <= last)
        types[path] = type;
    llvm::append_range(options.quant, group.rulesToSet(type, first, last));
  }
  void add(const WeightGroup &group) {
    for (const auto &[path, weight] : group.weights)
      types[path] = type;
    llvm::append_range(options.quant, group.rulesToSet(type));
  }

  LogicalResult run(double &loss) {
    auto found = trial.roundedLoss(types, options);
    // What is no number costs more than anything.
    if (succeeded(found))
      loss = std::isfinite(*found) ? *found : 1e6;
    return llvm::success(succeeded(found));
  }
};

LogicalResult TypeCosts::measure(TextTrial &trial, const Options &options,
                                 PackedType type) {
  Options exact = TextTrial::inF32(options);
  for (Kind &kind : kinds) {
    Trial alone{trial, exact, type};
    alone.add(*kind.group);
    if (failed(alone.run(kind.loss)))
      return llvm::failure();
  }
  cutBlocks();
  for (Block &block : blocks) {
    Trial alone{trial, exact, type};
    for (const Kind &kind : kinds)
      if (llvm::any_of(llvm::make_first_range(kind.layers),
                       [&](int64_t layer) { return block.holds(kind, layer); }))
        alone.add(*kind.group, block.first, block.last);
    if (failed(alone.run(block.loss)))
      return llvm::failure();
  }
  fit(type);
  return llvm::success();
}

double TypeCosts::factorOf(const Kind &kind, int64_t layer) const {
  for (const Block &block : blocks)
    if (block.holds(kind, layer))
      return block.factor;
  return 1;
}

void TypeCosts::fit(PackedType type) {
  for (int round = 0; round < roundsOfFit; ++round) {
    for (Kind &kind : kinds) {
      double sum = 0;
      for (const auto &[number, layer] : kind.layers)
        sum += factorOf(kind, number) * layer.errors[numberOf(type)];
      kind.factor = sum > 0 ? kind.loss / sum : 0;
    }
    for (Block &block : blocks) {
      double sum = 0;
      for (const Kind &kind : kinds)
        for (const auto &[number, layer] : kind.layers)
          if (block.holds(kind, number))
            sum += kind.factor * layer.errors[numberOf(type)];
      block.factor = sum > 0 ? block.loss / sum : 0;
    }
  }
}

std::vector<LayeredGroup> TypeCosts::costs() const {
  std::vector<LayeredGroup> groups;
  for (const Kind &kind : kinds) {
    LayeredGroup &group = groups.emplace_back();
    group.stack = kind.stack;
    for (const auto &[number, layer] : kind.layers) {
      LayeredGroup::Layer &into = group.layers[number];
      into.elements = layer.elements;
      for (double error : layer.errors)
        into.losses.push_back(kind.factor * factorOf(kind, number) * error);
    }
  }
  return groups;
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

std::vector<std::string>
TypeCosts::rulesOf(llvm::ArrayRef<std::vector<PackedType>> types) const {
  std::map<PackedType, double> elements;
  for (auto [kind, ofKind] : llvm::zip_equal(kinds, types))
    for (auto [layer, type] : llvm::zip_equal(kind.layers, ofKind))
      elements[type] += layer.second.elements;
  PackedType common = llvm::max_element(elements, llvm::less_second())->first;
  std::vector<std::string> rules = {"**=" + kernel::nameOf(common).str()};
  for (auto [kind, ofKind] : llvm::zip_equal(kinds, types)) {
    if (llvm::all_equal(ofKind)) {
      if (ofKind.front() != common)
        llvm::append_range(rules, kind.group->rulesToSet(ofKind.front()));
      continue;
    }
    auto numbers = llvm::make_first_range(kind.layers);
    std::vector<int64_t> layers(numbers.begin(), numbers.end());
    for (size_t first = 0, end; first < layers.size(); first = end) {
      for (end = first + 1; end < layers.size(); ++end)
        if (ofKind[end] != ofKind[first])
          break;
      if (ofKind[first] != common)
        llvm::append_range(rules,
                           kind.group->rulesToSet(ofKind[first], layers[first],
                                                  layers[end - 1]));
    }
  }
  return rules;
}
