//===- Jit.h - run a module of kernel ops in the test's process -----------===//
#ifndef HEDDLE_TEST_MICROKERNELS_JIT_H
#define HEDDLE_TEST_MICROKERNELS_JIT_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class ExecutionEngine;
class MLIRContext;
class ModuleOp;
template <typename Op> class OwningOpRef;
} // namespace mlir

namespace heddle::test {

/// A memref argument as func.func expects it with llvm.emit_c_interface.
template <int Rank, typename Element = float> struct Buffer {
  Element *base, *data;
  int64_t offset = 0, sizes[Rank], strides[Rank];
};

/// Machine code of a module, for one of the targets of kernel-to-vector.
class Program {
public:
  /// Parses `text`, or takes `module`; lowers and compiles for `target`.
  static std::unique_ptr<Program> compile(const std::string &text,
                                          const std::string &target);
  static std::unique_ptr<Program>
  compile(std::unique_ptr<mlir::MLIRContext> context,
          mlir::OwningOpRef<mlir::ModuleOp> module, const std::string &target);

  /// The function as it stands in LLVM IR; null if there is none.
  void *find(const std::string &name) const;

private:
  /// Of all programs that come to the same code.
  std::shared_ptr<mlir::ExecutionEngine> engine;
};

/// A context with every dialect of the pipeline and translation to LLVM IR.
std::unique_ptr<mlir::MLIRContext> createContext();

/// ` then {…}` of a kernel.matmul: residual + f(sum), or residual + f(sum)
/// times the second sum of a paired product; nothing where y is the sum.
/// `function` is an op of scalar or of math, or `none`.
std::string epilogueText(const std::string &function, bool paired = false,
                         bool residual = false);

/// The targets whose code this machine can run, the best one last.
std::vector<std::string> runnableTargets();

} // namespace heddle::test

#endif // HEDDLE_TEST_MICROKERNELS_JIT_H
