//===- Parameters.cpp - Weights and caches of a module, by path -----------===//

#include "compiler/language/Parameters.h"

#include "compiler/language/Diagnostics.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/PathTree.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

static bool isStatistic(Operation *op) {
  return any_of(op->getUsers(), [&](Operation *user) {
    auto norm = dyn_cast<nn::BatchNormOp>(user);
    return norm && (norm.getMean() == op->getResult(0) ||
                    norm.getVariance() == op->getResult(0));
  });
}

static RankedTensorType typeOfSlot(Operation *op) {
  if (op->getNumResults() == 1)
    return dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return {};
}

static std::vector<PathEntry> uniquePaths(ArrayRef<nn::PathTree::Slot> slots) {
  std::vector<PathEntry> entries;
  llvm::StringSet<> seen;
  auto add = [&](StringRef path, RankedTensorType type, Operation *op) {
    if (type && seen.insert(path).second)
      entries.push_back({path.str(), type, op->getLoc(), isStatistic(op)});
  };
  for (const nn::PathTree::Slot &slot : slots) {
    if (slot.then.empty()) {
      add(slot.path, typeOfSlot(slot.op), slot.op);
      continue;
    }
    auto weight = cast<nn::WeightOp>(slot.op);
    add(slot.path, weight.getPartType(0), weight);
    for (auto [number, path] : enumerate(slot.then))
      add(path, weight.getPartType(number + 1), weight);
  }
  return entries;
}

std::vector<PathEntry> parametersOf(ModuleOp module) {
  FailureOr<nn::PathTree> tree = nn::PathTree::build(module);
  return succeeded(tree) ? uniquePaths(tree->weights())
                         : std::vector<PathEntry>();
}

std::vector<PathEntry> cachesOf(ModuleOp module) {
  FailureOr<nn::PathTree> tree = nn::PathTree::build(module);
  if (failed(tree))
    return {};
  std::vector<nn::PathTree::Slot> caches;
  for (const nn::PathTree::Slot &slot : tree->caches())
    if (isa<nn::CacheAppendOp>(slot.op))
      caches.push_back(slot);
  return uniquePaths(caches);
}

SMLoc placeOf(Location loc, Diagnostics &diagnostics) {
  auto location = dyn_cast<FileLineColLoc>(loc);
  assert(location && "the elaborator gives every op its place in a file");
  return diagnostics.placeAt(location.getFilename(), location.getLine(),
                             location.getColumn());
}

static SMLoc placeOf(Operation *op, Diagnostics &diagnostics) {
  return placeOf(op->getLoc(), diagnostics);
}

/// What a slot holds: the number of one of the values that a scan carries ends
/// its path.
static RankedTensorType typeOf(const nn::PathTree::Slot &slot) {
  auto scan = dyn_cast<nn::ScanOp>(slot.op);
  if (!scan)
    return typeOfSlot(slot.op);
  unsigned number = 0;
  StringRef(slot.path).rsplit('.').second.getAsInteger(10, number);
  return cast<RankedTensorType>(
      cast<TypeAttr>(scan.getCarried()[number]).getValue());
}

static std::string axesOf(RankedTensorType type) {
  return "[" + nn::axesOf(type).str() + "]";
}

/// The same tensor cannot have two shapes. Two ops that disagree do so in every
/// layer: it is told of the first.
static void checkShapes(ArrayRef<nn::PathTree::Slot> slots,
                        Diagnostics &diagnostics) {
  StringMap<const nn::PathTree::Slot *> first;
  llvm::DenseSet<std::pair<Operation *, Operation *>> told;
  for (const nn::PathTree::Slot &slot : slots) {
    RankedTensorType type = typeOf(slot);
    if (!type)
      continue;
    const nn::PathTree::Slot &other =
        *first.try_emplace(slot.path, &slot).first->second;
    if (typeOf(other).getShape() == type.getShape() ||
        !told.insert({slot.op, other.op}).second)
      continue;
    diagnostics.error(placeOf(slot.op, diagnostics),
                      slot.path + " is " + axesOf(type) + " here but " +
                          axesOf(typeOf(other)) + " at " +
                          diagnostics.describe(placeOf(other.op, diagnostics)));
  }
}

/// A second append in one call would write the same positions again, and a
/// second recurrence begin with what the first has left.
static void checkKeptOnce(const nn::PathTree &tree, ModuleOp module,
                          Diagnostics &diagnostics) {
  SmallVector<int64_t> starts;
  for (auto function : module.getOps<func::FuncOp>())
    if (nn::isEntry(function))
      starts.push_back(tree.entryStart(function.getName()).second);
  llvm::sort(starts);
  StringMap<Operation *> appended;
  llvm::DenseSet<std::pair<Operation *, Operation *>> told;
  for (auto [index, slot] : enumerate(tree.caches())) {
    if (is_contained(starts, int64_t(index)))
      appended.clear();
    bool isScan = isa<nn::ScanOp>(slot.op);
    if (!isScan && !isa<nn::CacheAppendOp>(slot.op))
      continue;
    auto [place, isNew] = appended.try_emplace(slot.path, slot.op);
    if (!isNew && told.insert({slot.op, place->second}).second)
      diagnostics.error(
          placeOf(slot.op, diagnostics),
          (isScan ? "what a scan carries is kept as " + slot.path
                  : "cache " + slot.path + " is appended to") +
              " twice in one entry, first at " +
              diagnostics.describe(placeOf(place->second, diagnostics)));
  }
}

void checkPaths(ModuleOp module, Diagnostics &diagnostics) {
  Diagnostics::Topic topic(diagnostics, "weights-and-paths");
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &fault) {
    diagnostics.error(placeOf(fault.getLocation(), diagnostics), fault.str());
  });
  FailureOr<nn::PathTree> tree = nn::PathTree::build(module);
  if (failed(tree))
    return;
  checkShapes(tree->weights(), diagnostics);
  checkShapes(tree->caches(), diagnostics);
  checkKeptOnce(*tree, module, diagnostics);
}

} // namespace heddle::language
