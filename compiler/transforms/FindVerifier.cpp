//===- FindVerifier.cpp - nn-find-verifier --------------------------------===//
//
// Enters: an nn module as the model file has it. Leaves: the same with
// nn.verify on it, the entry that computes for every position what the step of
// `generate` computes for the last one. It is proven op by op, never taken from
// a name or a shape: a text that is drafted must be the text that is not.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/nn/Content.h"
#include "dialects/nn/Dependence.h"
#include "dialects/nn/PathTree.h"
#include "dialects/nn/VerifyModule.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_FINDVERIFIER
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

namespace {

/// Two functions side by side: the step's, and what may be the same without its
/// `last`.
class Comparison {
public:
  Comparison(SymbolTable &symbols, StringRef axis)
      : symbols(symbols), axis(axis) {}

  /// Whether the results are the same, where those of the step may be the last
  /// positions of the other's: `isLast` says of the arguments which are, and
  /// then of the results.
  bool match(func::FuncOp step, func::FuncOp other,
             SmallVectorImpl<bool> &isLast);

private:
  bool matchBlocks(Block &step, Block &other);
  bool matchRegions(Operation &step, Operation &other);
  bool matchOps(Operation &step, Operation &other);
  bool matchCalls(CallOp step, CallOp other);
  bool matchAtLast(Operation &step, Operation &other);
  bool takesLast(Operation &step, Operation &other);
  bool areOperandsAlike(Operation &step, Operation &other);
  bool hasAxis(Value value) const;
  void pair(Value step, Value other, bool last) {
    others[step] = other;
    if (last)
      lasts.insert(step);
  }

  SymbolTable &symbols;
  StringRef axis;
  DenseMap<Value, Value> others; // of a value of the step, the other's
  DenseSet<Value> lasts;         // the step has the last position of these
};

} // namespace

bool Comparison::hasAxis(Value value) const {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !axesOf(type))
    return false;
  return llvm::any_of(llvm::seq(type.getRank()), [&](int64_t i) {
    return axesOf(type).axisName(i) == axis;
  });
}

bool Comparison::areOperandsAlike(Operation &step, Operation &other) {
  return llvm::equal(
      step.getOperands(), other.getOperands(),
      [&](Value left, Value right) { return others.lookup(left) == right; });
}

/// `last` of what both have: the other goes on with all of it.
bool Comparison::takesLast(Operation &step, Operation &other) {
  auto pick = dyn_cast<PickOp>(step);
  if (!pick || isa<PickOp>(other) || pick.getEnd() != PickEnd::Last ||
      pick.getAxis() != axis || !others.contains(pick.getX()))
    return false;
  pair(pick.getResult(), others[pick.getX()], /*last=*/true);
  return true;
}

/// Ops on the last position and on all: each position must be computed from
/// itself, and from what has no positions.
bool Comparison::matchAtLast(Operation &step, Operation &other) {
  auto isEmpty = [](Region &region) { return region.empty(); };
  if (!llvm::all_of(step.getRegions(), isEmpty) ||
      !llvm::all_of(other.getRegions(), isEmpty) ||
      !computesFromOperands(&other) ||
      dependenceAlong(&other, axis) != Dependence::Own)
    return false;
  for (Value operand : step.getOperands())
    if (!lasts.contains(operand) && hasAxis(operand))
      return false;
  for (auto [left, right] : llvm::zip(step.getResults(), other.getResults()))
    pair(left, right, /*last=*/true);
  return step.getAttrDictionary() == other.getAttrDictionary();
}

bool Comparison::matchCalls(CallOp step, CallOp other) {
  if (step.getPath() != other.getPath() ||
      step.getAbsolute() != other.getAbsolute() ||
      step.getArguments().size() != other.getArguments().size())
    return false;
  SmallVector<bool> isLast;
  for (Value argument : step.getArguments())
    isLast.push_back(lasts.contains(argument));
  auto functionOf = [&](CallOp call) {
    return symbols.lookup<func::FuncOp>(call.getCallee());
  };
  if (!Comparison(symbols, axis)
           .match(functionOf(step), functionOf(other), isLast))
    return false;
  for (auto [left, right, last] :
       llvm::zip(step.getResults(), other.getResults(), isLast))
    pair(left, right, last);
  return true;
}

