//===- SiteFunctions.cpp - which functions work for which ops -------------===//
//
// What runs between two marks is of the second one's site. A block that marks
// sites of its own works for these alone.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/SiteFunctions.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace heddle;
using namespace heddle::explain;

namespace {

class SiteFinder {
public:
  explicit SiteFinder(mlir::ModuleOp module) : module(module) {}

  SitesOfFunctions run() {
    for (auto function : module.getOps<mlir::func::FuncOp>())
      if (hasMarks(function))
        addSitesOf(function);
    return std::move(sites);
  }

private:
  static bool hasMarks(mlir::func::FuncOp function) {
    return function
        .walk([](kernel::MarkOp) { return mlir::WalkResult::interrupt(); })
        .wasInterrupted();
  }

  /// What has run since the mark before is of this one.
  void addSitesOf(mlir::func::FuncOp function) {
    std::set<std::string> since;
    function.walk([&](mlir::Operation *op) {
      if (auto mark = mlir::dyn_cast<kernel::MarkOp>(op)) {
        for (const std::string &name : since)
          sites[name].insert(mark.getSite());
        since.clear();
        return;
      }
      addUsed(op, since);
    });
  }

  void addUsed(mlir::Operation *op, std::set<std::string> &names) {
    for (mlir::NamedAttribute attribute : op->getAttrs())
      if (auto symbol =
              mlir::dyn_cast<mlir::FlatSymbolRefAttr>(attribute.getValue()))
        if (auto used =
                module.lookupSymbol<mlir::func::FuncOp>(symbol.getValue()))
          addFunction(used, names);
  }

  void addFunction(mlir::func::FuncOp function, std::set<std::string> &names) {
    // Another block marks its own sites.
    if (hasMarks(function) || !names.insert(function.getName().str()).second)
      return;
    function.walk([&](mlir::Operation *op) { addUsed(op, names); });
  }

  mlir::ModuleOp module;
  SitesOfFunctions sites;
};

} // namespace

SitesOfFunctions explain::sitesOfFunctions(mlir::ModuleOp module) {
  return SiteFinder(module).run();
}

PlacesOfFunctions explain::placesOfFunctions(const SitesOfFunctions &sites,
                                             llvm::ArrayRef<unsigned> ofSite,
                                             Places &places) {
  PlacesOfFunctions result;
  for (auto &[name, numbers] : sites) {
    std::vector<ModelLine> lines;
    for (int64_t site : numbers)
      if (site >= 0 && size_t(site) < ofSite.size())
        llvm::append_range(lines, places.lines(ofSite[site]));
    result[name] = places.of(std::move(lines));
  }
  return result;
}
