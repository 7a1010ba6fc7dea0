//===- Flags.h - the tables of commands and flags -------------------------===//
//
// Help is printed from them, and so are the suggestions for what is misspelt.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_FLAGS_H
#define HEDDLE_COMPILER_DRIVER_FLAGS_H

#include "compiler/driver/CommandLine.h"

namespace heddle::driver {

struct CommandInfo {
  Command command;
  llvm::StringLiteral name, operands, help;
};

struct Flag {
  llvm::StringLiteral name;
  /// What follows `=`; empty: a switch.
  llvm::StringLiteral value;
  unsigned commands; ///< that take it, a bit each
  llvm::StringRef help;
  /// Returns what was needed if the value is not it, else "".
  std::string (*read)(llvm::StringRef value, Arguments &arguments);

  bool isFor(Command command) const {
    return commands & (1u << static_cast<unsigned>(command));
  }
};

llvm::ArrayRef<CommandInfo> allCommands();
llvm::ArrayRef<Flag> allFlags();

/// As --emit has it.
llvm::StringRef nameOf(pipeline::Stage stage);

/// The stage whose file is called so, such as `.so`.
std::optional<pipeline::Stage> stageOfSuffix(llvm::StringRef path);

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_FLAGS_H
