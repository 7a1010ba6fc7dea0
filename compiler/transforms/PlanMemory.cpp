//===- PlanMemory.cpp - give every value its place in the arena -----------===//
//
// Enters: an nn module. Leaves: the same ops, with `nn.places` on every op that
// has results, `nn.buffers` and `nn.arena` on every function (see Passes.td).
//
// One walk in program order. A value takes the free buffer of its own shape of
// polynomial that fits best, or a new one; it gives it back after its last use.
// Two values share a buffer only if their sizes grow alike, so that the sum of
// the buffers stays a polynomial that can be read.
//
// A result takes over the buffer of an operand that it may overwrite and that
// nothing reads after it (a product's residual), and a loop's body writes what
// the next turn begins with where this one has it, if that has been read by
// then: a layer then copies nothing.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/SizeTable.h"
#include "dialects/nn/VerifyModule.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

namespace {

using Coefficients = std::map<std::string, SizeExpr::Term>;

Coefficients coefficientsOf(const SizeExpr &expr) {
  Coefficients terms;
  for (const SizeExpr::Term &term : expr.terms())
    terms[monomialOf(term)] = term;
  return terms;
}

bool lessThan(const SizeExpr::Term &a, const SizeExpr::Term &b) {
  return static_cast<__int128>(a.numerator) * b.denominator <
         static_cast<__int128>(b.numerator) * a.denominator;
}

/// The smallest polynomial no coefficient of which is below a's or b's.
SizeExpr upperBound(const SizeExpr &a, const SizeExpr &b) {
  Coefficients terms = coefficientsOf(a);
  for (auto &[monomial, term] : coefficientsOf(b)) {
    auto [at, isNew] = terms.insert({monomial, term});
    if (!isNew && lessThan(at->second, term))
      at->second = term;
  }
  SizeExpr bound(0);
  for (auto &[monomial, term] : terms)
    bound += SizeExpr::fromTerm(term);
  return bound;
}

bool growAlike(const SizeExpr &a, const SizeExpr &b) {
  Coefficients left = coefficientsOf(a), right = coefficientsOf(b);
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](auto &x, auto &y) { return x.first == y.first; });
}

/// What is read row by row needs no packed copy of a cache.
bool readsRows(OpOperand &use) {
  OperandRole role = roleOf(use);
  return role == OperandRole::Rows || role == OperandRole::MixedRows;
}

bool isKeptElsewhere(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<WeightOp>(op))
    return true;
  return op && op->hasTrait<LiesInSession>() &&
         llvm::all_of(value.getUses(), readsRows);
}

/// The block that a loop runs, or null.
Block *bodyOf(Operation &op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return loop.getBody();
  if (auto scan = dyn_cast<ScanOp>(op))
    return &scan.getBody().front();
  return nullptr;
}

class FunctionPlan {
public:
  FunctionPlan(func::FuncOp function, const SizeTable &sizes)
      : function(function), sizes(sizes) {}

  /// Returns what the function itself needs.
  SizeExpr run() {
    Block &body = function.getBody().front();
    number(body);
    placeResults(body);
    planBlock(body);
    SmallVector<Attribute> bytes;
    SizeExpr total(0);
    for (const SizeExpr &buffer : buffers) {
      bytes.push_back(StringAttr::get(function.getContext(), buffer.str()));
      total += buffer + SizeExpr(kArenaAlignment); // rounding up
    }
    function->setAttr(kBuffersAttr,
                      ArrayAttr::get(function.getContext(), bytes));
    return total;
  }

private:
  /// Numbers ops in program order, a loop after its body.
  void number(Block &block) {
    for (Operation &op : block) {
      if (Block *body = bodyOf(op))
        number(*body);
      end[&op] = ++clock;
    }
  }

  /// When a value is last read: a use within a loop that the value lives
  /// outside of counts until the loop's end.
  int64_t lastUse(Value value) {
    int64_t last = 0;
    for (Operation *user : value.getUsers()) {
      Operation *ancestor =
          value.getParentBlock()->findAncestorOpInBlock(*user);
      last = std::max(last, end.lookup(ancestor));
    }
    return last;
  }

  /// Values that the function returns are written straight to its results.
  void placeResults(Block &body) {
    for (auto [number, value] :
         llvm::enumerate(body.getTerminator()->getOperands())) {
      Operation *op = value.getDefiningOp();
      if (op && !isKeptElsewhere(value) && op->getBlock() == &body)
        places.try_emplace(value, resultPlace(number));
    }
  }

  int64_t take(const SizeExpr &bytes) {
    for (auto it = free.begin(); it != free.end(); ++it) {
      int64_t buffer = *it;
      if (!growAlike(buffers[buffer], bytes))
        continue;
      buffers[buffer] = upperBound(buffers[buffer], bytes);
      free.erase(it);
      return buffer;
    }
    buffers.push_back(bytes);
    return buffers.size() - 1;
  }

