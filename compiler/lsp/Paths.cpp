//===- Paths.cpp - Paths of weights and their tensors ---------------------===//

#include "compiler/lsp/Paths.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <map>
#include <set>

using namespace llvm;
using heddle::checkpoint::StoredTensor;

namespace heddle::lsp {

static bool isNumber(StringRef step) {
  return !step.empty() && all_of(step, isDigit);
}

//===----------------------------------------------------------------------===//
// Weights of a call
//===----------------------------------------------------------------------===//

namespace {
/// Weights whose paths differ in numbers only.
struct Alike {
  std::string shape, stored;
  /// The least and the largest at each place.
  std::vector<std::pair<StringRef, StringRef>> numbers;
};
} // namespace

/// `layers.*.up` of `layers.3.up`; the numbers go to `numbers`.
static std::string patternOf(StringRef path, std::vector<StringRef> &numbers) {
  SmallVector<StringRef> steps;
  path.split(steps, '.');
  for (StringRef &step : steps)
    if (isNumber(step)) {
      numbers.push_back(step);
      step = "*";
    }
  return join(steps, ".");
}

static std::string pathText(StringRef pattern, const Alike &alike) {
  std::string text;
  size_t place = 0;
  for (char character : pattern) {
    if (character != '*') {
      text += character;
      continue;
    }
    auto [least, largest] = alike.numbers[place++];
    text += least.str();
    if (least != largest)
      text += ".." + largest.str();
  }
  return text;
}

/// What the checkpoint has for a path; empty where none is known.
static std::string storedText(const Model &model, StringRef path) {
  Checkpoint *checkpoint = model.checkpoint();
  if (!checkpoint)
    return "";
  const Checkpoint::Tensors &tensors =
      checkpoint->tensors(model.program().weightRules());
  if (tensors.empty())
    return "";
  const StoredTensor *tensor = tensors.lookup(path);
  if (!tensor)
    return "missing in " + sys::path::filename(checkpoint->path()).str();
  return ("`" + tensor->name + "` " + checkpoint->typeOf(*tensor) + " " +
          checkpoint::shapeText(tensor->shape) + " in " +
          sys::path::filename(checkpoint->fileOf(*tensor)))
      .str();
}

/// Whether the weight's path has the steps of one as written, in order.
static bool hasStepsOf(StringRef written, StringRef path) {
  language::Diagnostics ignored(nulls());
  SmallVector<StringRef> steps;
  path.split(steps, '.');
  size_t next = 0;
  unsigned depth = 0;
  for (const language::Token &token : language::lex(written, ignored)) {
    bool isText = token.kind == language::TokenKind::String;
    depth += token.is("[") - token.is("]");
    if (depth || (!isText && token.kind != language::TokenKind::Name &&
                  token.kind != language::TokenKind::Size))
      continue;
    StringRef step = isText ? token.unquoted().split('.').first : token.text;
    while (next < steps.size() && steps[next] != step)
      ++next;
    if (next == steps.size())
      return false;
  }
  return true;
}

std::vector<std::string> weightTextsAt(const Model &model,
                                       const Occurrence &path) {
  std::map<std::string, Alike> families;
  for (const Weight &weight : model.weights()) {
    if (!path.call || weight.place != path.call->place ||
        !hasStepsOf(path.text, weight.path))
      continue;
    std::vector<StringRef> numbers;
    std::string pattern = patternOf(weight.path, numbers);
    auto [known, isNew] = families.try_emplace(pattern);
    Alike &alike = known->second;
    if (isNew) {
      alike.shape = weight.shape;
      // Of the first of them.
      alike.stored = storedText(model, weight.path);
    }
    alike.numbers.resize(numbers.size());
    for (auto [range, number] : zip(alike.numbers, numbers)) {
      if (isNew || number.compare_numeric(range.first) < 0)
        range.first = number;
      if (isNew || number.compare_numeric(range.second) > 0)
        range.second = number;
    }
  }
  std::vector<std::string> lines;
  for (const auto &[pattern, alike] : families)
    lines.push_back("`" + pathText(pattern, alike) + "` " + alike.shape +
                    (alike.stored.empty() ? "" : ": " + alike.stored));
  return lines;
}

//===----------------------------------------------------------------------===//
// Paths that could be written
//===----------------------------------------------------------------------===//

std::vector<KnownPath> knownPaths(const Model &model) {
  std::vector<KnownPath> paths;
  if (Checkpoint *checkpoint = model.checkpoint())
    for (const auto &tensor :
         checkpoint->tensors(model.program().weightRules()))
      paths.push_back({tensor.getKey().str(),
                       (checkpoint->typeOf(*tensor.getValue()) + " " +
                        checkpoint::shapeText(tensor.getValue()->shape))
                           .str()});
  if (paths.empty())
    for (const Weight &weight : model.weights())
      paths.push_back({weight.path, weight.shape});
  llvm::sort(paths, [](const KnownPath &a, const KnownPath &b) {
    return StringRef(a.path).compare_numeric(b.path) < 0;
  });
  return paths;
}

std::vector<KnownPath> stepsAfter(ArrayRef<StringRef> steps,
                                  ArrayRef<KnownPath> paths) {
  std::map<std::string, std::string> found;
  for (const KnownPath &known : paths) {
    SmallVector<StringRef> all;
    StringRef(known.path).split(all, '.');
    for (size_t from = 0; from + steps.size() < all.size(); ++from) {
      StringRef next = all[from + steps.size()];
      bool isLast = from + steps.size() + 1 == all.size();
      // An operation adds the last step itself: weight, bias.
      if (isNumber(next) || (isLast && all.size() > 1) ||
          ArrayRef<StringRef>(all).slice(from, steps.size()) != steps)
        continue;
      found.try_emplace(next.str(), known.path + ": " + known.detail);
    }
  }
  std::vector<KnownPath> result;
  for (auto &[step, detail] : found)
    result.push_back({step, detail});
  return result;
}

} // namespace heddle::lsp
