//===- SplitLayers.cpp - loops whose layers store weights unalike ---------===//
//
// Enters: an nn module, and the types asked for. Leaves: every loop cut where
// the types of its weights change from one turn to the next, and blocks copied
// whose calls store other types:
//
//   for l in 0 .. 22: layer("layers.{l}")
//
// with `layers.0.**=bf16` and q4 for the rest becomes
//
//   for l in 0 .. 1: layer("layers.{l}")
//   for l in 1 .. 22: layer_0("layers.{l}")
//
// Layers alike call the same blocks. nn-quantize, which follows, then
// finds one type for each of its weights.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "compiler/transforms/WeightTypes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_SPLITLAYERS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;
using namespace heddle::transforms;

namespace {

/// Types of weights, in the order of their slots.
using Types = SmallVector<WeightType>;

static constexpr auto splitLayersRemarks =
    remark::RemarkOpts::name("split-layers").category("nn-split-layers");

/// Reads which types a module's functions store, instance by instance.
class StoredTypes {
public:
  StoredTypes(ModuleOp module, const PathTree &tree, WeightTypes &asked)
      : symbols(module), tree(tree), asked(asked) {
    // Calls may be given other callees later.
    module.walk([&](Operation *op) {
      if (FlatSymbolRefAttr name = heddle::nn::calleeOf(op))
        callees[op] = symbols.lookup<func::FuncOp>(name.getValue());
    });
  }

  func::FuncOp calleeOf(Operation *op) const { return callees.lookup(op); }

  /// Calls `turn` with what each turn of each loop stores, in order.
  using OnTurn = function_ref<void(scf::ForOp, int64_t, const Types &)>;
  /// The types of an instance of a function, whose line is `line`.
  Types of(func::FuncOp function, int64_t line, OnTurn turn) {
    Types types;
    SmallVector<int64_t> indices;
    read(function.getBody().front(), line, indices, types, turn);
    return types;
  }

  /// Where the line of a callee begins, loops at `indices`.
  int64_t lineOf(Operation *op, int64_t line, ArrayRef<int64_t> indices) const {
    const SlotPlace &place = tree.weightPlace(op);
    int64_t at = line + place.first;
    for (auto [stride, index] : llvm::zip_equal(place.strides, indices))
      at += stride * index;
    return at;
  }

  ArrayRef<Operation *> opsWithSlots(Block &block) const {
    return tree.opsWithSlots(block);
  }

private:
  void read(Block &block, int64_t line, SmallVector<int64_t> &indices,
            Types &into, OnTurn turn) {
    for (Operation *op : tree.opsWithSlots(block)) {
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        read(loop, line, indices, into, turn);
        continue;
      }
      if (auto weight = dyn_cast<WeightOp>(op)) {
        const PathTree::Slot &stored =
            tree.weights()[lineOf(op, line, indices)];
        into.push_back(asked.typeFor(stored.path, roleOf(weight)));
        for (StringRef path : stored.then)
          into.push_back(asked.typeFor(path, roleOf(weight)));
      } else if (func::FuncOp callee = calleeOf(op)) {
        int64_t first = lineOf(op, line, indices), count = 1;
        if (auto route = dyn_cast<RouteOp>(op))
          count = route.getCount();
        int64_t length = tree.lineOf(callee.getName()).first;
        for (int64_t expert = 0; expert < count; ++expert)
          into.append(of(callee, first + expert * length, turn));
      }
      for (Region &region : op->getRegions())
        for (Block &inner : region)
          read(inner, line, indices, into, turn);
    }
  }

  void read(scf::ForOp loop, int64_t line, SmallVector<int64_t> &indices,
            Types &into, OnTurn turn) {
    int64_t lower = *getConstantIntValue(loop.getLowerBound()),
            upper = *getConstantIntValue(loop.getUpperBound());
    for (int64_t index = lower; index < upper; ++index) {
      Types types;
      indices.push_back(index);
      read(*loop.getBody(), line, indices, types, turn);
      indices.pop_back();
      turn(loop, index - lower, types);
      into.append(types);
    }
  }

  SymbolTable symbols;
  const PathTree &tree;
  WeightTypes &asked;
  llvm::DenseMap<Operation *, func::FuncOp> callees;
};

/// Gives every call a callee whose weights have the types of its own.
class CalleeChoice {
public:
  CalleeChoice(ModuleOp module, const PathTree &tree, StoredTypes &types)
      : symbols(module), types(types) {
    SmallVector<func::FuncOp> entries;
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function))
        entries.push_back(function);
    for (func::FuncOp entry : entries)
      choose(entry, /*copies=*/nullptr, tree.entryStart(entry.getName()).first);
  }

