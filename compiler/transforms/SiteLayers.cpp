//===- SiteLayers.cpp - which ops a loop runs layer by layer --------------===//
//
// The outermost loop that leads to an op counts layers. What stands in it, or
// in a block that it calls, runs once a layer, unless another loop or a choice
// of the data (nn.route) lies between, or a block is called twice.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/SiteLayers.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/VerifyModule.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace heddle;
using transforms::SiteLayer;
using transforms::SiteLayers;

SiteLayers::SiteLayers(ModuleOp module) {
  module.walk([&](Operation *op) {
    if (FlatSymbolRefAttr callee = nn::calleeOf(op))
      callers[callee.getValue()].push_back(op);
  });
}

/// The blocks that have become part of the function around an op, the outermost
/// first.
static SmallVector<StringRef> inlinedBlocks(Operation *op) {
  Location place = op->getLoc();
  if (auto fused = dyn_cast<FusedLoc>(place))
    place = fused.getLocations().front();
  SmallVector<StringRef> names;
  while (auto stack = dyn_cast<CallSiteLoc>(place)) {
    auto block = dyn_cast<NameLoc>(stack.getCallee());
    names.push_back(block ? block.getName().getValue() : "loop");
    place = stack.getCaller();
  }
  return SmallVector<StringRef>(llvm::reverse(names));
}

/// The first block that the loop calls, or has called before it became part of
/// the function.
static std::string blockOf(scf::ForOp loop) {
  size_t around = inlinedBlocks(loop).size();
  std::string name = "loop";
  loop.getBody()->walk<WalkOrder::PreOrder>([&](Operation *op) {
    SmallVector<StringRef> names = inlinedBlocks(op);
    if (names.size() > around)
      name = names[around].str();
    else if (FlatSymbolRefAttr callee = nn::calleeOf(op))
      name = callee.getValue().str();
    else
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  return name;
}

std::optional<SiteLayer> SiteLayers::of(Operation *op) {
  scf::ForOp outermost;
  unsigned loops = 0;
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>(), ++loops)
    outermost = loop;
  auto layer = ofFunction(op->getParentOfType<func::FuncOp>());
  if (layer) {
    layer->counts = layer->counts && !loops;
    return layer;
  }
  if (!loops)
    return std::nullopt;
  int64_t from = getConstantIntValue(outermost.getLowerBound()).value_or(0);
  return SiteLayer{blockOf(outermost), std::max<int64_t>(from, 0), loops == 1};
}

std::optional<SiteLayer> SiteLayers::ofCall(Operation *call) {
  std::optional<SiteLayer> layer = of(call);
  if (layer && isa<nn::RouteOp>(call))
    layer->counts = false;
  return layer;
}

std::optional<SiteLayer> SiteLayers::ofFunction(func::FuncOp function) {
  StringRef name = function.getName();
  if (nn::isEntry(function))
    return std::nullopt;
  // Known from now on: what calls itself is in no layer by that.
  auto [entry, isNew] = known.try_emplace(name);
  if (!isNew)
    return entry->second;
  std::optional<SiteLayer> all;
  llvm::SmallPtrSet<Operation *, 4> within;
  for (Operation *call : callers.lookup(name)) {
    std::optional<SiteLayer> layer = ofCall(call);
    if (!layer)
      continue;
    bool isOnly = within.insert(call->getParentOp()).second;
    if (!all) {
      all = layer;
    } else {
      all->from = std::min(all->from, layer->from);
      all->counts = all->counts && layer->counts && isOnly;
    }
  }
  return known[name] = all;
}