  /// When what a loop carries is read for the last time in a turn: as itself,
  /// or as a result that took over its place.
  int64_t lastRead(BlockArgument carried) {
    int64_t last = 0;
    for (Value value = carried; value; value = takenOverBy.lookup(value))
      last = std::max(last, lastUse(value));
    return last;
  }

  /// The operand whose place a result takes over, since this op is the last
  /// that reads it; or null.
  Value takesOver(Value value) {
    auto result = cast<OpResult>(value);
    Operation *op = result.getOwner();
    Value operand = overwritableOperand(result);
    if (!operand || isKeptElsewhere(operand) || !places.count(operand) ||
        operand.getParentBlock() != op->getBlock() ||
        lastUse(operand) != end.lookup(op))
      return {};
    return llvm::count(op->getOperands(), operand) == 1 ? operand : Value();
  }

  /// What a loop carries and `result` is the next of, where its place is free
  /// once the operands of the op have been read before.
  Value comesNextAfter(Value result) {
    Operation *op = result.getDefiningOp();
    auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
    if (!loop)
      return {};
    for (auto [yielded, argument] :
         llvm::zip_equal(loop.getYieldedValues(), loop.getRegionIterArgs()))
      if (yielded == result && lastRead(argument) < end.lookup(op))
        return argument;
    return {};
  }

  int64_t place(Value value) {
    if (isKeptElsewhere(value))
      return kNotStored;
    auto known = places.find(value);
    if (known != places.end())
      return known->second;
    if (Value before = takesOver(value))
      return takeOver(before, value);
    if (Value before = comesNextAfter(value))
      return places[value] = places.lookup(before);
    int64_t buffer = take(sizes.bytes(cast<RankedTensorType>(value.getType())));
    leaving.insert(
        {std::max(lastUse(value), end.lookup(value.getDefiningOp())), buffer});
    return places[value] = buffer;
  }

  /// `value` lives where `before` did, which is given back when both are read;
  /// what a loop carries keeps its place until the loop's end.
  int64_t takeOver(Value before, Value value) {
    int64_t buffer = places.lookup(before);
    takenOverBy[before] = value;
    auto [it, last] = leaving.equal_range(lastUse(before));
    while (it != last && it->second != buffer)
      ++it;
    if (it != last) {
      leaving.erase(it);
      leaving.insert({lastUse(value), buffer});
    }
    return places[value] = buffer;
  }

  void giveBackUntil(int64_t time) {
    while (!leaving.empty() && leaving.begin()->first <= time) {
      free.push_back(leaving.begin()->second);
      leaving.erase(leaving.begin());
    }
  }

  void planBlock(Block &block) {
    for (Operation &op : block) {
      SmallVector<int64_t> opPlaces;
      for (Value result : op.getResults())
        if (isa<RankedTensorType>(result.getType()))
          opPlaces.push_back(place(result));
      SmallVector<int64_t> scratch;
      for (const ScratchBuffer &buffer : scratchOf(&op, sizes))
        scratch.push_back(take(buffer.bytes));
      if (auto loop = dyn_cast<scf::ForOp>(op))
        for (auto [argument, place] :
             llvm::zip_equal(loop.getRegionIterArgs(), opPlaces))
          places[argument] = place;
      if (Block *body = bodyOf(op))
        planBlock(*body);
      llvm::append_range(opPlaces, scratch);
      llvm::append_range(free, scratch);
      if (!opPlaces.empty())
        op.setAttr(kPlacesAttr,
                   DenseI64ArrayAttr::get(op.getContext(), opPlaces));
      giveBackUntil(end.lookup(&op));
    }
  }

  func::FuncOp function;
  const SizeTable &sizes;
  int64_t clock = 0;
  llvm::DenseMap<Operation *, int64_t> end;
  llvm::DenseMap<Value, int64_t> places;
  llvm::DenseMap<Value, Value> takenOverBy;
  SmallVector<SizeExpr> buffers;
  SmallVector<int64_t> free;
  /// Buffers in use, by the time they are given back.
  std::multimap<int64_t, int64_t> leaving;
};

struct PlanMemory : heddle::transforms::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    SizeTable sizes(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      own[function.getName()] = FunctionPlan(function, sizes).run();
    for (auto function : getOperation().getOps<func::FuncOp>())
      function->setAttr(
          kArenaAttr, StringAttr::get(&getContext(), arenaOf(function).str()));
  }

  /// A function's own buffers, then those of the callee that needs most.
  SizeExpr arenaOf(func::FuncOp function) {
    if (auto known = arenas.find(function.getName()); known != arenas.end())
      return known->second;
    SizeExpr deepest(0);
    function.walk([&](Operation *op) {
      FlatSymbolRefAttr callee = calleeOf(op);
      if (callee)
        deepest = upperBound(
            deepest,
            arenaOf(getOperation().lookupSymbol<func::FuncOp>(callee)));
    });
    return arenas[function.getName()] = own[function.getName()] + deepest;
  }

  llvm::StringMap<SizeExpr> own, arenas; ///< by function
};

} // namespace
