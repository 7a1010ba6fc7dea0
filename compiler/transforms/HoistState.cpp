//===- HoistState.cpp - what depends on a state alone, computed when set --===//
//
// Enters: an nn module. Leaves: what an entry computes from a state and weights
// alone (keys and values of cross-attention) is computed where the state is
// set, for every turn of the loops around it, and kept as a state of its own.
// A state that nothing reads any more goes.
//
//   entry encode:  memory = m                     entry step:  read memory.0[l]
//                  for l: memory.0[l] = m · W[l]
//
// The ops are the same and so are the bits. What stays gets a remark.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_HOISTSTATE
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

static constexpr auto hoistStateRemarks =
    remark::RemarkOpts::name("hoisted-state").category("nn-hoist-state");

namespace {

/// The loops around an op, outermost first.
SmallVector<scf::ForOp> loopsAround(Operation *op) {
  SmallVector<scf::ForOp> loops;
  while ((op = op->getParentOp()))
    if (auto loop = dyn_cast<scf::ForOp>(op))
      loops.insert(loops.begin(), loop);
  return loops;
}

bool isIndexOfLoop(Value value) {
  scf::ForOp loop = scf::getForInductionVarOwner(value);
  return loop && loop.getInductionVar() == value;
}

/// What follows from one read of a state.
class Consequences {
public:
  explicit Consequences(StateReadOp read) : read(read) {
    derived.insert(read);
    func::FuncOp function = read->getParentOfType<func::FuncOp>();
    function.walk([&](Operation *op) {
      if (!follows(op))
        return;
      derived.insert(op);
      bool isProduct = llvm::any_of(op->getOpOperands(), [](OpOperand &use) {
        return roleOf(use) == OperandRole::Factor;
      });
      if (isProduct || llvm::any_of(op->getOperands(), [&](Value v) {
            return products.contains(v.getDefiningOp());
          }))
        products.insert(op);
    });
  }

  /// Results that something else reads, with at least a product behind them.
  SmallVector<Value> frontier() {
    SmallVector<Value> values;
    for (Operation *op : derived)
      for (Value result : op->getResults())
        if (products.contains(op) &&
            llvm::any_of(result.getUsers(),
                         [&](auto *user) { return !derived.contains(user); }))
          values.push_back(result);
    return values;
  }

  /// The ops that `values` need, in order, weights and constants included.
  SmallVector<Operation *> opsFor(ArrayRef<Value> values) {
    llvm::SetVector<Operation *> ops;
    for (Value value : values)
      collect(value.getDefiningOp(), ops);
    return ops.takeVector();
  }

private:
  static bool isGiven(Value value) {
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<WeightOp, ConstantOp, arith::ConstantOp>(op))
      return true;
    return !op && isIndexOfLoop(value);
  }

  /// Whether an op computes from the state and what is given alone.
  bool follows(Operation *op) {
    if (!computesFromOperands(op) || op->getNumResults() == 0)
      return false;
    // A state holds no rows that a product quantises for itself.
    if (isa<NarrowOp>(op) &&
        products.contains(op->getOperand(0).getDefiningOp()))
      return false;
    bool any = false;
    for (Value operand : op->getOperands()) {
      bool fromState =
          operand.getDefiningOp() && derived.contains(operand.getDefiningOp());
      if (!fromState && !isGiven(operand))
        return false;
      any |= fromState;
    }
    return any;
  }

  void collect(Operation *op, llvm::SetVector<Operation *> &ops) {
    if (op == read || ops.contains(op))
      return;
    for (Value operand : op->getOperands())
      if (operand.getDefiningOp())
        collect(operand.getDefiningOp(), ops);
    ops.insert(op);
  }

  StateReadOp read;
  llvm::SetVector<Operation *> derived;
  /// Of these, what has a product behind it.
  llvm::DenseSet<Operation *> products;
};

class Hoister {
public:
  explicit Hoister(ModuleOp module) : module(module) {}

  void run() {
    SmallVector<StateReadOp> reads;
    module.walk([&](StateReadOp read) { reads.push_back(read); });
    for (StateReadOp read : reads)
      hoist(read);
    // What only the hoisted values needed.
    IRRewriter rewriter(module.getContext());
    (void)runRegionDCE(rewriter, module->getRegions());
    for (StateOp state : llvm::make_early_inc_range(module.getOps<StateOp>()))
      eraseIfUnread(state);
  }

private:
  /// All writes of a state, in the order of the module.
  SmallVector<StateWriteOp> writesOf(StringRef state) {
    SmallVector<StateWriteOp> writes;
    module.walk([&](StateWriteOp write) {
      if (write.getState() == state)
        writes.push_back(write);
    });
    return writes;
  }

