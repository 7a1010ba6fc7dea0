//===- LoweringPatterns.h - what each op is lowered by ----------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_CONVERSION_LOWERINGPATTERNS_H
#define HEDDLE_COMPILER_CONVERSION_LOWERINGPATTERNS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"
#include <functional>

namespace heddle::conversion {

class FunctionLowering;

/// How large tasks are, as the machine likes them: options of nn-to-kernel.
struct TaskSizes {
  int64_t attentionQueries, convolutionStack, linesToCopy, parallelWork;
};

/// One lowering is that of the reference; another of more benefit is tried
/// before it.
class LoweringPatterns {
public:
  enum Benefit { Reference = 1, Kernel = 2 };

  /// `lower` gets the op and the FunctionLowering, or is a member of the latter
  /// that gets the op. It returns nothing, or failure before it has emitted
  /// anything: the op is then left to what has less benefit. What cannot be
  /// lowered by anything is refused (FunctionLowering::refuse).
  template <typename OpTy, typename Function>
  void add(Function lower, Benefit benefit = Reference) {
    insert(OpTy::getOperationName(), benefit,
           [lower](mlir::Operation *op, FunctionLowering &lowering) {
             return apply(lower, mlir::cast<OpTy>(op), lowering);
           });
  }

  /// The lowering of all ops with the interface that have none of their own.
  template <typename Interface, typename Function>
  void addInterface(Function lower) {
    interfaces.push_back(
        {[](mlir::Operation *op) { return mlir::isa<Interface>(op); },
         [lower](mlir::Operation *op, FunctionLowering &lowering) {
           return apply(lower, mlir::cast<Interface>(op), lowering);
         }});
  }

  /// Fails with a diagnostic.
  llvm::LogicalResult lower(mlir::Operation *op,
                            FunctionLowering &lowering) const;

private:
  using Lower =
      std::function<llvm::LogicalResult(mlir::Operation *, FunctionLowering &)>;
  struct Pattern {
    Benefit benefit;
    Lower lower;
  };

  void insert(llvm::StringRef name, Benefit benefit, Lower lower);

  template <typename Function, typename OpTy>
  static llvm::LogicalResult apply(const Function &lower, OpTy op,
                                   FunctionLowering &lowering) {
    auto call = [&] {
      if constexpr (std::is_invocable_v<Function, OpTy, FunctionLowering &>)
        return lower(op, lowering);
      else
        return std::invoke(lower, lowering, op);
    };
    if constexpr (std::is_void_v<decltype(call())>)
      return call(), llvm::success();
    else
      return call();
  }

  /// By name of the op, of falling benefit.
  llvm::StringMap<llvm::SmallVector<Pattern, 2>> patterns;

  struct OfInterface {
    bool (*has)(mlir::Operation *);
    Lower lower;
  };
  llvm::SmallVector<OfInterface, 1> interfaces;
};

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_LOWERINGPATTERNS_H
