//===- Flags.cpp - the tables of commands and flags -----------------------===//

#include "compiler/driver/Flags.h"
#include "dialects/kernel/PackedFormat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::StringRef;
using pipeline::Stage;

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

static constexpr CommandInfo commands[] = {
    {Command::Build, "build", "MODEL [-o OUT]",
     "compile a model to a program, a library or any stage before"},
    {Command::Run, "run", "MODEL [-- ARGUMENTS]",
     "compile and run it at once, with the program's own arguments"},
    {Command::Check, "check", "MODEL",
     "check a model: entries, parameters, caches, memory"},
    {Command::Verify, "verify", "MODEL",
     "what --dtype, --quant and --cache cost, judged on text"},
    {Command::Import, "import", "MODEL [-o FILE.heddle]",
     "write the model file of a checkpoint, with its sizes, to edit"},
    {Command::Reduce, "reduce", "FILE.mlir [-o OUT]",
     "make a module smaller on which passes still fail, or that shows what a "
     "test finds"},
    {Command::Bench, "bench", "APP [ARGUMENTS]",
     "how fast a compiled program is on this machine: APP bench"},
    {Command::Format, "fmt", "FILE … | DIRECTORY | -",
     "write model files in the one style; `-`: standard input to output"},
    {Command::Explain, "explain", "MODEL [-o PAGE.html]",
     "write a page that shows what each pass made of a model"},
};

static constexpr unsigned maskOf(Command command) {
  return 1u << static_cast<unsigned>(command);
}
static constexpr unsigned compiling =
    maskOf(Command::Build) | maskOf(Command::Run);
static constexpr unsigned verifying = maskOf(Command::Verify);
static constexpr unsigned executing = compiling | verifying;
static constexpr unsigned explaining = maskOf(Command::Explain);
static constexpr unsigned reading =
    executing | explaining | maskOf(Command::Check);
static constexpr unsigned building = maskOf(Command::Build);
static constexpr unsigned importing = maskOf(Command::Import);
static constexpr unsigned formatting = maskOf(Command::Format);
static constexpr unsigned reducing = maskOf(Command::Reduce);

llvm::ArrayRef<CommandInfo> driver::allCommands() { return commands; }

//===----------------------------------------------------------------------===//
// Values of flags
//===----------------------------------------------------------------------===//

static constexpr std::pair<llvm::StringLiteral, Stage> stages[] = {
    {"ast", Stage::Ast},
    {"nn", Stage::Nn},
    {"nn-fused", Stage::NnFused},
    {"kernel", Stage::Kernel},
    {"vector", Stage::Vector},
    {"llvm", Stage::Llvm},
    {"ll", Stage::Ll},
    {"asm", Stage::Asm},
    {"obj", Stage::Obj},
    {"lib", Stage::Lib},
    {"so", Stage::So},
    {"exe", Stage::Exe},
    {"header", Stage::Header}};

static constexpr std::pair<llvm::StringLiteral, Stage> suffixes[] = {
    {".so", Stage::So}, {".a", Stage::Lib}, {".o", Stage::Obj},
    {".s", Stage::Asm}, {".ll", Stage::Ll}, {".h", Stage::Header}};

static constexpr std::pair<llvm::StringLiteral, WeightsFile> weightsFiles[] = {
    {"appended", WeightsFile::Appended},
    {"beside", WeightsFile::Beside},
    {"none", WeightsFile::None}};

StringRef driver::nameOf(Stage stage) {
  for (const auto &[name, other] : stages)
    if (other == stage)
      return name;
  llvm_unreachable("all stages are listed");
}

std::optional<Stage> driver::stageOfSuffix(StringRef path) {
  for (const auto &[suffix, stage] : suffixes)
    if (path.ends_with(suffix))
      return stage;
  return std::nullopt;
}

// Each flag's reader returns what was needed if the value is not it, else "".

template <typename Table, typename T>
static std::string readChoice(const Table &table, StringRef value, T &result) {
  for (const auto &[name, choice] : table)
    if (name == value) {
      result = choice;
      return "";
    }
  return llvm::join(llvm::make_first_range(table), ", ");
}

static std::string
readAssignment(StringRef value,
               std::vector<std::pair<std::string, std::string>> &list) {
  auto [name, right] = value.split('=');
  if (name.empty() || right.empty())
    return "NAME=VALUE";
  list.emplace_back(name, right);
  return "";
}

template <typename T>
static std::string readNumber(StringRef value, T &result) {
  return value.getAsInteger(10, result) ? "a number" : "";
}

static std::string readCount(StringRef value, int64_t &result) {
  return value.getAsInteger(10, result) || result < 1 ? "a number, 1 or more"
                                                      : "";
}