bool Comparison::matchRegions(Operation &step, Operation &other) {
  for (auto [left, right] : llvm::zip(step.getRegions(), other.getRegions())) {
    if (left.empty() != right.empty())
      return false;
    if (left.empty())
      continue;
    if (!left.hasOneBlock() || !right.hasOneBlock() ||
        left.front().getArgumentTypes() != right.front().getArgumentTypes())
      return false;
    for (auto [from, to] : llvm::zip(left.getArguments(), right.getArguments()))
      pair(from, to, /*last=*/false);
    if (!matchBlocks(left.front(), right.front()))
      return false;
  }
  return true;
}

bool Comparison::matchOps(Operation &step, Operation &other) {
  if (step.getName() != other.getName() ||
      step.getNumResults() != other.getNumResults() ||
      step.getNumRegions() != other.getNumRegions() ||
      !areOperandsAlike(step, other))
    return false;
  if (auto call = dyn_cast<CallOp>(step))
    return matchCalls(call, cast<CallOp>(other));
  if (isa<func::ReturnOp>(step))
    return true;
  if (llvm::any_of(step.getOperands(),
                   [&](Value operand) { return lasts.contains(operand); }))
    return matchAtLast(step, other);
  if (step.getResultTypes() != other.getResultTypes() ||
      step.getAttrDictionary() != other.getAttrDictionary() ||
      !matchRegions(step, other))
    return false;
  for (auto [left, right] : llvm::zip(step.getResults(), other.getResults()))
    pair(left, right, /*last=*/false);
  return true;
}

bool Comparison::matchBlocks(Block &step, Block &other) {
  auto right = other.begin();
  for (Operation &left : step) {
    if (right == other.end())
      return false;
    if (takesLast(left, *right))
      continue;
    if (!matchOps(left, *right++))
      return false;
  }
  return right == other.end();
}

bool Comparison::match(func::FuncOp step, func::FuncOp other,
                       SmallVectorImpl<bool> &isLast) {
  if (step == other) {
    isLast.assign(step.getNumResults(), false);
    return true;
  }
  if (!step.getBody().hasOneBlock() || !other.getBody().hasOneBlock() ||
      step.getNumArguments() != other.getNumArguments() ||
      step.getNumResults() != other.getNumResults())
    return false;
  for (auto [left, right, last] :
       llvm::zip(step.getArguments(), other.getArguments(), isLast)) {
    if (!last && left.getType() != right.getType())
      return false;
    pair(left, right, last);
  }
  if (!matchBlocks(step.front(), other.front()))
    return false;
  isLast.clear();
  for (Value result : step.front().getTerminator()->getOperands())
    isLast.push_back(lasts.contains(result));
  return true;
}

/// [B V] of the step, [B T V] of the other.
static bool addsAxis(Type step, Type other, StringRef axis) {
  AxesAttr axes = axesOf(step), all = axesOf(other);
  return axes && all && axes.getNames().size() == 2 &&
         all.getNames().size() == 3 && axes.axisName(0) == all.axisName(0) &&
         all.axisName(1) == axis && axes.axisName(1) == all.axisName(2);
}

/// Whether `other` gives for every position what `step` gives for the last.
static bool verifies(func::FuncOp step, func::FuncOp other,
                     SymbolTable &symbols) {
  if (step.getNumArguments() == 0 || step.getNumResults() != 1 ||
      other.getNumResults() != 1 || step == other ||
      step.getArgAttrsAttr() != other.getArgAttrsAttr())
    return false;
  AxesAttr read = axesOf(step.getArgument(0).getType());
  if (!read || read.getNames().size() != 2)
    return false;
  StringRef axis = read.axisName(1);
  SmallVector<bool> isLast(step.getNumArguments(), false);
  return addsAxis(step.getResultTypes()[0], other.getResultTypes()[0], axis) &&
         Comparison(symbols, axis).match(step, other, isLast) && isLast[0];
}

namespace {

struct FindVerifier : heddle::transforms::impl::FindVerifierBase<FindVerifier> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(verifyModule(module)))
      return signalPassFailure();
    module->removeAttr(kVerifyAttr);
    auto names = module->getAttrOfType<ArrayAttr>(NNDialect::kGenerateAttr);
    if (!names || names.empty())
      return;
    SymbolTable symbols(module);
    auto step =
        symbols.lookup<func::FuncOp>(cast<StringAttr>(names.getValue().back()));
    if (!step || !isEntry(step))
      return;
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function) && verifies(step, function, symbols)) {
        module->setAttr(kVerifyAttr, function.getSymNameAttr());
        return;
      }
  }
};

} // namespace
