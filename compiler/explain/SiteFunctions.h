//===- SiteFunctions.h - which functions work for which ops ---------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_SITEFUNCTIONS_H
#define HEDDLE_COMPILER_EXPLAIN_SITEFUNCTIONS_H

#include "compiler/explain/Places.h"
#include "mlir/IR/BuiltinOps.h"
#include <set>

namespace heddle::explain {

/// By name of a function, the sites that it works for.
using SitesOfFunctions = std::map<std::string, std::set<int64_t>>;

/// Which functions run before each mark of a site; of a module whose parallel
/// regions are functions, and whose marks are still ops.
SitesOfFunctions sitesOfFunctions(mlir::ModuleOp module);

/// By name of a function, the lines of these sites, as a set of `Places`.
using PlacesOfFunctions = llvm::StringMap<unsigned>;

/// `ofSite` tells those of each site, by number.
PlacesOfFunctions placesOfFunctions(const SitesOfFunctions &sites,
                                    llvm::ArrayRef<unsigned> ofSite,
                                    Places &places);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_SITEFUNCTIONS_H
