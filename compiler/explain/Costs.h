//===- Costs.h - what a program does and what it reads, in numbers --------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_COSTS_H
#define HEDDLE_COMPILER_EXPLAIN_COSTS_H

#include "compiler/explain/Places.h"
#include "dialects/program/Program.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::explain {

/// By number of a site, how often each entry runs it in one call: a size
/// expression, since a recurrence runs once a position.
using RunsOfSites = std::map<int64_t, std::map<std::string, std::string>>;

/// Counted in a module at which sites are marked: nn with its program
/// described, or kernel.
RunsOfSites countRuns(mlir::ModuleOp module);

/// `[{"name", "flops", "bytes", "arithmetic", "at", "places", "runs"}]`, by
/// number; flops and bytes are size expressions of one run, runs those of each
/// entry.
llvm::json::Array sitesOf(program::DescriptionOp description,
                          const RunsOfSites &runs, Places &places);

/// `[{"name", "min", "max", "step", "per", "grows"}]`.
llvm::json::Array sizesOf(program::DescriptionOp description);

/// `[{"name", "arena", "generates"}]`.
llvm::json::Array entriesOf(program::DescriptionOp description);

/// `[{"path", "bytes", "size", "streams", "window", "state"}]`, bytes of one
/// position of one row.
llvm::json::Array cachesOf(program::DescriptionOp description);

/// `[{"parts", "layout", "type", "bytes"}]`; a part is `[path, shape, axes,
/// at]`.
llvm::json::Array weightsOf(program::DescriptionOp description);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_COSTS_H
