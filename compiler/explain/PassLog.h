//===- PassLog.h - what each pass changed ---------------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_PASSLOG_H
#define HEDDLE_COMPILER_EXPLAIN_PASSLOG_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include <functional>
#include <string>
#include <vector>

namespace mlir {
class PassManager;
} // namespace mlir

namespace heddle::explain {

/// The passes that ran, in their order, each with the difference it made.
class PassLog {
public:
  /// Called with the name of a pass that has run, and the whole module.
  using AfterPass = std::function<void(llvm::StringRef, mlir::ModuleOp)>;

  /// Looks at the module between these passes. This must outlive them.
  void watch(mlir::PassManager &passes, AfterPass then);

  /// What follows leads to this stage.
  void setStage(llvm::StringRef name) { stage = name.str(); }

  void before(mlir::ModuleOp module);
  void after(llvm::StringRef pass, mlir::ModuleOp module);

  /// `[{"name", "stage", "changed", "added", "removed"}]`.
  llvm::json::Array takeSummaries() { return std::move(summaries); }
  /// By pass, `[{"name", "added", "removed", "hunks", "left"}]` of each
  /// function that it changed; null of one that changed nothing. A hunk is
  /// `[line before, line after, ["-…", "+…", " …"]]`; `left` are lines that
  /// were too many to show.
  std::vector<llvm::json::Value> takeDiffs() { return std::move(diffs); }

private:
  std::string stage, text;
  llvm::json::Array summaries;
  std::vector<llvm::json::Value> diffs;
};

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_PASSLOG_H
