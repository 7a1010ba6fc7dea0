//===- SplitLayers.cpp - loops whose layers store weights unalike ---------===//
//
// Enters: an nn module, and the types asked for. Leaves: every loop cut where
// the types of its weights change from one turn to the next, each part with
// blocks of its own:
//
//   for l in 0 .. 22: layer("layers.{l}")
//
// with `layers.0.**=bf16` and q4 for the rest becomes
//
//   for l in 0 .. 1: layer("layers.{l}")
//   for l in 1 .. 22: layer_0("layers.{l}")
//
// Layers alike and side by side stay one code. nn-quantize, which follows, then
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
using Types = SmallVector<heddle::kernel::PackedType>;

static constexpr auto remarkOptions =
    remark::RemarkOpts::name("split-layers").category("nn-split-layers");

/// What every turn of every loop stores, over all calls of the function that
/// the loop is in.
class TurnTypes {
public:
  TurnTypes(ModuleOp module, const PathTree &tree, WeightTypes &asked)
      : symbols(module), tree(tree), asked(asked) {
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function)) {
        Types types;
        read(function, tree.entryStart(function.getName()).first, types);
      }
  }

  /// Outer loops before inner ones, callers before callees.
  llvm::MapVector<scf::ForOp, SmallVector<Types>> loops;

private:
  void read(func::FuncOp function, int64_t line, Types &into) {
    SmallVector<int64_t> indices;
    read(function.getBody().front(), line, indices, into);
  }

  void read(Block &block, int64_t line, SmallVector<int64_t> &indices,
            Types &into) {
    for (Operation *op : tree.opsWithSlots(block)) {
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        read(loop, line, indices, into);
        continue;
      }
      auto slot = [&] {
        const SlotPlace &place = tree.weightPlace(op);
        int64_t at = line + place.first;
        for (auto [stride, index] : llvm::zip_equal(place.strides, indices))
          at += stride * index;
        return at;
      };
      if (auto weight = dyn_cast<WeightOp>(op)) {
        const PathTree::Slot &stored = tree.weights()[slot()];
        into.push_back(asked.typeFor(stored.path, roleOf(weight)));
        for (StringRef path : stored.then)
          into.push_back(asked.typeFor(path, roleOf(weight)));
      } else if (auto call = dyn_cast<CallOp>(op)) {
        read(callee(call.getCallee()), slot(), into);
      } else if (auto route = dyn_cast<RouteOp>(op)) {
        func::FuncOp expert = callee(route.getCallee());
        int64_t length = tree.lineOf(expert.getName()).first;
        for (int64_t e = 0; e < static_cast<int64_t>(route.getCount()); ++e)
          read(expert, slot() + e * length, into);
      }
      for (Region &region : op->getRegions())
        for (Block &inner : region)
          read(inner, line, indices, into);
    }
  }

  void read(scf::ForOp loop, int64_t line, SmallVector<int64_t> &indices,
            Types &into) {
    int64_t lower = *getConstantIntValue(loop.getLowerBound()),
            upper = *getConstantIntValue(loop.getUpperBound());
    loops[loop].resize(std::max<int64_t>(upper - lower, 0));
    for (int64_t index = lower; index < upper; ++index) {
      Types turn;
      indices.push_back(index);
      read(*loop.getBody(), line, indices, turn);
      indices.pop_back();
      loops[loop][index - lower].append(turn);
      into.append(turn);
    }
  }

  func::FuncOp callee(StringRef name) {
    return symbols.lookup<func::FuncOp>(name);
  }

  SymbolTable symbols;
  const PathTree &tree;
  WeightTypes &asked;
};

struct SplitLayers : heddle::transforms::impl::SplitLayersBase<SplitLayers> {
  using Base = heddle::transforms::impl::SplitLayersBase<SplitLayers>;
  using Base::Base;

  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    auto asked = WeightTypes::read(getOperation(), dtype, quant);
    if (failed(asked))
      return signalPassFailure();
    if (asked->areAllF32())
      return;
    FailureOr<PathTree> tree = PathTree::build(getOperation());
    if (failed(tree))
      return signalPassFailure();
    TurnTypes types(getOperation(), *tree, *asked);
    SymbolTable symbols(getOperation());
    // Inner loops first: a part of an outer one then has them as they are.
    for (auto &[loop, turns] : llvm::reverse(types.loops))
      split(loop, turns, symbols);
  }

private:
  void split(scf::ForOp loop, ArrayRef<Types> turns, SymbolTable &symbols) {
    SmallVector<int64_t> ends;
    for (size_t turn = 1; turn <= turns.size(); ++turn)
      if (turn == turns.size() || turns[turn] != turns[turn - 1])
        ends.push_back(turn);
    if (ends.size() < 2)
      return;
    remark::passed(loop.getLoc(), remarkOptions)
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
      if (first > 0)
        cloneBlocks(part, symbols);
      carried = part.getResults();
      first = end;
    }
    loop.replaceAllUsesWith(carried);
    loop.erase();
  }

  /// Blocks called from within `op` become its own.
  void cloneBlocks(Operation *op, SymbolTable &symbols) {
    op->walk([&](Operation *inner) {
      FlatSymbolRefAttr callee = calleeOf(inner);
      if (!callee)
        return;
      func::FuncOp own =
          symbols.lookup<func::FuncOp>(callee.getValue()).clone();
      inner->setAttr("callee", FlatSymbolRefAttr::get(symbols.insert(own)));
      cloneBlocks(own, symbols);
    });
  }
};

} // namespace
