//===- ObserveLayers.cpp - what each layer hands on, as an answer ---------===//
//
// Enters: an nn module, as the language made it, and names of entries. Leaves:
// for each of these whose layers are a loop, one more entry, `NAME__layers`,
// that takes the same and answers with what the loop carries after every turn:
//
//   for l in 0..L: x = layer(x)        →  seen[.. L D] = 0
//                                         for l in 0..L:
//                                           x = layer(x)
//                                           seen[.., l, :] = x
//
// The entry has blocks of its own, so that those of the others are called from
// as many places as before, and become the same code.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/Inliner.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/StringSet.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_OBSERVELAYERS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;

static constexpr auto observeLayersRemarks =
    remark::RemarkOpts::name("observed-layers").category("nn-observe-layers");

namespace {

/// A loop of layers, and which of its values is the stream that they change.
struct Layers {
  scf::ForOp loop;
  unsigned stream;
  int64_t lower, count;
};

/// The first value carried that is real and has an axis for the tokens.
std::optional<Layers> layersOf(scf::ForOp loop) {
  auto lower = getConstantIntValue(loop.getLowerBound()),
       upper = getConstantIntValue(loop.getUpperBound());
  if (!lower || !upper || *lower >= *upper)
    return std::nullopt;
  for (auto [number, value] : llvm::enumerate(loop.getResults()))
    if (auto type = dyn_cast<RankedTensorType>(value.getType());
        type && type.getElementType().isF32() && type.getRank() >= 2 &&
        !type.isDynamicDim(type.getRank() - 1))
      return Layers{loop, static_cast<unsigned>(number), *lower,
                    *upper - *lower};
  return std::nullopt;
}

/// `type` with an axis of `count` before its last one.
RankedTensorType withLayers(RankedTensorType type, int64_t count,
                            Builder &builder) {
  AxesAttr axes = axesOf(type);
  SmallVector<StringAttr> names(axes.getNames());
  SmallVector<int64_t> sizes(type.getShape());
  names.insert(names.end() - 1, builder.getStringAttr(Twine(count)));
  sizes.insert(sizes.end() - 1, count);
  return tensorOf(sizes, type.getElementType(),
                  AxesAttr::get(builder.getContext(), names, StringAttr()));
}

/// Where the layers are, as a name: `encoder_layer` of "encoder.layer.{0}.…".
std::string nameOf(const Layers &layers) {
  std::string name;
  scf::ForOp(layers.loop).getBody()->walk([&](PathOpInterface op) {
    auto path = op->getAttrOfType<StringAttr>("path");
    Value index = scf::ForOp(layers.loop).getInductionVar();
    auto indices = op.getPathIndices();
    auto at = llvm::find(indices, index);
    if (!path || at == indices.end())
      return WalkResult::advance();
    std::string place =
        "{" + std::to_string(std::distance(indices.begin(), at)) + "}";
    name = path.getValue().split(place).first.rtrim('.').str();
    return WalkResult::interrupt();
  });
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return isName(name) ? name : "layer";
}

struct ObserveLayers
    : heddle::transforms::impl::ObserveLayersBase<ObserveLayers> {
  using Base = heddle::transforms::impl::ObserveLayersBase<ObserveLayers>;
  using Base::Base;

  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    for (const std::string &name : entries) {
      auto entry = symbols.lookup<func::FuncOp>(name);
      if (!entry || !isEntry(entry)) {
        emitError(getOperation().getLoc())
            << "found no entry " << name << " to observe";
        return signalPassFailure();
      }
      observe(entry, symbols);
    }
  }

private:
  void observe(func::FuncOp entry, SymbolTable &symbols) {
    func::FuncOp observed = entry.clone();
    observed.setName((entry.getName() + "__layers").str());
    symbols.insert(observed);
    inlineLoops(observed, symbols);
    SmallVector<Layers> found;
    for (auto loop : observed.getBody().front().getOps<scf::ForOp>())
      if (std::optional<Layers> layers = layersOf(loop))
        found.push_back(*layers);
    if (found.empty()) {
      remark::missed(entry.getLoc(), observeLayersRemarks)
          << remark::add("layers of '{0}' not observed", entry.getName())
          << remark::reason("no loop carries a stream of tokens");
      symbols.erase(observed);
      return;
    }
    SmallVector<Value> seen;
    SmallVector<std::string> names;
    for (const Layers &layers : found) {
      names.push_back(nameOf(layers));
      seen.push_back(collect(layers));
    }
    answer(observed, seen, names);
    eraseUnread(observed, symbols);
    cloneBlocks(observed, symbols);
  }

  /// What only the entry's own answer needed: the head, say.
  static void eraseUnread(func::FuncOp observed, SymbolTable &symbols) {
    for (Operation &op : llvm::make_early_inc_range(
             llvm::reverse(observed.getBody().front()))) {
      auto call = dyn_cast<CallOp>(op);
      bool isUnread =
          call
              ? call.use_empty() &&
                    !touchesSession(
                        symbols.lookup<func::FuncOp>(call.getCallee()), symbols)
              : isOpTriviallyDead(&op);
      if (isUnread)
        op.erase();
    }
  }

