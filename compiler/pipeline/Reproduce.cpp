//===- Reproduce.cpp - what shows a failure of a pass again ---------------===//
//
// MLIR's own reproducers are for every failure, and an error message beside it.
// Here one that the user has to mend has its error and no more.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Reproduce.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/pipeline/WatchPasses.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include <atomic>
#include <csignal>
#include <unistd.h>

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;

//===----------------------------------------------------------------------===//
// Crashes
//===----------------------------------------------------------------------===//

/// From now on, CrashRecoveryContext::RunSafely returns from signals.
static bool catchCrashes() {
  llvm::CrashRecoveryContext::Enable();
  // What recurses without end has no stack left for the handler.
  for (int signal : {SIGSEGV, SIGBUS}) {
    struct sigaction action;
    sigaction(signal, nullptr, &action);
    action.sa_flags |= SA_ONSTACK;
    sigaction(signal, &action, nullptr);
  }
  return true;
}

/// Whether crashes of this thread are ours to recover from: lld, for one, has
/// contexts of its own.
static thread_local bool isWatching = false;

bool pipeline::isWatchingPasses() { return isWatching; }

static bool runSafely(llvm::CrashRecoveryContext &recovery,
                      llvm::function_ref<void()> work) {
  bool outer = std::exchange(isWatching, true);
  bool finished = recovery.RunSafely(work);
  isWatching = outer;
  return finished;
}

static void giveUp(int) {
  constexpr llvm::StringLiteral message =
      "error: a pass crashed, and holds what would tell more of it\n";
  (void)!write(STDERR_FILENO, message.data(), message.size());
  _exit(1);
}

/// What has crashed may have locked the context.
static void limitWaiting() {
  std::signal(SIGALRM, giveUp);
  alarm(60);
}

namespace {

/// Counts errors of a context, and lets others tell them or not.
class CountErrors {
public:
  CountErrors(MLIRContext *context, bool isQuiet)
      : handler(context, [this, isQuiet](Diagnostic &diagnostic) {
          count += diagnostic.getSeverity() == DiagnosticSeverity::Error;
          return success(isQuiet);
        }) {}

  std::atomic<unsigned> count = 0;

private:
  ScopedDiagnosticHandler handler;
};

} // namespace

//===----------------------------------------------------------------------===//
// Reproducers
//===----------------------------------------------------------------------===//

/// Some passes as text, behind others.
static std::string
withPasses(StringRef others,
           llvm::iterator_range<OpPassManager::pass_iterator> passes) {
  std::string text = others.str();
  llvm::raw_string_ostream os(text);
  for (Pass &pass : passes) {
    os << (text.empty() ? "" : ",");
    pass.printAsTextualPipeline(os);
  }
  return text;
}

static std::string asPipeline(StringRef passes) {
  return ("builtin.module(" + passes + ")").str();
}

/// What `passes` make of a copy of `module`; null where they fail.
static OwningOpRef<ModuleOp> runOnCopy(ModuleOp module, StringRef passes) {
  FailureOr<OpPassManager> parsed = parsePassPipeline(passes, llvm::nulls());
  if (failed(parsed))
    return {};
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager again(module.getContext());
  static_cast<OpPassManager &>(again) = std::move(*parsed);
  return succeeded(again.run(*copy)) ? std::move(copy)
                                     : OwningOpRef<ModuleOp>();
}

std::string pipeline::textOfReproducer(ModuleOp module, StringRef passes) {
  std::string text;
  llvm::raw_string_ostream os(text);
  AsmState state(module);
  state.attachResourcePrinter("mlir_reproducer",
                              [&](Operation *, AsmResourceBuilder &builder) {
                                builder.buildString("pipeline", passes);
                                builder.buildBool("disable_threading", true);
                                builder.buildBool("verify_each", true);
                              });
  module.print(os, state);
  os << "\n";
  return text;
}

/// Of what `passes` did up to `failed`, which may be null.
static std::string reproduce(PassManager &passes, const Origin &origin,
                             Pass *failed) {
  registerPasses(); // which are read by their names
  auto begin = passes.begin(), end = passes.end();
  auto last = llvm::find_if(passes.getPasses(),
                            [&](Pass &pass) { return &pass == failed; });
  std::string before = withPasses(origin.passes, {begin, last});
  auto whole = [&](auto from, StringRef others) {
    return asPipeline(withPasses(others, {from, last == end ? end : last + 1}));
  };
  if (last == end || before.empty())
    return textOfReproducer(origin.module, whole(begin, origin.passes));
  OwningOpRef<ModuleOp> given;
  llvm::CrashRecoveryContext recovery;
  bool finished = runSafely(
      recovery, [&] { given = runOnCopy(origin.module, asPipeline(before)); });
  return finished && given
             ? textOfReproducer(*given, whole(last, ""))
             : textOfReproducer(origin.module, whole(begin, origin.passes));
}

/// Whether what a pass has left is no module.
static bool isBroken(ModuleOp module) {
  bool isSound = false;
  llvm::CrashRecoveryContext recovery;
  return !runSafely(recovery, [&] { isSound = succeeded(verify(module)); }) ||
         !isSound;
}

/// Of the op that a pattern was at work on.
static std::optional<PassFailure::Place> placeOf(const WatchedPasses &watched) {
  const void *pointer = watched.place;
  if (!pointer)
    return std::nullopt;
  auto place =
      Location::getFromOpaquePointer(pointer)->findInstanceOf<FileLineColLoc>();
  if (!place)
    return std::nullopt;
  return PassFailure::Place{place.getFilename().str(), place.getLine(),
                            place.getColumn()};
}

std::optional<PassFailure>
pipeline::runPasses(PassManager &passes, ModuleOp module, Origin *origin,
                    bool keepsAll,
                    llvm::function_ref<void(const PassFailure &)> tell) {
  [[maybe_unused]] static const bool catches = catchCrashes();
  OwningOpRef<ModuleOp> copy = origin ? ModuleOp() : module.clone();
  Origin itself = {copy.get(), ""};
  Origin &known = origin ? *origin : itself;
  PassFailure failure;
  auto describe = [&](const WatchedPasses &watched) {
    failure.pass = watched.name.str();
    failure.place = placeOf(watched);
  };
  auto tellInterrupted = [&](const WatchedPasses &watched, int64_t seconds) {
    describe(watched);
    failure.interruptedAfter = seconds;
    failure.reproducer = reproduce(passes, known, watched.outermost);
    tell(failure);
  };
  WatchPasses watch(passes, module.getContext(), tellInterrupted);
  bool succeeds = false;
  {
    CountErrors errors(module.getContext(), /*isQuiet=*/false);
    llvm::CrashRecoveryContext recovery;
    if (!runSafely(recovery,
                   [&] { succeeds = succeeded(passes.run(module)); })) {
      failure.crash = recovery.RetCode;
      limitWaiting();
    } else if (succeeds) {
      if (origin)
        origin->passes = withPasses(origin->passes, passes.getPasses());
      return std::nullopt;
    }
    failure.saidWhy = errors.count > 0;
  }
  describe(watch.watched);
  CountErrors quiet(module.getContext(), /*isQuiet=*/true);
  failure.leftNoModule = !failure.crash && isBroken(module);
  bool isOurs = failure.crash || !failure.saidWhy || failure.leftNoModule;
  if (isOurs || keepsAll)
    failure.reproducer = reproduce(passes, known, watch.watched.outermost);
  return failure;
}