static std::string readReal(StringRef value, std::optional<double> &result) {
  bool isNumber = !value.getAsDouble(result.emplace()) && *result >= 0;
  return isNumber ? "" : "a number, 0 or more";
}

/// A type for all weights of products, or PATTERN=TYPE.
static std::string readQuantRule(StringRef value,
                                 std::vector<std::string> &rules) {
  bool forAll = !value.contains('=');
  auto [pattern, type] =
      forAll ? std::pair(StringRef("**"), value) : value.rsplit('=');
  if (pattern.empty() || !kernel::packedTypeNamed(type))
    return "TYPE or PATTERN=TYPE, a type being " +
           llvm::join(llvm::map_range(kernel::packedFormats(),
                                      [](auto &format) { return format.name; }),
                      ", ");
  rules.push_back((pattern + "=" + type).str());
  return "";
}

/// The same, or auto:BITS.
static std::string readQuant(StringRef value, Arguments &arguments) {
  StringRef bits = value;
  if (!bits.consume_front("auto:")) {
    std::string needed = readQuantRule(value, arguments.options.quant);
    return needed.empty() ? needed : needed + ", or auto:BITS";
  }
  std::optional<double> budget;
  std::string needed = readReal(bits, budget);
  if (!needed.empty() || !(*budget <= 32))
    return "auto:BITS, of a weight on average, as in auto:5.5";
  arguments.autoBits = budget;
  return "";
}

static std::string readCache(StringRef value, std::string &type) {
  type = value.str();
  return value == "f32" || value == "bf16" || value == "q8" ? ""
                                                            : "f32, bf16 or q8";
}

static std::string readDtype(StringRef value, std::string &type) {
  type = value.str();
  return value == "stored" || value == "f32" || value == "bf16"
             ? ""
             : "stored, f32 or bf16";
}

static std::string readActivations(StringRef value, std::string &type) {
  type = value.str();
  return value == "int8" || value == "int16" ? "" : "int8 or int16";
}

