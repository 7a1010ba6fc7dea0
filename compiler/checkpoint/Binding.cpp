//===- Binding.cpp - Which stored tensor is which weight ------------------===//

#include "compiler/checkpoint/Binding.h"
#include "compiler/checkpoint/Elements.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

/// `h.11.attn.bias` -> `h.*.attn.bias`
std::string layerGlob(StringRef name) {
  std::string glob;
  for (StringRef segment : split(name, '.')) {
    if (!glob.empty())
      glob += '.';
    glob += !segment.empty() && all_of(segment, isDigit) ? "*" : segment.str();
  }
  return glob;
}

SmallVector<int64_t, 4> withoutOnes(ArrayRef<int64_t> shape) {
  SmallVector<int64_t, 4> sides;
  copy_if(shape, std::back_inserter(sides), [](int64_t s) { return s != 1; });
  return sides;
}

/// Tensors with the same complaint, but for the layer's number, share a line.
struct Complaint {
  std::string where; ///< path of a file or of the checkpoint
  std::vector<std::string> names;
  std::string what; ///< `found X, needed Y`
  std::string hint;
  StringLiteral topic;

  /// No tensor was found; a guess at its name may help.
  bool isLacking() const { return topic == missing; }
  static constexpr StringLiteral missing = "missing-tensors",
                                 shapes = "shapes-of-tensors",
                                 types = "types-of-tensors",
                                 extra = "tensors-left-over",
                                 twice = "tensors-of-one-name";
};

class Binder {
public:
  Binder(const Source &source, const nn::WeightRules &rules)
      : source(source), rules(rules) {
    for (const StoredTensor &tensor : source.tensors())
      if (std::optional<std::string> path = rules.pathOf(tensor.name))
        tensorsOf[*path].push_back(&tensor);
  }

  /// One path may be packed more than once; a module may say of each another
  /// shape.
  const StoredTensor *bind(const TensorPart &need) {
    auto [bound, isNew] =
        boundTo.try_emplace(need.path + "\n" + shapeText(need.shape));
    if (isNew)
      bound->second = check(need);
    return bound->second;
  }

  /// What is left once every need is bound.
  void refuseExtras() {
    std::vector<const StoredTensor *> extras;
    for (const StoredTensor &tensor : source.tensors())
      if (!used.contains(&tensor) && !rules.isIgnored(tensor.name) &&
          !isEmpty(tensor) && !isCopy(tensor))
        extras.push_back(&tensor);
    // Files have them in an order of their own.
    llvm::sort(extras, [](const StoredTensor *a, const StoredTensor *b) {
      return standsBefore(a->name, b->name);
    });
    for (const StoredTensor *tensor : extras)
      complain(source.fileOf(*tensor), tensor->name, Complaint::extra,
               "found " + shapeText(tensor->shape) +
                   ", needed by no part of the model",
               "to leave it out, add ignore \"" + layerGlob(tensor->name) +
                   "\" to the model's weights");
  }

  void report(Problems &problems) {
    // A guess compares with every unused tensor: for the first lines only, as
    // the wrong checkpoint lacks everything.
    constexpr size_t mostGuesses = 20;
    size_t guesses = 0;
    for (Complaint *complaint : inOrder) {
      std::string hint = complaint->hint;
      if (complaint->isLacking() && guesses++ < mostGuesses)
        hint = whereItMayBe(complaint->names.front());
      size_t count = complaint->names.size();
      std::string name = complaint->names.front(), others;
      if (count > 1) {
        others = (" (" + Twine(count) + " tensors, from " + name + " to " +
                  complaint->names.back() + ")")
                     .str();
        name = layerGlob(name);
      }
      Problems::Topic topic(problems, complaint->topic);
      problems.add(complaint->where, "tensor " + name + ": " + complaint->what +
                                         others +
                                         (hint.empty() ? "" : "; " + hint));
    }
  }

private:
  const StoredTensor *check(const TensorPart &need) {
    const StoredTensor *tensor = tensorFor(need);
    if (!tensor)
      return nullptr;
    if (!holdsWeights(tensor->dtype))
      complain(source.fileOf(*tensor), tensor->name, Complaint::types,
               "found " + nameOf(tensor->dtype) + ", needed " + weightTypes +
                   at(need));
    if (withoutOnes(tensor->shape) != withoutOnes(need.shape)) {
      SmallVector<int64_t, 4> reversed(reverse(need.shape));
      bool turned = need.shape.size() == 2 && tensor->shape == reversed;
      complain(source.fileOf(*tensor), tensor->name, Complaint::shapes,
               "found " + shapeText(tensor->shape) + ", needed " +
                   shapeText(need.shape) + at(need),
               turned ? "it is stored the other way round: layout = in_out or "
                        "out_in"
                      : "");
    }
    return tensor;
  }

