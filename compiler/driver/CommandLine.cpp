//===- CommandLine.cpp - commands and flags -------------------------------===//
//
// Reads argv by the tables of Flags.h.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/CommandLine.h"
#include "compiler/driver/Flags.h"
#include "compiler/files/Message.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::StringRef;
using pipeline::Stage;

//===----------------------------------------------------------------------===//
// Suggestions
//===----------------------------------------------------------------------===//

/// The name among `names` that a user may have meant, or "".
template <typename Names>
static StringRef nearest(StringRef name, const Names &names) {
  StringRef best;
  unsigned bestDistance = std::max<size_t>(2, name.size() / 3) + 1;
  for (StringRef candidate : names) {
    unsigned distance =
        name.edit_distance(candidate, /*AllowReplacements=*/true, bestDistance);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

static std::string suggestion(StringRef meant, StringRef prefix = "") {
  return meant.empty()
             ? ""
             : ("; did you mean `" + prefix + meant + "`").str() + "?";
}

//===----------------------------------------------------------------------===//
// Help
//===----------------------------------------------------------------------===//

static void printHelp(llvm::raw_ostream &out) {
  out << "heddle compiles a Transformer, described in a small language, into "
         "one native program.\n\n";
  for (const CommandInfo &info : allCommands())
    out << "  heddle " << llvm::left_justify(info.name, 8)
        << llvm::left_justify(info.operands, 24) << info.help << "\n";
  out << "\nMODEL is a model file (.heddle), a checkpoint directory whose "
         "architecture is among the examples,\n"
         "or a module at some stage (.mlir).\n"
         "heddle COMMAND --help lists a command's flags.\n";
}

static constexpr unsigned nameColumns = 24;

static void printHelp(const CommandInfo &info, llvm::raw_ostream &out) {
  out << "heddle " << info.name << " " << info.operands << ": " << info.help
      << "\n\n";
  for (const Flag &flag : allFlags())
    if (flag.isFor(info.command)) {
      StringRef separator = flag.value.empty()            ? ""
                            : flag.name.starts_with("--") ? "="
                                                          : " ";
      std::string name = (flag.name + separator + flag.value).str();
      out << "  " << llvm::left_justify(name, nameColumns);
      if (name.size() >= nameColumns)
        out << "\n" << std::string(2 + nameColumns, ' ');
      out << flag.help << "\n";
    }
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {

class CommandLineParser {
public:
  CommandLineParser(const CommandInfo &info, llvm::ArrayRef<const char *> words,
                    llvm::raw_ostream &errors)
      : info(info), words(words), errors(errors) {
    arguments.command = info.command;
  }

  /// False after an error; all mistakes are reported.
  bool parse();

  Arguments arguments;
  bool wantsHelp = false;

private:
  void readFlag(StringRef word);
  void readOperand(StringRef word);
  void checkCombinations();
  void checkDraft();
  void checkPasses();
  void chooseProcessors();
  StringRef nearestFlag(StringRef name) const;
  std::string behindDashes() const;
  void fail(const llvm::Twine &message) {
    files::printMessage(errors, files::Severity::Error, message);
    failed = true;
  }

  const CommandInfo &info;
  llvm::ArrayRef<const char *> words;
  llvm::raw_ostream &errors;
  bool failed = false;
};

} // namespace

void CommandLineParser::readFlag(StringRef word) {
  auto [name, value] = word.split('=');
  auto *flag = llvm::find_if(
      allFlags(), [&](const Flag &flag) { return flag.name == name; });
  if (flag == allFlags().end())
    return fail("found no flag `" + name + "`" + suggestion(nearestFlag(name)) +
                behindDashes());
  if (!flag->isFor(info.command)) {
    bool isDraft =
        info.command == Command::Explain && name.starts_with("--speculate");
    return fail("heddle " + info.name + " takes no " + name +
                (isDraft ? ": a page shows one model, and a draft has one of "
                           "its own: heddle explain DRAFT"
                         : behindDashes()));
  }
  bool hasValue = word.contains('=');
  if (flag->value.empty() && hasValue)
    return fail(name + " takes no value");
  if (!flag->value.empty() && !hasValue) {
    if (words.empty())
      return fail(name + " needs a value: " + flag->value);
    value = words.consume_front();
  }
  if (std::string needed = flag->read(value, arguments); !needed.empty())
    fail(name + ": found `" + value + "`, needed " + needed);
}

void CommandLineParser::readOperand(StringRef word) {
  if (info.command == Command::Format)
    arguments.files.push_back(word.str());
  else if (arguments.model.empty())
    arguments.model = word.str();
  else
    fail("found a second model `" + word + "`, needed one" + behindDashes());
}

/// Of the flags that the command takes; one letter is too little to go by.
StringRef CommandLineParser::nearestFlag(StringRef name) const {
  if (!name.starts_with("--"))
    return "";
  return nearest(
      name,
      llvm::map_range(llvm::make_filter_range(allFlags(),
                                              [&](const Flag &flag) {
                                                return flag.isFor(info.command);
                                              }),
                      [](const Flag &flag) { return StringRef(flag.name); }));
}

/// `heddle run MODEL "a text" -n 8`: whose arguments these probably are.
std::string CommandLineParser::behindDashes() const {
  return info.command == Command::Run && !arguments.model.empty()
             ? "; the program's own arguments go behind `--`"
             : "";
}

void CommandLineParser::checkDraft() {
  Stage stage = arguments.emit.value_or(Stage::Exe);
  bool isLinked =
      stage == Stage::Lib || stage == Stage::So || stage == Stage::Exe;
  if (!arguments.draft.empty() && !isLinked)
    fail("--speculate is for programs and libraries");
  if (arguments.draft.empty() &&
      !(arguments.draftSets.empty() && arguments.draftQuant.empty()))
    fail("--speculate-set and --speculate-quant need --speculate");
}

/// Of --passes, in whose options all is said that other flags would say.
void CommandLineParser::checkPasses() {
  const pipeline::Options &options = arguments.options;
  if (arguments.printPasses && arguments.emit == Stage::Ast)
    fail(
        "--print-passes: found --emit=ast, needed a stage that passes lead to");
  if (options.passes.empty())
    return;
  if (!options.passesAfter.empty())
    fail("found both --passes and --passes-after, needed one of them");
  if (!options.quant.empty() || arguments.autoBits || !options.cache.empty() ||
      !options.activations.empty() || options.dtype != "stored" ||
      options.reference)
    fail("--passes: found --dtype, --quant, --activations, --cache or "
         "--reference beside it, needed them when --print-passes made it");
  if (!arguments.draft.empty())
    fail("--passes is for one model, found --speculate");
}

void CommandLineParser::checkCombinations() {
  bool isMissing = info.command == Command::Format ? arguments.files.empty()
                                                   : arguments.model.empty();
  if (isMissing)
    fail("heddle " + info.name + " needs " +
         (info.command == Command::Bench    ? "a program"
          : info.command == Command::Format ? "model files"
          : info.command == Command::Reduce ? "a module"
                                            : "a model") +
         ": heddle " + info.name + " " + info.operands);
  if (!arguments.weights.empty() && arguments.randomWeights)
    fail("found both --weights and --random-weights, needed one of them");
  if (arguments.isStatic && arguments.emit.value_or(Stage::Exe) != Stage::Exe)
    fail("--static is for executables");
  if (arguments.serves && arguments.emit.value_or(Stage::Exe) != Stage::Exe)
    fail("--serve is for executables");
  if (llvm::is_contained(arguments.files, "-") && arguments.files.size() > 1)
    fail("found `-` among other files, needed standard input alone");
  checkDraft();
  checkPasses();
  const VerifyArguments &verify = arguments.verify;
  bool onText = !verify.text.empty() || !verify.ids.empty() || verify.maxKl ||
                verify.minAgreement || verify.minCosine;
  if (arguments.autoBits && info.command == Command::Check)
    fail("--quant auto: types are chosen by measuring, which heddle check does "
         "not");
  bool readsText = !verify.text.empty() || !verify.ids.empty();
  if (readsText && !arguments.autoBits && info.command != Command::Verify)
    fail("--text and --ids are for --quant auto:BITS");
  if (!verify.text.empty() && !verify.ids.empty())
    fail("found both --text and --ids, needed one of them");
  bool calibrates =
      !arguments.calibrationText.empty() || !arguments.calibrationIds.empty();
  if (!arguments.calibrationText.empty() && !arguments.calibrationIds.empty())
    fail("found both --calibrate and --calibrate-ids, needed one of them");
  if (calibrates && arguments.options.quant.empty() && !arguments.autoBits)
    fail("--calibrate: found no --quant, needed a type to round weights to");
  if (onText && (verify.kernels || !verify.inputs.empty()))
    fail("--kernels and --in compare entries, not answers to a text");
  if (arguments.options.boundsChecks && !arguments.options.reference)
    fail("--bounds-checks needs --reference");
}

/// What runs is made for this machine, and so is what is looked at; a program
/// that is handed on is for many, where nobody says which.
void CommandLineParser::chooseProcessors() {
  codegen::TargetOptions &target = arguments.options.target;
  Stage stage = arguments.emit.value_or(Stage::Exe);
  bool printsIr =
      !arguments.printIrAfter.empty() || !arguments.printIrDirectory.empty();
  if (arguments.cpu.empty()) {
    if (info.command == Command::Build && stage == Stage::Exe && !printsIr &&
        target.features.empty() && !arguments.options.reference) {
      arguments.processors = codegen::usualProcessors(target);
      arguments.areProcessorsUsual = true;
    }
    return;
  }
  std::vector<codegen::TargetOptions> targets =
      codegen::targetsOf(arguments.cpu, target);
  if (targets.size() == 1) {
    target = targets.front();
    return;
  }
  bool isLinked =
      stage == Stage::Lib || stage == Stage::So || stage == Stage::Exe;
  if (info.command != Command::Build || !isLinked)
    return fail("--cpu: found several processors, needed one where the result "
                "is no program or library");
  if (printsIr)
    return fail("--cpu: found several processors, needed one where IR is "
                "printed");
  if (!target.features.empty())
    return fail("--features: found several processors, needed features behind "
                "each, as in --cpu=x86-64-v3,x86-64-v4+avx512vnni");
  arguments.processors = std::move(targets);
}

bool CommandLineParser::parse() {
  while (!words.empty()) {
    StringRef word = words.consume_front();
    if (word == "--help" || word == "-h") {
      wantsHelp = true;
      return true;
    }
    if (word == "--" && info.command == Command::Run) {
      arguments.programArguments.assign(words.begin(), words.end());
      break;
    }
    if (info.command == Command::Bench && !word.starts_with("-")) {
      arguments.model = word.str();
      arguments.programArguments.assign(words.begin(), words.end());
      break;
    }
    if (word.starts_with("-") && word != "-")
      readFlag(word);
    else
      readOperand(word);
  }
  if (!arguments.emit)
    arguments.emit = stageOfSuffix(arguments.output);
  checkCombinations();
  chooseProcessors();
  if (failed)
    files::printMessage(errors, files::Severity::Note,
                        "see heddle " + info.name + " --help");
  return !failed;
}

CommandLine driver::parseCommandLine(llvm::ArrayRef<const char *> argv,
                                     llvm::raw_ostream &out,
                                     llvm::raw_ostream &errors) {
  StringRef name = argv.size() > 1 ? argv[1] : "";
  if (name.empty() || name == "--help" || name == "-h" || name == "help") {
    printHelp(name.empty() ? errors : out);
    return {std::nullopt, name.empty() ? 1 : 0};
  }
  if (name == "--version") {
    out << "heddle " << HEDDLE_VERSION << " (LLVM " << LLVM_VERSION_STRING
        << ")\n";
    return {std::nullopt, 0};
  }
  auto *info = llvm::find_if(allCommands(), [&](const CommandInfo &info) {
    return info.name == name;
  });
  if (info == allCommands().end()) {
    auto names = llvm::map_range(allCommands(), [](const CommandInfo &info) {
      return StringRef(info.name);
    });
    files::printMessage(
        errors, files::Severity::Error,
        "found no command `" + name + "`" +
            suggestion(nearest(name, names), "heddle ") +
            (nearest(name, names).empty() ? "; heddle --help lists them" : ""));
    return {std::nullopt, 1};
  }
  CommandLineParser parser(*info, argv.drop_front(2), errors);
  if (!parser.parse())
    return {std::nullopt, 1};
  if (parser.wantsHelp) {
    printHelp(*info, out);
    return {std::nullopt, 0};
  }
  return {std::move(parser.arguments), 0};
}
