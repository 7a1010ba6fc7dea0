//===- BrokenPasses.cpp - a plugin whose passes go wrong ------------------===//

#include "dialects/nn/NN.h"
#include "dialects/plugin/PassPlugin.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/ErrorHandling.h"
#include <cassert>
#include <csignal>
#include <cstdlib>

using namespace mlir;
using namespace heddle::nn;

namespace {

/// Goes wrong where there is a tanh: a module may be made smaller.
template <typename Pass>
struct OnTanh : PassWrapper<Pass, OperationPass<ModuleOp>> {
  void runOnOperation() override {
    this->getOperation().walk(
        [&](TanhOp op) { static_cast<Pass *>(this)->goWrong(op); });
  }
};

/// A mistake of the user's.
struct Refuse : OnTanh<Refuse> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Refuse)
  StringRef getArgument() const override { return "broken-refuse"; }
  void goWrong(TanhOp op) {
    op.emitError("found tanh, needed something else");
    signalPassFailure();
  }
};

struct Silent : OnTanh<Silent> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Silent)
  StringRef getArgument() const override { return "broken-silent"; }
  void goWrong(TanhOp) { signalPassFailure(); }
};

/// Leaves what is no module.
struct Invalid : OnTanh<Invalid> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Invalid)
  StringRef getArgument() const override { return "broken-invalid"; }
  void goWrong(TanhOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    op.getResult().setType(type.clone(Float16Type::get(&getContext())));
  }
};

struct Abort : OnTanh<Abort> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Abort)
  StringRef getArgument() const override { return "broken-abort"; }
  void goWrong(TanhOp) { std::abort(); }
};

struct Segfault : OnTanh<Segfault> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Segfault)
  StringRef getArgument() const override { return "broken-segfault"; }
  void goWrong(TanhOp) { std::raise(SIGSEGV); }
};

int recurse(volatile int *outer) {
  volatile int inner[1024] = {outer ? *outer : 0};
  return recurse(inner) + inner[0];
}

struct Recurse : OnTanh<Recurse> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Recurse)
  StringRef getArgument() const override { return "broken-recurse"; }
  void goWrong(TanhOp) { recurse(nullptr); }
};

struct Fatal : OnTanh<Fatal> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Fatal)
  StringRef getArgument() const override { return "broken-fatal"; }
  void goWrong(TanhOp) { llvm::report_fatal_error("tanh is too much"); }
};

struct Unreachable : OnTanh<Unreachable> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Unreachable)
  StringRef getArgument() const override { return "broken-unreachable"; }
  void goWrong(TanhOp) { llvm_unreachable("there is no tanh"); }
};

struct Assert : OnTanh<Assert> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Assert)
  StringRef getArgument() const override { return "broken-assert"; }
  void goWrong(TanhOp op) { assert(op->use_empty() && "nobody reads tanh"); }
};

/// Finds its heap in pieces.
struct Free : OnTanh<Free> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Free)
  StringRef getArgument() const override { return "broken-free"; }
  void goWrong(TanhOp) {
    void *volatile twice = std::malloc(100);
    std::free(twice);
    std::free(twice);
  }
};

struct Hang : OnTanh<Hang> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Hang)
  StringRef getArgument() const override { return "broken-hang"; }
  void goWrong(TanhOp) {
    volatile bool ends = false;
    while (!ends)
      ;
  }
};

/// Within a pattern, which is at work on one op.
struct CrashOnTanh : OpRewritePattern<TanhOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TanhOp, PatternRewriter &) const override {
    std::abort();
  }
};

struct InPattern : PassWrapper<InPattern, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(InPattern)
  StringRef getArgument() const override { return "broken-pattern"; }
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<CrashOnTanh>(&getContext());
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};

/// Erases what attention's mask yields, and leaves the yield.
struct Orphan : PassWrapper<Orphan, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Orphan)
  StringRef getArgument() const override { return "broken-orphan"; }
  void runOnOperation() override {
    getOperation().walk([](AttentionOp op) {
      if (op.getMask().empty())
        return;
      Operation *last = op.getMask().front().getTerminator()->getPrevNode();
      last->dropAllUses();
      last->erase();
    });
  }
};

/// On code of one processor.
struct Code : PassWrapper<Code, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Code)
  StringRef getArgument() const override { return "broken-code"; }
  void runOnOperation() override { std::abort(); }
};

template <typename... Passes> void registerAll() {
  (PassRegistration<Passes>(), ...);
}

} // namespace

HEDDLE_PASS_PLUGIN(
    "broken", "1",
    registerAll<Refuse, Silent, Invalid, Abort, Segfault, Recurse, Fatal,
                Unreachable, Assert, Free, Hang, InPattern, Orphan, Code>)