  const StoredTensor *tensorFor(const TensorPart &need) {
    SmallVector<const StoredTensor *, 1> candidates =
        tensorsOf.lookup(need.path);
    for (const StoredTensor *tensor : candidates)
      used.insert(tensor);
    if (candidates.size() > 1)
      erase_if(candidates,
               [&](auto *tensor) { return rules.isIgnored(tensor->name); });
    if (candidates.size() == 1)
      return candidates.front();
    if (candidates.size() > 1)
      complain(source.fileOf(*candidates[1]), candidates[1]->name,
               Complaint::twice,
               "found " + candidates[0]->name + " as well for " + need.path +
                   ", needed one of them" + at(need));
    else
      complain(source.path(), need.path, Complaint::missing,
               "found none, needed " + shapeText(need.shape) + at(need));
    return nullptr;
  }

  static bool isEmpty(const StoredTensor &tensor) {
    return is_contained(tensor.shape, 0);
  }

  /// Whether a rule says what the tensor repeats. One that says other numbers
  /// is a model of its own, which must not be taken for this one.
  bool isCopy(const StoredTensor &tensor) {
    std::optional<std::string> path = rules.pathOf(tensor.name);
    auto same = find_if(rules.sames, [&](const nn::WeightRules::Same &rule) {
      return path == rule.copy;
    });
    if (same == rules.sames.end())
      return false;
    auto originals = tensorsOf.find(same->original);
    if (originals == tensorsOf.end())
      return false;
    const StoredTensor &original = *originals->second.front();
    Expected<bool> equal = holdSameNumbers(tensor, original);
    if (!equal)
      complain(source.fileOf(tensor), tensor.name, Complaint::twice,
               toString(equal.takeError()));
    else if (!*equal)
      complain(source.fileOf(tensor), tensor.name, Complaint::twice,
               "found other numbers than in " + original.name +
                   ", needed the same: the model uses one for both");
    return true;
  }

  Expected<bool> holdSameNumbers(const StoredTensor &a,
                                 const StoredTensor &b) const {
    if (withoutOnes(a.shape) != withoutOnes(b.shape) ||
        !holdsWeights(a.dtype) || !holdsWeights(b.dtype))
      return false;
    constexpr uint64_t most = 1 << 18;
    uint64_t count = a.bytes * 8 / bitsOf(a.dtype);
    SmallVector<char, 0> scratch;
    std::vector<float> ofA(most), ofB(most);
    for (uint64_t from = 0; from < count; from += most) {
      uint64_t length = std::min(most, count - from);
      if (Error error =
              source.readFloats(a, from, {ofA.data(), length}, scratch))
        return std::move(error);
      if (Error error =
              source.readFloats(b, from, {ofB.data(), length}, scratch))
        return std::move(error);
      // By their bits: what is no number equals itself.
      if (std::memcmp(ofA.data(), ofB.data(), length * sizeof(float)) != 0)
        return false;
    }
    return true;
  }

  static std::string at(const TensorPart &need) {
    return need.location.empty() ? "" : " at " + need.location;
  }

  void complain(StringRef where, StringRef name, StringLiteral topic,
                const Twine &what, const Twine &hint = "") {
    std::string key = (where + "\n" + layerGlob(name) + "\n" + what).str();
    std::unique_ptr<Complaint> &complaint = complaints[key];
    if (!complaint) {
      complaint = std::make_unique<Complaint>(
          Complaint{where.str(), {}, what.str(), hint.str(), topic});
      inOrder.push_back(complaint.get());
    }
    if (complaint->names.empty() || complaint->names.back() != name)
      complaint->names.push_back(name.str());
  }

  /// Where an unused tensor has nearly the name of a lacking weight, that is
  /// most likely the mistake.
  std::string whereItMayBe(StringRef path) const {
    const StoredTensor *nearest = nullptr;
    unsigned best = std::max<size_t>(path.size() / 4, 2) + 1;
    for (const StoredTensor &tensor : source.tensors()) {
      if (used.contains(&tensor))
        continue;
      StringRef name = tensor.name;
      if (name.ends_with(path) && name.drop_back(path.size()).ends_with("."))
        return ("found " + name + ": add prefix \"" +
                name.drop_back(path.size()) + "\" to the model's weights")
            .str();
      unsigned distance =
          name.edit_distance(path, /*AllowReplacements=*/true, best);
      if (distance < best) {
        best = distance;
        nearest = &tensor;
      }
    }
    return nearest ? "did you mean " + nearest->name : "";
  }

  const Source &source;
  const nn::WeightRules &rules;
  StringMap<SmallVector<const StoredTensor *, 1>> tensorsOf;
  StringMap<const StoredTensor *> boundTo;
  DenseSet<const StoredTensor *> used;
  StringMap<std::unique_ptr<Complaint>> complaints;
  std::vector<Complaint *> inOrder;
};

} // namespace

void bindTensors(const Source &source, MutableArrayRef<PackedTensor> tensors,
                 const nn::WeightRules &rules, Problems &problems) {
  Binder binder(source, rules);
  for (PackedTensor &tensor : tensors)
    for (TensorPart &part : tensor.parts)
      part.stored = binder.bind(part);
  binder.refuseExtras();
  binder.report(problems);
}

} // namespace heddle::checkpoint
