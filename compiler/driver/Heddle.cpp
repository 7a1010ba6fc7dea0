//===- Heddle.cpp - heddle: from a model file to a native program ---------===//

#include "compiler/driver/Build.h"
#include "compiler/driver/Check.h"
#include "compiler/driver/CommandLine.h"
#include "compiler/driver/Verify.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle::driver;

int main(int argc, char **argv) {
  llvm::sys::PrintStackTraceOnErrorSignal(argv[0]);
  CommandLine commandLine = parseCommandLine(
      llvm::ArrayRef<const char *>(argv, argc), llvm::outs(), llvm::errs());
  if (!commandLine.arguments)
    return commandLine.exitCode;
  const Arguments &arguments = *commandLine.arguments;
  switch (arguments.command) {
  case Command::Build:
    return build(arguments);
  case Command::Run:
    return run(arguments);
  case Command::Check:
    return check(arguments);
  case Command::Verify:
    return verify(arguments);
  }
}