private:
  /// Of the calls in a function, or in a copy of it, one instance of which has
  /// its line at `line`.
  void choose(func::FuncOp original, const IRMapping *copies, int64_t line) {
    SmallVector<int64_t> indices;
    choose(original.getBody().front(), copies, line, indices);
  }

  void choose(Block &block, const IRMapping *copies, int64_t line,
              SmallVector<int64_t> &indices) {
    for (Operation *op : types.opsWithSlots(block)) {
      if (func::FuncOp callee = types.calleeOf(op)) {
        Operation *own = copies ? copies->lookupOrNull(op) : op;
        own->setAttr("callee", FlatSymbolRefAttr::get(calleeFor(
                                   callee, types.lineOf(op, line, indices))));
      }
      auto loop = dyn_cast<scf::ForOp>(op);
      if (loop)
        indices.push_back(*getConstantIntValue(loop.getLowerBound()));
      for (Region &region : op->getRegions())
        for (Block &inner : region)
          choose(inner, copies, line, indices);
      if (loop)
        indices.pop_back();
    }
  }

  /// The first types of a function keep it, each others have a copy.
  StringAttr calleeFor(func::FuncOp callee, int64_t line) {
    Types stored = types.of(callee, line, [](scf::ForOp, int64_t, auto &) {});
    auto &known = copiesOf[callee];
    for (auto &[others, name] : known)
      if (others == stored)
        return name;
    if (known.empty()) {
      StringAttr name = known.emplace_back(stored, callee.getNameAttr()).second;
      choose(callee, /*copies=*/nullptr, line);
      return name;
    }
    IRMapping copies;
    auto copy = cast<func::FuncOp>(callee->clone(copies));
    StringAttr name = symbols.insert(copy);
    known.emplace_back(stored, name);
    choose(callee, &copies, line);
    return name;
  }

  SymbolTable symbols;
  StoredTypes &types;
  llvm::DenseMap<Operation *, SmallVector<std::pair<Types, StringAttr>, 0>>
      copiesOf;
};

struct SplitLayers : heddle::transforms::impl::SplitLayersBase<SplitLayers> {
  using Base = heddle::transforms::impl::SplitLayersBase<SplitLayers>;
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(verifyModule(module)))
      return signalPassFailure();
    auto asked = WeightTypes::read(module, dtype, stored, quant);
    if (failed(asked))
      return signalPassFailure();
    if (asked->areAllF32())
      return;
    if (failed(cutLoops(*asked)))
      return signalPassFailure();
    FailureOr<PathTree> tree = PathTree::build(module);
    if (failed(tree))
      return signalPassFailure();
    StoredTypes types(module, *tree, *asked);
    CalleeChoice(module, *tree, types);
  }

private:
  LogicalResult cutLoops(WeightTypes &asked) {
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return failure();
    // Over all calls of the function that a loop is in. Inner loops end first.
    llvm::MapVector<scf::ForOp, SmallVector<Types>> loops;
    StoredTypes types(getOperation(), *tree, asked);
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (isEntry(function))
        types.of(function, tree->entryStart(function.getName()).first,
                 [&](scf::ForOp loop, int64_t turn, const Types &stored) {
                   SmallVector<Types> &turns = loops[loop];
                   turns.resize(std::max<size_t>(turns.size(), turn + 1));
                   turns[turn].append(stored);
                 });
    for (auto &[loop, turns] : loops)
      cut(loop, turns);
    return success();
  }

  void cut(scf::ForOp loop, ArrayRef<Types> turns) {
    SmallVector<int64_t> ends;
    for (size_t turn = 1; turn <= turns.size(); ++turn)
      if (turn == turns.size() || turns[turn] != turns[turn - 1])
        ends.push_back(turn);
    if (ends.size() < 2)
      return;
    remark::passed(loop.getLoc(), splitLayersRemarks)
        << remark::add("loop of layers cut into {0}", ends.size())
        << remark::reason("the types of their weights differ");
    OpBuilder builder(loop);
    int64_t lower = *getConstantIntValue(loop.getLowerBound()), first = 0;
    auto index = [&](int64_t number) {
      return arith::ConstantIndexOp::create(builder, loop.getLoc(), number);
    };
    ValueRange carried = loop.getInitArgs();
    for (int64_t end : ends) {
      auto part = cast<scf::ForOp>(builder.clone(*loop));
      builder.setInsertionPoint(part);
      part.setLowerBound(index(lower + first));
      part.setUpperBound(index(lower + end));
      part.getInitArgsMutable().assign(carried);
      builder.setInsertionPointAfter(part);
      carried = part.getResults();
      first = end;
    }
    loop.replaceAllUsesWith(carried);
    loop.erase();
  }
};

} // namespace