  void hoist(StateReadOp read) {
    if (read.getPath())
      return;
    remarkOnCalls(read);
    Consequences consequences(read);
    SmallVector<Value> values = consequences.frontier();
    auto function = read->getParentOfType<func::FuncOp>();
    if (!values.empty() && !isEntry(function))
      return remarkOnBlock(read, function.getName());
    if (!values.empty())
      remark::passed(read.getLoc(), hoistStateRemarks) << remark::add(
          "what is computed from the state alone ({0} {1}) is "
          "computed once, when it is set",
          values.size(), values.size() == 1 ? "value" : "values");
    // Values of one nest of loops are computed in one.
    llvm::MapVector<Block *, SmallVector<Value>> nests;
    for (Value value : values)
      nests[value.getParentBlock()].push_back(value);
    // All ops are found before the first value is replaced.
    SmallVector<SmallVector<Operation *>> ops;
    for (auto &[block, ofNest] : nests)
      ops.push_back(consequences.opsFor(ofNest));
    SmallVector<StateWriteOp> writes = writesOf(read.getState());
    for (auto [nest, opsOfNest] : llvm::zip_equal(nests, ops))
      hoistNest(read, nest.second, opsOfNest, writes);
  }

  static void remarkOnCalls(StateReadOp read) {
    for (Operation *user : read->getUsers())
      if (auto call = dyn_cast<CallOp>(user))
        remarkOnBlock(read, call.getCallee());
  }

  static void remarkOnBlock(StateReadOp read, StringRef block) {
    remark::missed(read.getLoc(), hoistStateRemarks)
        << remark::add("what block '{0}' computes from the state alone is "
                       "computed in every call",
                       block)
        << remark::reason("it is called from several places");
  }

  void hoistNest(StateReadOp read, ArrayRef<Value> values,
                 ArrayRef<Operation *> ops, ArrayRef<StateWriteOp> writes) {
    SmallVector<scf::ForOp> loops = loopsAround(values.front().getDefiningOp());
    SmallVector<std::string> turn;
    SmallVector<Value> indices;
    for (auto [number, loop] : llvm::enumerate(loops)) {
      turn.push_back("{" + std::to_string(number) + "}");
      indices.push_back(loop.getInductionVar());
    }
    OpBuilder builder(module.getContext());
    StringAttr path = loops.empty()
                          ? StringAttr()
                          : builder.getStringAttr(llvm::join(turn, "."));
    SmallVector<StringAttr> states = statesOf(read, values, ops, loops);
    if (states.empty()) {
      for (Value value : values)
        states.push_back(declareLike(read.getState(), value));
      for (StateWriteOp write : writes)
        computeAfter(write, read, values, ops, loops, states, path);
      kept.push_back(
          {read, llvm::to_vector(values), llvm::to_vector(ops), loops, states});
    }
    for (auto [value, state] : llvm::zip_equal(values, states)) {
      builder.setInsertionPointAfterValue(value);
      Value kept =
          StateReadOp::create(builder, value.getLoc(), value.getType(),
                              FlatSymbolRefAttr::get(state), path, indices);
      Value(value).replaceAllUsesWith(kept);
    }
  }

  /// The states that keep the same of the same state for another entry: that of
  /// every token what a step gives for the last. Empty: there are none.
  SmallVector<StringAttr> statesOf(StateReadOp read, ArrayRef<Value> values,
                                   ArrayRef<Operation *> ops,
                                   ArrayRef<scf::ForOp> loops) {
    for (Kept &other : kept)
      if (isSame(other, read, values, ops, loops))
        return other.states;
    return {};
  }

  struct Kept {
    StateReadOp read;
    SmallVector<Value> values;
    SmallVector<Operation *> ops;
    SmallVector<scf::ForOp> loops;
    SmallVector<StringAttr> states;
  };

