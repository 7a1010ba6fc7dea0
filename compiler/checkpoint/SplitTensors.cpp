//===- SplitTensors.cpp - one stored tensor as many -----------------------===//
//
// A tensor that holds the weights of all experts becomes a tensor an expert and
// part, one that holds queries, keys and values a tensor each: bytes of the
// same file, under the names that they would have had alone.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/Source.h"

using namespace llvm;
using heddle::nn::WeightRules;

namespace heddle::checkpoint {

/// More than models have experts, and few enough to be listed.
static constexpr int64_t mostPieces = 1 << 16;

static const WeightRules::Split *ruleFor(StringRef name,
                                         const WeightRules &rules) {
  auto rule = find_if(rules.splits, [&](const WeightRules::Split &split) {
    StringRef rest = name;
    return rest.consume_back(split.whole) &&
           (rest.empty() || rest.ends_with("."));
  });
  return rule == rules.splits.end() ? nullptr : &*rule;
}

/// Whether the rule is for a tensor of all experts, whose first axis counts
/// them; else its parts follow each other along that axis.
static bool isOfMany(const WeightRules::Split &rule) {
  return StringRef(rule.parts.front()).contains('*');
}

/// What the shape is not, or nothing.
static std::string whyWhole(const StoredTensor &tensor,
                            const WeightRules::Split &rule) {
  int64_t parts = rule.parts.size();
  ArrayRef<int64_t> shape = tensor.shape;
  if (tensor.bytes == 0)
    return "";
  if (isOfMany(rule)) {
    if (shape.size() < 2 || shape[0] * parts > mostPieces ||
        shape[1] % parts != 0)
      return "found " + shapeText(shape) + ", needed at most " +
             std::to_string(mostPieces / parts) + " matrices" +
             (parts == 1 ? ""
                         : " of lines that make " + std::to_string(parts) +
                               " equal parts");
  } else if (shape.empty() || shape[0] % parts != 0) {
    return "found " + shapeText(shape) + ", needed lines that make " +
           std::to_string(parts) + " equal parts";
  }
  if (!holdsWeights(tensor.dtype))
    return ("found " + nameOf(tensor.dtype) + ", needed " + weightTypes).str();
  return "";
}

static std::vector<StoredTensor> piecesOf(const StoredTensor &tensor,
                                          const WeightRules::Split &rule) {
  std::vector<StoredTensor> pieces;
  StringRef before = StringRef(tensor.name).drop_back(rule.whole.size());
  StoredTensor piece = tensor;
  int64_t count = 1;
  if (isOfMany(rule)) {
    count = tensor.shape[0];
    piece.shape.erase(piece.shape.begin());
  }
  piece.bytes = tensor.bytes / (count * rule.parts.size());
  piece.shape[0] /= rule.parts.size();
  for (int64_t number = 0; number < count; ++number)
    for (StringRef part : rule.parts) {
      auto [left, right] = part.split('*');
      piece.name = (before + left).str();
      if (isOfMany(rule))
        piece.name += (Twine(number) + right).str();
      pieces.push_back(piece);
      piece.offset += piece.bytes;
    }
  return pieces;
}

bool Source::split(const WeightRules &rules, Problems &problems) {
  Problems::Topic topic(problems, "tensors-of-one-name");
  if (isSplit || rules.splits.empty())
    return true;
  size_t faultsBefore = problems.size();
  std::vector<StoredTensor> whole = std::exchange(allTensors, {});
  byName.clear();
  auto keep = [&](StoredTensor tensor) {
    StringRef file = fileOf(tensor);
    std::string name = tensor.name;
    if (add(std::move(tensor)))
      problems.add(file, "tensor " + name +
                             ": found it alone and within a tensor that is "
                             "split, needed one of them");
  };
  for (StoredTensor &tensor : whole) {
    const WeightRules::Split *rule = ruleFor(tensor.name, rules);
    std::string why = rule ? whyWhole(tensor, *rule) : "";
    if (!why.empty())
      problems.add(fileOf(tensor), "tensor " + tensor.name + ": " + why);
    if (rule && why.empty() && tensor.bytes != 0)
      for (StoredTensor &piece : piecesOf(tensor, *rule))
        keep(std::move(piece));
    else
      keep(std::move(tensor));
  }
  isSplit = problems.size() == faultsBefore;
  return isSplit;
}

} // namespace heddle::checkpoint
