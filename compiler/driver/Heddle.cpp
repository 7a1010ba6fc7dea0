//===- Heddle.cpp - heddle: from a model file to a native program ---------===//

#include "compiler/driver/AutoTypes.h"
#include "compiler/driver/Bench.h"
#include "compiler/driver/Build.h"
#include "compiler/driver/Calibration.h"
#include "compiler/driver/Check.h"
#include "compiler/driver/CommandLine.h"
#include "compiler/driver/Explain.h"
#include "compiler/driver/Format.h"
#include "compiler/driver/Import.h"
#include "compiler/driver/Passes.h"
#include "compiler/driver/Process.h"
#include "compiler/driver/Reduce.h"
#include "compiler/driver/Verify.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>

using namespace heddle::driver;

/// Colours are for terminals, and not where somebody says no
/// (https://no-color.org).
static void chooseColors() {
  const char *noColor = std::getenv("NO_COLOR");
  const char *terminal = std::getenv("TERM");
  if ((noColor && *noColor) || (terminal && !std::strcmp(terminal, "dumb")))
    llvm::WithColor::setAutoDetectFunction(
        [](const llvm::raw_ostream &) { return false; });
}

static int run(int argc, char **argv) {
  CommandLine commandLine = parseCommandLine(
      llvm::ArrayRef<const char *>(argv, argc), llvm::outs(), llvm::errs());
  if (!commandLine.arguments)
    return commandLine.exitCode;
  Arguments &arguments = *commandLine.arguments;
  if (failed(preparePasses(arguments)))
    return 1;
  bool calibrates =
      !arguments.calibrationText.empty() || !arguments.calibrationIds.empty();
  if (calibrates && failed(calibrate(arguments)))
    return 1;
  if (arguments.autoBits && failed(chooseTypes(arguments)))
    return 1;
  switch (arguments.command) {
  case Command::Build:
    return build(arguments);
  case Command::Run:
    return run(arguments);
  case Command::Check:
    return check(arguments);
  case Command::Verify:
    return verify(arguments);
  case Command::Import:
    return importModel(arguments);
  case Command::Bench:
    return bench(arguments);
  case Command::Format:
    return format(arguments);
  case Command::Explain:
    return explainModel(arguments);
  case Command::Reduce:
    return reduce(arguments);
  }
  llvm_unreachable("all commands are listed");
}

int main(int argc, char **argv) {
  prepareProcess(argv[0]);
  chooseColors();
  return finishOutput(run(argc, argv));
}