  static bool isSame(Kept &other, StateReadOp read, ArrayRef<Value> values,
                     ArrayRef<Operation *> ops, ArrayRef<scf::ForOp> loops) {
    if (other.read.getState() != read.getState() ||
        other.values.size() != values.size() ||
        other.ops.size() != ops.size() || other.loops.size() != loops.size())
      return false;
    DenseMap<Value, Value> others;
    others[read.getResult()] = other.read.getResult();
    auto isConstant = [](Value left, Value right) {
      std::optional<int64_t> number = getConstantIntValue(left);
      return number && number == getConstantIntValue(right);
    };
    for (auto [left, right] : llvm::zip_equal(loops, other.loops)) {
      scf::ForOp its = left, theirs = right;
      if (!isConstant(its.getLowerBound(), theirs.getLowerBound()) ||
          !isConstant(its.getUpperBound(), theirs.getUpperBound()) ||
          !isConstant(its.getStep(), theirs.getStep()))
        return false;
      others[its.getInductionVar()] = theirs.getInductionVar();
    }
    auto areAlike = [&](Value left, Value right) {
      return success(others.lookup(left) == right || isConstant(left, right));
    };
    auto pair = [&](Value left, Value right) { others[left] = right; };
    for (auto [left, right] : llvm::zip_equal(ops, other.ops))
      if (!OperationEquivalence::isEquivalentTo(
              left, right, areAlike, pair,
              OperationEquivalence::IgnoreLocations))
        return false;
    return llvm::all_of(llvm::zip_equal(values, other.values), [&](auto pair) {
      auto [left, right] = pair;
      return others.lookup(left) == right;
    });
  }

  /// A state beside `state` that keeps `value`.
  StringAttr declareLike(StringRef state, Value value) {
    OpBuilder builder(module.getContext());
    StringAttr name = builder.getStringAttr(freshName(state));
    builder.setInsertionPointAfter(module.lookupSymbol(state));
    StateOp::create(builder, value.getLoc(), name,
                    TypeAttr::get(value.getType()));
    return name;
  }

  //  ops outside of loops
  //  for l:
  //    ops within, from what was written
  //    state.n[l] = value n
  void computeAfter(StateWriteOp write, StateReadOp read,
                    ArrayRef<Value> values, ArrayRef<Operation *> ops,
                    ArrayRef<scf::ForOp> loops, ArrayRef<StringAttr> states,
                    StringAttr path) {
    OpBuilder builder(write->getContext());
    builder.setInsertionPointAfter(write);
    IRMapping mapping;
    mapping.map(read.getResult(), write.getValue());
    auto computeAtDepth = [&](size_t depth) {
      for (Operation *op : ops) {
        if (loopsAround(op).size() != depth)
          continue;
        Operation *clone = builder.clone(*op, mapping);
        // An entry's paths begin at the root; the write may stand elsewhere.
        if (auto weight = dyn_cast<WeightOp>(clone))
          weight.setAbsolute(true);
      }
    };
    computeAtDepth(0);
    SmallVector<Value> indices;
    for (scf::ForOp loop : loops) {
      auto bound = [&](Value value) {
        return builder.clone(*value.getDefiningOp())->getResult(0);
      };
      auto again = scf::ForOp::create(
          builder, loop.getLoc(), bound(loop.getLowerBound()),
          bound(loop.getUpperBound()), bound(loop.getStep()));
      mapping.map(loop.getInductionVar(), again.getInductionVar());
      indices.push_back(again.getInductionVar());
      builder.setInsertionPointToStart(again.getBody());
      computeAtDepth(indices.size());
    }
    for (auto [value, state] : llvm::zip_equal(values, states))
      StateWriteOp::create(builder, value.getLoc(),
                           FlatSymbolRefAttr::get(state), mapping.lookup(value),
                           path, indices);
  }

  std::string freshName(StringRef state) {
    for (unsigned number = 0;; ++number) {
      std::string name = (state + "." + Twine(number)).str();
      if (!module.lookupSymbol(name))
        return name;
    }
  }

  void eraseIfUnread(StateOp state) {
    bool isRead = false;
    module.walk([&](StateReadOp read) {
      isRead |= read.getState() == state.getSymName();
    });
    if (isRead)
      return;
    for (StateWriteOp write : writesOf(state.getSymName()))
      write.erase();
    state.erase();
  }

  ModuleOp module;
  std::vector<Kept> kept;
};

struct HoistState : heddle::transforms::impl::HoistStateBase<HoistState> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    Hoister(getOperation()).run();
  }
};

} // namespace
