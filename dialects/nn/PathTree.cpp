//===- PathTree.cpp - weights and caches of a model, numbered -------------===//
//
// Two walks. The first measures the line of every function, callees first, and
// notes where each op's slots begin in it. The second walks the call tree from
// the entries, in the same order, and spells out the paths.
//
//===----------------------------------------------------------------------===//

#include "dialects/nn/PathTree.h"

#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace heddle::nn;

bool heddle::nn::isEntry(func::FuncOp function) {
  return function->hasAttr(NNDialect::kEntryAttr);
}

std::string heddle::nn::joinPaths(StringRef outer, StringRef inner,
                                  bool absolute) {
  if (absolute || outer.empty())
    return inner.str();
  if (inner.empty())
    return outer.str();
  return (outer + "." + inner).str();
}

namespace {
/// Slots of one kind and the other, side by side.
struct Counts {
  int64_t weights = 0, caches = 0;
  /// Far beyond mostSlots, and far from an overflow.
  static constexpr int64_t many = int64_t(1) << 40;

  Counts operator*(int64_t n) const {
    return {times(weights, n), times(caches, n)};
  }
  Counts &operator+=(Counts other) {
    weights = std::min(weights + other.weights, many);
    caches = std::min(caches + other.caches, many);
    return *this;
  }
  bool isEmpty() const { return weights == 0 && caches == 0; }
  bool operator==(const Counts &other) const = default;

private:
  static int64_t times(int64_t count, int64_t n) {
    return count != 0 && n > many / count ? many : count * n;
  }
};
} // namespace

/// `h.{0}.x` with the values of the indices.
static std::string fillIn(StringRef path, ArrayRef<int64_t> indices) {
  std::string filled;
  while (!path.empty()) {
    auto [before, rest] = path.split('{');
    filled += before;
    if (before.size() == path.size())
      break;
    auto [number, after] = rest.split('}');
    unsigned index = 0;
    number.getAsInteger(10, index);
    filled += std::to_string(indices[index]);
    path = after;
  }
  return filled;
}

struct PathTree::Builder {
  ModuleOp module;
  PathTree &tree;
  SymbolTable symbols{module};
  llvm::StringMap<Counts> lines{};
  llvm::DenseMap<Operation *, Counts> stretches{}; ///< of one turn of a loop
  llvm::SmallSetVector<func::FuncOp, 8> open{};

  func::FuncOp callee(FlatSymbolRefAttr symbol) {
    return symbols.lookup<func::FuncOp>(symbol.getValue());
  }

  //===--- Measuring ------------------------------------------------------===//

  /// Slots of an op itself; a call's are its callee's line.
  FailureOr<Counts> measureOp(Operation *op) {
    if (isa<WeightOp>(op))
      return Counts{1, 0};
    if (auto user = dyn_cast<SessionOpInterface>(op))
      return Counts{0, static_cast<int64_t>(user.keptTypes().size())};
    if (auto call = dyn_cast<CallOp>(op))
      return measure(callee(call.getCalleeAttr()));
    if (auto route = dyn_cast<RouteOp>(op)) {
      FailureOr<Counts> line = measure(callee(route.getCalleeAttr()));
      if (failed(line))
        return failure();
      return *line * route.getCount();
    }
    return Counts{};
  }