/// What functions of C can begin with.
static std::string readPrefix(StringRef value, std::string &prefix) {
  prefix = value.str();
  bool fits =
      !value.empty() && !llvm::isDigit(value.front()) &&
      llvm::all_of(value, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  return fits ? "" : "a C identifier: letters, digits and _, no digit first";
}

/// PASS=PIPELINE, where options of the pipeline have `=` as well.
static std::string
readPassesAfter(StringRef value,
                std::vector<std::pair<std::string, std::string>> &list) {
  return readAssignment(value, list).empty() ? "" : "PASS=PIPELINE";
}

static std::string setTrue(bool &result) {
  result = true;
  return "";
}

static std::string readText(StringRef value, std::string &result) {
  result = value.str();
  return value.empty() ? "a value" : "";
}

static std::string addText(StringRef value, std::vector<std::string> &list) {
  list.push_back(value.str());
  return value.empty() ? "a value" : "";
}

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

static const std::string quantHelp =
    "store weights of products and tables as " + kernel::packedTypeNames() +
    "; the last fitting rule counts; or auto:BITS, a mix by what a text shows "
    "(default: a checkpoint's integers as they are)";

static const Flag flags[] = {
    {"-o", "OUT", building | importing | explaining | reducing,
     "where to write (named after the checkpoint or the model); `-` is "
     "standard "
     "output",
     [](StringRef v, Arguments &a) { return readText(v, a.output); }},
    {"--name", "NAME", building,
     "prefix of the C interface, NAME_open and so on (default: the model's)",
     [](StringRef v, Arguments &a) { return readPrefix(v, a.name); }},
    {"--emit", "STAGE", building,
     "stop at: ast nn nn-fused kernel vector llvm ll asm obj lib so exe header",
     [](StringRef v, Arguments &a) { return readChoice(stages, v, a.emit); }},
    {"--weights", "DIR", reading | importing,
     "checkpoint: a directory (safetensors …), a GGUF file or one of PyTorch",
     [](StringRef v, Arguments &a) { return readText(v, a.weights); }},
    {"--weights-file", "WHERE", building,
     "packed weights: appended (default), beside as OUT.weights, or none",
     [](StringRef v, Arguments &a) {
       return readChoice(weightsFiles, v, a.weightsFile);
     }},
    {"--random-weights", "SEED", executing | explaining,
     "invent the weights, to build any shape without a checkpoint",
     [](StringRef v, Arguments &a) {
       return readNumber(v, a.randomWeights.emplace());
     }},
    {"--config", "FILE", reading | importing,
     "config.json, where it is not in the checkpoint directory",
     [](StringRef v, Arguments &a) { return readText(v, a.config); }},
    {"--set", "NAME=VALUE", reading | importing,
     "set a name of the model's config, e.g. D=512",
     [](StringRef v, Arguments &a) { return readAssignment(v, a.sets); }},
    {"--ignore-config", "KEY", reading | importing,
     "a key of config.json that need not be read, e.g. rope_scaling.note",
     [](StringRef v, Arguments &a) { return addText(v, a.ignoredKeys); }},
    {"--dim", "NAME=RANGE", reading, "narrow a dyn size, e.g. T=1..2048",
     [](StringRef v, Arguments &a) { return readAssignment(v, a.dims); }},
    {"--dtype", "TYPE", reading,
     "store weights as the checkpoint has them (stored, the default) or as "
     "f32, computed in f32; or as bf16, computed in bf16",
     [](StringRef v, Arguments &a) { return readDtype(v, a.options.dtype); }},
    {"--quant", "[PATTERN=]TYPE", reading, quantHelp,
     [](StringRef v, Arguments &a) { return readQuant(v, a); }},
    {"--activations", "TYPE", reading,
     "what meets such weights: int8, or int16 (default where they are the "
     "checkpoint's)",
     [](StringRef v, Arguments &a) {
       return readActivations(v, a.options.activations);
     }},
    {"--cache", "TYPE", reading,
     "keep keys and values of sessions as f32, bf16 or q8 (default: bf16 where "
     "the dtype is)",
     [](StringRef v, Arguments &a) { return readCache(v, a.options.cache); }},
    {"--calibrate", "FILE", executing,
     "round weights as the inputs matter that they meet in this text",
     [](StringRef v, Arguments &a) { return readText(v, a.calibrationText); }},
    {"--calibrate-ids", "FILE", executing,
     "the same by token ids, written as numbers",
     [](StringRef v, Arguments &a) { return readText(v, a.calibrationIds); }},
    {"--text", "FILE", executing | explaining,
     "judge types on this text (default: one that ships)",
     [](StringRef v, Arguments &a) { return readText(v, a.verify.text); }},
    {"--ids", "FILE", executing | explaining,
     "judge types on these token ids, written as numbers, not on a text",
     [](StringRef v, Arguments &a) { return readText(v, a.verify.ids); }},
    {"--tokens", "N", executing | explaining,
     "judge types on so many tokens at most (default: 1024)",
     [](StringRef v, Arguments &a) { return readCount(v, a.verify.tokens); }},
    {"--quick", "", verifying,
     "look for no worst weights and recommend nothing",
     [](StringRef, Arguments &a) { return setTrue(a.verify.quick); }},
    {"--max-kl", "NATS", verifying,
     "fail where the mean KL divergence is larger",
     [](StringRef v, Arguments &a) { return readReal(v, a.verify.maxKl); }},
    {"--min-agreement", "SHARE", verifying,
     "fail where the likeliest token is less often the same, e.g. 0.9",
     [](StringRef v, Arguments &a) {
       return readReal(v, a.verify.minAgreement);
     }},
    {"--min-cosine", "COSINE", verifying,
     "fail where the mean cosine of vectors is smaller",
     [](StringRef v, Arguments &a) { return readReal(v, a.verify.minCosine); }},
    {"--kernels", "", verifying,
     "compare with the naive reference of the same types instead",
     [](StringRef, Arguments &a) { return setTrue(a.verify.kernels); }},
    {"--in", "NAME=FILE.npy", verifying,
     "compare the entries' answers, with this input and else invented ones",
     [](StringRef v, Arguments &a) {
       return readAssignment(v, a.verify.inputs);
     }},
    {"--json", "", verifying, "print one JSON object",
     [](StringRef, Arguments &a) { return setTrue(a.verify.json); }},
    {"--check", "", formatting,
     "write nothing: list the files that would change, and fail if there are "
     "any",
     [](StringRef, Arguments &a) { return setTrue(a.onlyChecks); }},
    {"--reference", "", compiling | explaining,
     "naive code for every op, no fusion: slow and obviously right",
     [](StringRef, Arguments &a) { return setTrue(a.options.reference); }},
    {"--bounds-checks", "", compiling | explaining,
     "with --reference: end the program where it reaches outside a buffer",
     [](StringRef, Arguments &a) { return setTrue(a.options.boundsChecks); }},
    {"--cpu", "CPU", executing | explaining,
     "native, generic, x86-64-v3, x86-64-v4 or LLVM's name of one, perhaps "
     "with features, or several: x86-64-v3,x86-64-v4+avx512vnni; the best that "
     "a machine can execute is used (default: of programs all x86-64 levels "
     "from v2 on, else native)",
     [](StringRef v, Arguments &a) { return readText(v, a.cpu); }},
    {"--features", "LIST", executing | explaining,
     "instruction sets on top, e.g. +avx512vnni,-avx512bf16",
     [](StringRef v, Arguments &a) {
       return readText(v, a.options.target.features);
     }},
    {"--target", "TRIPLE", building | explaining,
     "compile for another machine, e.g. aarch64-linux-gnu",
     [](StringRef v, Arguments &a) {
       return readText(v, a.options.target.triple);
     }},
    {"-g", "", compiling,
     "lines of the model file in the code, for gdb and perf; of stages that "
     "are modules, the locations",
     [](StringRef, Arguments &a) { return setTrue(a.debugInfo); }},
    {"--static", "", building, "an executable that carries the C library",
     [](StringRef, Arguments &a) { return setTrue(a.isStatic); }},
    {"--serve", "", building,
     "an executable that can answer over HTTP: OUT serve",
     [](StringRef, Arguments &a) { return setTrue(a.serves); }},
    {"--speculate", "DRAFT", compiling,
     "build in a small model of the same tokens that drafts texts: "
     "OUT --speculate model",
     [](StringRef v, Arguments &a) { return readText(v, a.draft); }},
    {"--speculate-set", "NAME=VALUE", compiling,
     "set a name of that model's config",
     [](StringRef v, Arguments &a) { return readAssignment(v, a.draftSets); }},
    {"--speculate-quant", "[PATTERN=]TYPE", compiling,
     "types of that model's weights, as --quant has them",
     [](StringRef v, Arguments &a) { return readQuantRule(v, a.draftQuant); }},
    {"--sysroot", "DIR", building, "root of the target's C library",
     [](StringRef v, Arguments &a) { return readText(v, a.sysroot); }},
    {"--runtime-dir", "DIR", building, "where libheddle_*.a of the target are",
     [](StringRef v, Arguments &a) { return readText(v, a.runtimeDirectory); }},
    {"--header", "FILE", building, "also write the C header",
     [](StringRef v, Arguments &a) { return readText(v, a.header); }},
    {"--threads", "N", executing,
     "threads for packing; 0 (default): one a core",
     [](StringRef v, Arguments &a) { return readNumber(v, a.threads); }},
    {"--print-ir-after", "PASS", compiling,
     "print the IR to standard error after PASS, or after all",
     [](StringRef v, Arguments &a) { return readText(v, a.printIrAfter); }},
    {"--print-ir-dir", "DIR", compiling,
     "write the IR after each pass to DIR/NN-PASS.mlir",
     [](StringRef v, Arguments &a) { return readText(v, a.printIrDirectory); }},
    {"--time-passes", "", compiling | explaining,
     "print how long each pass took",
     [](StringRef, Arguments &a) { return setTrue(a.timePasses); }},
    {"--profile", "FILE", explaining,
     "show beside what is expected what the program measured: --profile=FILE",
     [](StringRef v, Arguments &a) { return readText(v, a.profile); }},
    {"--remarks", "", compiling,
     "say what was fused, by place in the model, and what was not and why",
     [](StringRef, Arguments &a) { return setTrue(a.options.remarks); }},
    {"--load-pass-plugin", "FILE.so", executing | explaining | reducing,
     "passes of a shared library, by the names that it registers",
     [](StringRef v, Arguments &a) { return addText(v, a.passPlugins); }},
    {"--passes-after", "PASS=PIPELINE", executing | explaining,
     "run other passes behind one of the pipeline, e.g. "
     "nn-raise-attention=mine,cse",
     [](StringRef v, Arguments &a) {
       return readPassesAfter(v, a.options.passesAfter);
     }},
    {"--passes", "PIPELINE", compiling | reducing,
     "run these passes in the place of all, e.g. those of --print-passes; of "
     "reduce, in the place of a reproducer's",
     [](StringRef v, Arguments &a) { return readText(v, a.options.passes); }},
    {"--print-passes", "", building,
     "print the passes that the build would run, with their options",
     [](StringRef, Arguments &a) { return setTrue(a.printPasses); }},
    {"--reproducer", "FILE", executing | explaining,
     "where a pass fails, write what it was given for heddle-opt "
     "--run-reproducer (default: for crashes, in the temporary directory)",
     [](StringRef v, Arguments &a) { return readText(v, a.reproducer); }},
    {"--test", "COMMAND", reducing,
     "what is run with each smaller module's file, or with --passes with what "
     "they made of it, and ends with another code than 0 where it shows the "
     "same",
     [](StringRef v, Arguments &a) { return readText(v, a.test); }},
};

llvm::ArrayRef<Flag> driver::allFlags() { return flags; }
