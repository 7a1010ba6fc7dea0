//===- Costs.cpp - what a program does and what it reads, in numbers ------===//

#include "compiler/explain/Costs.h"
#include "compiler/explain/Remarks.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Places.h"
#include "dialects/nn/SizeTable.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::json::Array;
using llvm::json::Object;
using nn::SizeExpr;

//===----------------------------------------------------------------------===//
// How often
//===----------------------------------------------------------------------===//

namespace {

/// By number.
using RunsInFunction = std::map<int64_t, SizeExpr>;

class RunCounter {
public:
  explicit RunCounter(mlir::ModuleOp module) : module(module), sizes(module) {}

  /// Sites of a function and of those that it calls, in one run.
  RunsInFunction sitesOf(mlir::func::FuncOp function) {
    auto [entry, isNew] = known.try_emplace(function.getName());
    if (!isNew) // also where it calls itself, which no model does
      return entry->second;
    RunsInFunction sites;
    function.walk([&](mlir::Operation *op) {
      if (std::optional<int64_t> site = siteOf(op))
        sites[*site] += turnsAround(op);
      if (mlir::func::FuncOp callee = calleeOf(op))
        for (auto &[site, runs] : sitesOf(callee))
          sites[site] += runs * turnsAround(op) * callsOf(op);
    });
    return known[function.getName()] = sites;
  }

private:
  /// The turns of the loops around `op` within its function.
  SizeExpr turnsAround(mlir::Operation *op) {
    SizeExpr turns(1);
    while ((op = op->getParentOp())) {
      if (auto scan = mlir::dyn_cast<nn::ScanOp>(op)) {
        llvm::FailureOr<SizeExpr> axis = SizeExpr::parse(scan.getAxis());
        turns *= succeeded(axis) ? sizes.known(*axis) : SizeExpr(1);
      } else if (auto loop = mlir::dyn_cast<mlir::scf::ForOp>(op)) {
        turns *= SizeExpr(turnsOf(loop));
      }
    }
    return turns;
  }

  /// A loop whose bounds are no constants is a kernel's, not the model's.
  static int64_t turnsOf(mlir::scf::ForOp loop) {
    auto lower = mlir::getConstantIntValue(loop.getLowerBound()),
         upper = mlir::getConstantIntValue(loop.getUpperBound()),
         step = mlir::getConstantIntValue(loop.getStep());
    bool isKnown =
        lower && upper && step && *step > 0 && *lower >= 0 && *upper > *lower;
    return isKnown ? (*upper - *lower - 1) / *step + 1 : 1;
  }

  static std::optional<int64_t> siteOf(mlir::Operation *op) {
    if (auto mark = mlir::dyn_cast<kernel::MarkOp>(op))
      return mark.getSite();
    if (auto site = op->getAttrOfType<mlir::IntegerAttr>(nn::kSiteAttr))
      return site.getInt();
    return std::nullopt;
  }

  mlir::func::FuncOp calleeOf(mlir::Operation *op) {
    auto call = mlir::dyn_cast<mlir::CallOpInterface>(op);
    if (!call)
      return {};
    auto symbol = llvm::dyn_cast_if_present<mlir::SymbolRefAttr>(
        call.getCallableForCallee());
    return symbol ? module.lookupSymbol<mlir::func::FuncOp>(
                        symbol.getRootReference().getValue())
                  : mlir::func::FuncOp();
  }

  /// Each of the blocks that data choose among runs once a call.
  static SizeExpr callsOf(mlir::Operation *op) {
    auto route = mlir::dyn_cast<nn::RouteOp>(op);
    return SizeExpr(route ? route.getCount() : 1);
  }

  mlir::ModuleOp module;
  nn::SizeTable sizes;
  std::map<llvm::StringRef, RunsInFunction> known;
};

} // namespace

RunsOfSites explain::countRuns(mlir::ModuleOp module) {
  RunsOfSites runs;
  program::DescriptionOp description = program::descriptionOf(module);
  if (!description)
    return runs;
  RunCounter counter(module);
  for (auto entry : description.getOps<program::EntryOp>())
    if (auto function =
            module.lookupSymbol<mlir::func::FuncOp>(entry.getFunction()))
      for (auto &[site, count] : counter.sitesOf(function))
        runs[site][jsonText(entry.getFunction())] = count.str();
  return runs;
}

//===----------------------------------------------------------------------===//
// As JSON
//===----------------------------------------------------------------------===//

static std::string textOf(const std::optional<SizeExpr> &expr) {
  return expr ? expr->str() : "0";
}

static std::string textOf(std::optional<llvm::StringRef> text) {
  return text ? jsonText(*text) : "";
}

static std::string typeText(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

Array explain::sitesOf(program::DescriptionOp description,
                       const RunsOfSites &runs, Places &places) {
  std::map<int64_t, Object> sites;
  for (auto site : description.getOps<program::SiteOp>()) {
    int64_t number = site.getNumber();
    Object counted;
    if (auto known = runs.find(number); known != runs.end())
      for (auto &[entry, count] : known->second)
        counted[entry] = count;
    std::string arithmetic =
        site.getArithmetic() ? typeText(*site.getArithmetic()) : "f32";
    sites[number] = Object{{"name", jsonText(site.getName())},
                           {"flops", textOf(site.getFlops())},
                           {"bytes", textOf(site.getBytes())},
                           {"arithmetic", arithmetic},
                           {"at", placeText(site.getLoc())},
                           {"places", places.of(site.getLoc())},
                           {"runs", std::move(counted)}};
  }
  Array array;
  for (auto &[number, site] : sites)
    array.push_back(std::move(site));
  return array;
}

Array explain::sizesOf(program::DescriptionOp description) {
  Array array;
  for (auto size : description.getOps<program::SizeOp>())
    array.push_back(Object{{"name", jsonText(size.getName())},
                           {"min", size.getMin()},
                           {"max", size.getMax()},
                           {"step", size.getStep()},
                           {"per", textOf(size.getPer())},
                           {"grows", textOf(size.getGrownBy())}});
  return array;
}

Array explain::entriesOf(program::DescriptionOp description) {
  Array array;
  for (auto entry : description.getOps<program::EntryOp>())
    array.push_back(
        Object{{"name", jsonText(entry.getFunction())},
               {"arena", textOf(entry.getArena())},
               {"generates",
                program::stringifyGenerateRole(entry.getGenerates()).str()}});
  return array;
}

Array explain::cachesOf(program::DescriptionOp description) {
  Array array;
  for (auto cache : description.getOps<program::CacheOp>())
    array.push_back(Object{{"path", jsonText(cache.getPath())},
                           {"bytes", cache.getBytes()},
                           {"size", textOf(cache.getSize())},
                           {"streams", cache.getStreams().value_or(1)},
                           {"window", cache.getWindow().value_or(0)},
                           {"state", cache.getState()}});
  return array;
}

Array explain::weightsOf(program::DescriptionOp description) {
  Array array;
  for (auto tensor : description.getOps<program::TensorOp>()) {
    Array parts;
    for (program::PartAttr part : tensor.partRange())
      parts.push_back(Array{jsonText(part.getPath()), Array(part.getShape()),
                            jsonText(part.getAxes()),
                            jsonText(part.getLocation())});
    kernel::LayoutAttr layout = tensor.getLayout();
    array.push_back(
        Object{{"parts", std::move(parts)},
               {"layout", jsonText(layout.getText())},
               {"type", kernel::nameOf(layout.getLayout().type).str()},
               {"bytes", tensor.packedBytes()}});
  }
  return array;
}