  LogicalResult measureBlock(Block &block, Counts &at) {
    for (Operation &op : block) {
      Counts before = at;
      llvm::scope_exit note([&] {
        if (at != before)
          tree.opsWithSlots_[&block].push_back(&op);
      });
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        if (failed(measureLoop(loop, at)))
          return failure();
        continue;
      }
      FailureOr<Counts> own = measureOp(&op);
      if (failed(own))
        return failure();
      tree.weightPlaces_[&op] = {at.weights, {}};
      tree.cachePlaces_[&op] = {at.caches, {}};
      at += *own;
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          if (failed(measureBlock(inner, at)))
            return failure();
    }
    return success();
  }

  /// Measures the body as a line of its own, and then moves all within it to
  /// where the loop stands: a turn with index l begins l − lower stretches on.
  LogicalResult measureLoop(scf::ForOp loop, Counts &at) {
    FailureOr<LoopTurns> turns = turnsOf(loop);
    Counts body;
    if (failed(turns) || failed(measureBlock(*loop.getBody(), body)))
      return failure();
    auto move = [&](SlotPlace &place, int64_t start, int64_t stride) {
      place.first += start - turns->lower * stride;
      place.strides.insert(place.strides.begin(), stride);
    };
    loop.getBody()->walk([&](Operation *op) {
      if (isa<scf::ForOp>(op))
        return;
      move(tree.weightPlaces_[op], at.weights, body.weights);
      move(tree.cachePlaces_[op], at.caches, body.caches);
    });
    stretches[loop] = body;
    at += body * turns->count;
    return success();
  }

  FailureOr<Counts> measure(func::FuncOp function) {
    if (auto known = lines.find(function.getName()); known != lines.end())
      return known->second;
    if (!open.insert(function))
      return function.emitError("block calls itself");
    Counts line;
    if (failed(measureBlock(function.getBody().front(), line)))
      return failure();
    open.remove(function);
    return lines[function.getName()] = line;
  }

  //===--- Spelling out ---------------------------------------------------===//

  using LoopValues = llvm::SmallDenseMap<Value, int64_t>;

  std::string pathOf(StringRef prefix, StringRef path, bool absolute,
                     ValueRange indices, const LoopValues &loops,
                     ArrayRef<int64_t> more = {}) {
    SmallVector<int64_t> values;
    for (Value index : indices) {
      auto loop = loops.find(index);
      values.push_back(loop != loops.end() ? loop->second
                                           : *getConstantIntValue(index));
    }
    llvm::append_range(values, more);
    return joinPaths(prefix, fillIn(path, values), absolute);
  }

  void spell(Block &block, StringRef prefix, LoopValues &loops) {
    for (Operation *op : tree.opsWithSlots(block)) {
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        if (stretches[loop].isEmpty())
          continue;
        LoopTurns turns = *turnsOf(loop);
        for (int64_t turn = 0; turn < turns.count; ++turn) {
          loops[loop.getInductionVar()] = turns.lower + turn;
          spell(*loop.getBody(), prefix, loops);
        }
        continue;
      }
      spellOp(op, prefix, loops);
      for (Region &region : op->getRegions())
        for (Block &inner : region)
          spell(inner, prefix, loops);
    }
  }

  /// The slot of an op that keeps one value.
  template <typename OpTy> void addCache(OpTy op, std::string path) {
    tree.caches_.push_back({std::move(path), op, op.keptTypes().front()});
  }

  void spellOp(Operation *op, StringRef prefix, LoopValues &loops) {
    if (auto weight = dyn_cast<WeightOp>(op)) {
      Slot slot{"", op, weight.getType()};
      for (unsigned part = 0; part < weight.getPartCount(); ++part) {
        std::string path =
            pathOf(prefix, weight.getPartPath(part), weight.getAbsolute(),
                   weight.getIndices(), loops);
        part == 0 ? slot.path = path : slot.then.emplace_back(path);
      }
      tree.weights_.push_back(std::move(slot));
    } else if (auto cache = dyn_cast<CacheAppendOp>(op)) {
      addCache(cache, pathOf(prefix, cache.getPath(), cache.getAbsolute(),
                             cache.getIndices(), loops));
    } else if (auto read = dyn_cast<StateReadOp>(op)) {
      addCache(read, pathOf(read.getState(), read.getPath().value_or(""), false,
                            read.getIndices(), loops));
    } else if (auto write = dyn_cast<StateWriteOp>(op)) {
      addCache(write, pathOf(write.getState(), write.getPath().value_or(""),
                             false, write.getIndices(), loops));
    } else if (auto scan = dyn_cast<ScanOp>(op)) {
      for (auto [number, type] : llvm::enumerate(scan.keptTypes()))
        tree.caches_.push_back(
            {pathOf(prefix, (scan.getPath() + "." + Twine(number)).str(),
                    scan.getAbsolute(), scan.getIndices(), loops),
             op, type});
    } else if (auto call = dyn_cast<CallOp>(op)) {
      spellFunction(callee(call.getCalleeAttr()),
                    pathOf(prefix, call.getPath(), call.getAbsolute(),
                           call.getIndices(), loops));
    } else if (auto route = dyn_cast<RouteOp>(op)) {
      for (int64_t chosen = 0; chosen < static_cast<int64_t>(route.getCount());
           ++chosen)
        spellFunction(callee(route.getCalleeAttr()),
                      pathOf(prefix, route.getPath(), false, route.getIndices(),
                             loops, chosen));
    }
  }

  void spellFunction(func::FuncOp function, StringRef prefix) {
    if (lines[function.getName()].isEmpty())
      return;
    LoopValues loops;
    spell(function.getBody().front(), prefix, loops);
  }
};

FailureOr<PathTree> PathTree::build(ModuleOp module) {
  PathTree tree;
  Builder builder{module, tree};
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(builder.measure(function)))
      return failure();
  for (const auto &[name, line] : builder.lines)
    tree.lines_[name] = {line.weights, line.caches};
  Counts all;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (isEntry(function))
      all += builder.lines[function.getName()];
    if (all.weights + all.caches > mostSlots)
      return function.emitError("weights and caches are used more than ")
             << mostSlots << " times, over all entries, layers and experts";
  }
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isEntry(function))
      continue;
    tree.entries_[function.getName()] = {tree.weights_.size(),
                                         tree.caches_.size()};
    builder.spellFunction(function, "");
  }
  return tree;
}
