//===- Manual.cpp - heddle-manual: what an installation says of heddle ----===//
//
// Prints the man page, or what a shell completes words by, from the tables of
// Flags.h: heddle-manual man | bash | zsh | fish. It is run when Heddle is
// built, and not installed.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Flags.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle::driver;
using llvm::raw_ostream;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// The man page
//===----------------------------------------------------------------------===//

/// As roff reads it: hyphens that are to be copied, and no request.
static std::string roff(StringRef text) {
  std::string result = text.starts_with(".") ? "\\&" : "";
  for (char c : text)
    result += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  return result;
}

static void printFlag(const Flag &flag, raw_ostream &out) {
  out << ".TP\n\\fB" << roff(flag.name) << "\\fR";
  if (!flag.value.empty())
    out << (flag.name.starts_with("--") ? "=" : " ") << "\\fI"
        << roff(flag.value) << "\\fR";
  out << "\n" << roff(flag.help) << "\n";
  std::string commands = llvm::join(
      llvm::map_range(llvm::make_filter_range(allCommands(),
                                              [&](const CommandInfo &info) {
                                                return flag.isFor(info.command);
                                              }),
                      [](const CommandInfo &info) { return info.name.str(); }),
      ", ");
  out << "(" << commands << ")\n";
}

static void printManPage(raw_ostream &out) {
  out << ".TH HEDDLE 1 \"\" \"heddle " HEDDLE_VERSION "\"\n"
      << ".SH NAME\nheddle \\- compile a Transformer to one native program\n"
      << ".SH SYNOPSIS\n";
  for (const CommandInfo &info : allCommands())
    out << ".B heddle " << info.name << "\n"
        << roff(info.operands) << "\n.br\n";
  out << ".SH DESCRIPTION\nMODEL is a model file (.heddle), a checkpoint (a "
         "directory or a GGUF file) whose architecture is among the models "
         "that are installed with Heddle, or a module at some stage "
         "(.mlir).\n.SH COMMANDS\n";
  for (const CommandInfo &info : allCommands())
    out << ".TP\n.B " << info.name << "\n" << roff(info.help) << "\n";
  out << ".SH OPTIONS\nBehind each stands which commands take it.\n";
  for (const Flag &flag : allFlags())
    printFlag(flag, out);
  out << ".SH EXIT STATUS\n0, or 1 after an error, which is one line on "
         "standard error.\n";
}

//===----------------------------------------------------------------------===//
// Completion
//===----------------------------------------------------------------------===//

/// Within single quotes of a shell.
static std::string quoted(StringRef text) {
  std::string result = "'";
  for (char c : text)
    result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// `--dtype= --static …`, of a command.
static std::string wordsOf(const CommandInfo &info) {
  std::string words;
  for (const Flag &flag : allFlags())
    if (flag.isFor(info.command)) {
      bool takesValue = !flag.value.empty() && flag.name.starts_with("--");
      words += (words.empty() ? "" : " ") + flag.name.str() +
               (takesValue ? "=" : "");
    }
  return words + " --help";
}

static std::string commandNames() {
  return llvm::join(
      llvm::map_range(allCommands(),
                      [](const CommandInfo &info) { return info.name.str(); }),
      " ");
}

static void printBash(raw_ostream &out) {
  out << "# Completion of heddle for bash.\n"
         "_heddle() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} words\n"
         "  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
         "    COMPREPLY=($(compgen -W "
      << quoted(commandNames() + " --help --version")
      << " -- \"$word\"))\n    return\n  fi\n"
         "  case ${COMP_WORDS[1]} in\n";
  for (const CommandInfo &info : allCommands())
    out << "  " << info.name << ") words=" << quoted(wordsOf(info)) << " ;;\n";
  out << "  *) return ;;\n  esac\n"
         "  case $word in\n"
         "  -*)\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "    case ${COMPREPLY[0]-} in *=) compopt -o nospace ;; esac\n"
         "    ;;\n"
         "  *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _heddle heddle\n";
}

static void printZsh(raw_ostream &out) {
  // A description ends at a bracket, and what is completed at a colon.
  auto described = [](StringRef text) {
    std::string result;
    for (char c : text)
      result +=
          (StringRef("[]:\\").contains(c) ? "\\" : "") + std::string(1, c);
    return result;
  };
  out << "#compdef heddle\n_heddle() {\n  local -a commands=(\n";
  for (const CommandInfo &info : allCommands())
    out << "    " << quoted(info.name.str() + ":" + described(info.help))
        << "\n";
  out << "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n"
         "    return\n  fi\n  case $words[2] in\n";
  for (const CommandInfo &info : allCommands()) {
    out << "  " << info.name << ")\n    _arguments";
    for (const Flag &flag : allFlags()) {
      if (!flag.isFor(info.command))
        continue;
      bool isLong = flag.name.starts_with("--");
      std::string text = "*" + flag.name.str() +
                         (flag.value.empty() ? ""
                          : isLong           ? "="
                                             : "") +
                         "[" + described(flag.help) + "]";
      if (!flag.value.empty())
        text += ":" + described(flag.value) + ":_files";
      out << " \\\n      " << quoted(text);
    }
    out << " \\\n      '*:file:_files'\n    ;;\n";
  }
  out << "  esac\n}\n_heddle \"$@\"\n";
}

static void printFish(raw_ostream &out) {
  for (const CommandInfo &info : allCommands())
    out << "complete -c heddle -n __fish_use_subcommand -f -a " << info.name
        << " -d " << quoted(info.help) << "\n";
  for (const Flag &flag : allFlags()) {
    std::string commands;
    for (const CommandInfo &info : allCommands())
      if (flag.isFor(info.command))
        commands += " " + info.name.str();
    out << "complete -c heddle -n "
        << quoted("__fish_seen_subcommand_from" + commands);
    if (flag.name.starts_with("--"))
      out << " -l " << flag.name.drop_front(2);
    else
      out << " -s " << flag.name.drop_front(1);
    out << (flag.value.empty() ? "" : " -r") << " -d " << quoted(flag.help)
        << "\n";
  }
}

int main(int argc, char **argv) {
  using Printer = void (*)(raw_ostream &);
  Printer print = llvm::StringSwitch<Printer>(argc == 2 ? argv[1] : "")
                      .Case("man", printManPage)
                      .Case("bash", printBash)
                      .Case("zsh", printZsh)
                      .Case("fish", printFish)
                      .Default(nullptr);
  if (!print) {
    llvm::errs() << "error: needed man, bash, zsh or fish\n";
    return 1;
  }
  print(llvm::outs());
  return 0;
}
