//===- TryPasses.cpp - how passes end, found out in another process -------===//
//
// A fork has the module as it is, with no text between, and may crash or hang
// as often as a reduction likes.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/TryPasses.h"
#include "compiler/pipeline/PassText.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;
using namespace heddle;
using namespace heddle::pipeline;

//===----------------------------------------------------------------------===//
// The same fault
//===----------------------------------------------------------------------===//

/// Names of ops, as verifiers quote them.
static bool isOpName(StringRef quoted) {
  return quoted.contains('.') && llvm::all_of(quoted, [](char c) {
           return llvm::isAlnum(c) || c == '_' || c == '.';
         });
}

/// A message without what depends on the module: quoted types and names, and
/// numbers.
static std::string wordsOf(StringRef message) {
  std::string words;
  while (!message.empty()) {
    auto [before, rest] = message.split('\'');
    for (char c : before)
      if (!llvm::isDigit(c))
        words += c;
    auto [quoted, behind] = rest.split('\'');
    if (isOpName(quoted))
      words += quoted;
    message = behind;
  }
  return words;
}

bool PassEnd::isLike(const PassEnd &other) const {
  return kind == other.kind && pass == other.pass && signal == other.signal &&
         wordsOf(message) == wordsOf(other.message);
}

std::string PassEnd::text() const {
  std::string name = pass.empty() ? "a pass" : pass;
  std::string why = message.empty() ? "" : ": " + message;
  switch (kind) {
  case Succeeds:
    return "all passes succeed";
  case Fails:
    return name + " fails" + why;
  case Crashes:
    return name + " crashes: " + strsignal(signal) + why;
  case Hangs:
    return name + " takes too long";
  }
  llvm_unreachable("all kinds are listed");
}

//===----------------------------------------------------------------------===//
// The other process
//===----------------------------------------------------------------------===//

namespace {

/// What it tells this one, in memory that they share.
struct Report {
  char pass[256];
};

class ReportPass : public PassInstrumentation {
public:
  explicit ReportPass(Report &report) : report(report) {}

  void runBeforePass(Pass *pass, Operation *) override {
    StringRef name = pass->getArgument();
    if (!name.empty())
      std::snprintf(report.pass, sizeof(report.pass), "%s", name.str().c_str());
  }

private:
  Report &report;
};

} // namespace

constexpr int exitFatal = 70;

static void endFatally(void *, const char *reason, bool) {
  llvm::errs() << "error: " << reason << "\n";
  _exit(exitFatal);
}

/// Signals end it, at once and without a word.
static void prepareTrial(int said, unsigned seconds) {
  for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGALRM,
                     SIGINT, SIGTERM, SIGHUP})
    std::signal(signal, SIG_DFL);
  llvm::remove_fatal_error_handler();
  llvm::install_fatal_error_handler(endFatally);
  rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  dup2(said, STDERR_FILENO);
  dup2(said, STDOUT_FILENO);
  alarm(seconds);
}

[[noreturn]] static void runTrial(ModuleOp module, StringRef text,
                                  StringRef output, Report &report) {
  ScopedDiagnosticHandler tell(module.getContext(), [](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      llvm::errs() << "error: " << diagnostic << "\n";
    return success();
  });
  PassManager passes(module.getContext());
  bool succeeds = succeeded(parsePasses(text, "passes", passes, llvm::errs()));
  passes.addInstrumentation(std::make_unique<ReportPass>(report));
  succeeds = succeeds && succeeded(passes.run(module));
  if (succeeds && !output.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream os(output, error);
    module.print(os);
    os.close();
    succeeds = !error && !os.has_error();
    os.clear_error();
  }
  _exit(succeeds ? 0 : 1);
}

/// The first line that tells of a fault.
static std::string firstError(int said) {
  char text[1 << 14];
  ssize_t bytes = pread(said, text, sizeof(text), 0);
  StringRef rest(text, std::max<ssize_t>(bytes, 0));
  while (!rest.empty()) {
    auto [line, behind] = rest.split('\n');
    if (line.contains("error: "))
      return line.split("error: ").second.str();
    if (line.contains("Assertion `") || line.contains("UNREACHABLE"))
      return line.str();
    rest = behind;
  }
  return "";
}

static PassEnd endOf(int status, const Report &report, int said) {
  PassEnd end;
  end.pass = report.pass;
  end.message = firstError(said);
  if (WIFSIGNALED(status)) {
    bool isLate = WTERMSIG(status) == SIGALRM;
    end.kind = isLate ? PassEnd::Hangs : PassEnd::Crashes;
    end.signal = isLate ? 0 : WTERMSIG(status);
  } else if (WEXITSTATUS(status)) {
    end.kind = PassEnd::Fails;
  }
  return end;
}

llvm::Expected<PassEnd> pipeline::tryPasses(ModuleOp module, StringRef passes,
                                            unsigned seconds,
                                            StringRef output) {
  auto fault = [](const char *what) {
    return llvm::createStringError(
        std::error_code(errno, std::generic_category()), "%s: %s", what,
        std::strerror(errno));
  };
  int said = memfd_create("heddle-said", MFD_CLOEXEC);
  if (said < 0)
    return fault("memfd_create");
  void *shared = mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = shared == MAP_FAILED ? -1 : fork();
  if (child < 0) {
    llvm::Error error = fault("fork");
    close(said);
    return std::move(error);
  }
  Report &report = *static_cast<Report *>(shared);
  if (child == 0) {
    prepareTrial(said, seconds);
    runTrial(module, passes, output, report);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  PassEnd end = endOf(status, report, said);
  munmap(shared, sizeof(Report));
  close(said);
  return end;
}
