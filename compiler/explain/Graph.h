//===- Graph.h - the graph of each function -------------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_GRAPH_H
#define HEDDLE_COMPILER_EXPLAIN_GRAPH_H

#include "compiler/explain/Places.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::explain {

/// The functions of an nn module: `[{"name", "entry", "values", "body"}]`.
///
/// A value is `[name, axes, type]`; a body has `in`, `out` (values by number)
/// and `nodes`. A node has `op`, `in`, `out`, `places`, and where it has one a
/// `body` of its own, the `turns` of a loop, the `callee` and the path `at`
/// which it is called, the `weights` that it reads, what is computed `then` on
/// its result or says `where` a pair counts, its `state` and its `site`.
llvm::json::Array graphsOf(mlir::ModuleOp module, Places &places);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_GRAPH_H