  static bool touchesSession(func::FuncOp block, SymbolTable &symbols) {
    return block
        .walk([&](Operation *op) {
          auto call = dyn_cast<CallOp>(op);
          bool touches =
              isa<SessionOpInterface>(op) ||
              (call &&
               touchesSession(symbols.lookup<func::FuncOp>(call.getCallee()),
                              symbols));
          return touches ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// Blocks that have loops, directly or in what they call, become part of the
  /// entry, as far as they may.
  void inlineLoops(func::FuncOp observed, SymbolTable &symbols) {
    InlinerInterface inliner(&getContext());
    auto splice = InlinerConfig().getCloneCallback();
    llvm::SmallPtrSet<Operation *, 4> refused;
    for (bool changed = true; changed;) {
      changed = false;
      for (auto call : llvm::make_early_inc_range(
               observed.getBody().front().getOps<CallOp>())) {
        auto block = symbols.lookup<func::FuncOp>(call.getCallee());
        if (refused.contains(call) || !hasLoops(block, symbols, 0))
          continue;
        if (failed(inlineCall(inliner, splice, call, block, &block.getBody(),
                              /*shouldCloneInlinedRegion=*/true))) {
          refused.insert(call);
          continue;
        }
        call.erase();
        changed = true;
        break;
      }
    }
  }

  static bool hasLoops(func::FuncOp block, SymbolTable &symbols,
                       unsigned depth) {
    constexpr unsigned deepest = 64; // recursion has its error elsewhere
    return depth < deepest &&
           block
               .walk([&](Operation *op) {
                 auto call = dyn_cast<CallOp>(op);
                 bool found =
                     isa<scf::ForOp>(op) ||
                     (call &&
                      hasLoops(symbols.lookup<func::FuncOp>(call.getCallee()),
                               symbols, depth + 1));
                 return found ? WalkResult::interrupt() : WalkResult::advance();
               })
               .wasInterrupted();
  }

  /// Blocks called from within `op` become its own.
  static void cloneBlocks(Operation *op, SymbolTable &symbols) {
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

  /// Makes the loop carry what it has seen of the stream, too.
  Value collect(const Layers &layers) {
    scf::ForOp loop = layers.loop;
    IRRewriter rewriter(loop);
    Location location = loop.getLoc();
    auto type = cast<RankedTensorType>(loop.getResult(layers.stream).getType());
    RankedTensorType seenType = withLayers(type, layers.count, rewriter);
    std::string count = std::to_string(layers.count);
    auto vector = [&](Type element, StringRef over) {
      return tensorOf({layers.count}, element,
                      AxesAttr::get(&getContext(), {StringRef(count)}, over));
    };
    auto scalar = [&](Type element) {
      return tensorOf({}, element,
                      AxesAttr::get(&getContext(), ArrayRef<StringRef>()));
    };
    Type integer = rewriter.getI32Type(), truth = rewriter.getI1Type();
    // Which line is which layer's, and a line that is none's.
    Value lines =
        PositionsOp::create(rewriter, location, vector(integer, count), count);
    Value zero =
        ConstantOp::create(rewriter, location, scalar(type.getElementType()),
                           rewriter.getF64FloatAttr(0));
    Value never = CompareOp::create(rewriter, location, vector(truth, ""),
                                    CompareKind::Unequal, lines, lines);
    Value empty = SelectOp::create(rewriter, location, seenType, never,
                                   loop.getInitArgs()[layers.stream], zero);
    SmallVector<double> numbers;
    for (int64_t turn = 0; turn < layers.count; ++turn)
      numbers.push_back(turn);
    auto addTurn = [&](OpBuilder &builder, Location location,
                       ArrayRef<BlockArgument> carried) -> SmallVector<Value> {
      Value turn = LoopNumberOp::create(
          builder, location, scalar(integer), loop.getInductionVar(),
          builder.getI64IntegerAttr(layers.lower),
          NumbersAttr::get(&getContext(),
                           builder.getDenseF64ArrayAttr(numbers)));
      Value isTurn = CompareOp::create(builder, location, vector(truth, ""),
                                       CompareKind::Equal, lines, turn);
      Value stream = loop.getBody()->getTerminator()->getOperand(layers.stream);
      return {SelectOp::create(builder, location, seenType, isTurn, stream,
                               carried.front())};
    };
    auto replaced = *loop.replaceWithAdditionalYields(
        rewriter, empty, /*replaceInitOperandUsesInLoop=*/false, addTurn);
    return replaced->getResults().back();
  }

  static void answer(func::FuncOp observed, ArrayRef<Value> seen,
                     ArrayRef<std::string> names) {
    observed.getBody().front().getTerminator()->setOperands(seen);
    observed.setType(
        FunctionType::get(observed.getContext(), observed.getArgumentTypes(),
                          llvm::to_vector(ValueRange(seen).getTypes())));
    observed.removeResAttrsAttr();
    llvm::StringSet<> taken;
    for (auto [number, name] : llvm::enumerate(names)) {
      std::string own = name;
      while (!taken.insert(own).second)
        own += "_";
      observed.setResultAttr(number, NNDialect::kNameAttr,
                             StringAttr::get(observed.getContext(), own));
    }
  }
};

} // namespace
