//===- TextTrial.cpp - builds of a model, tried on a text -----------------===//

#include "compiler/driver/TextTrial.h"
#include "compiler/driver/VerifyLayers.h"

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;
using pipeline::Options;

/// What quickLoss() judges on, in short windows from all over the text.
static constexpr int64_t tokensOfQuick = 256, windowOfQuick = 64;

LogicalResult TextTrial::plan(llvm::ArrayRef<Options> others) {
  Compilation compilation(arguments);
  if (failed(compilation.load()))
    return llvm::failure();
  groupings.resize(1 + others.size());
  for (size_t number = 0; number < groupings.size(); ++number) {
    if (!compilation.isAtNn())
      break;
    auto groups =
        weightGroups(compilation.module(),
                     number == 0 ? compilation.options() : others[number - 1]);
    if (failed(groups))
      return llvm::failure();
    groupings[number] = std::move(*groups);
  }
  activations = compilation.options().areActivationsWide() ? "int16" : "int8";
  if (failed(compilation.describe()) || failed(compilation.readProgram()))
    return llvm::failure();
  program_ = compilation.program();
  task_ = textTaskOf(program_);
  if (task_ && compilation.tokenizer().empty() && arguments.verify.ids.empty())
    return fail("the model has no tokenizer, needed " + idsFlag +
                " FILE to judge it by" +
                (arguments.command == Command::Verify
                     ? ", or --kernels or --in to compare its entries"
                     : ""));
  return llvm::success();
}

LogicalResult TextTrial::begin(bool observingLayers) {
  Options options = inF32(arguments.options);
  if (observingLayers)
    options.observed = observedEntries(*task_);
  exactArguments = argumentsFor(options, /*tellsNotes=*/false);
  auto linked = LinkedProgram::compile(*exactArguments,
                                       /*withSpecialTokens=*/true);
  if (failed(linked))
    return llvm::failure();
  code.emplace(std::move(*linked));
  auto opened = open(code->load());
  if (failed(opened))
    return llvm::failure();
  exact_ = std::move(*opened);
  int64_t most = arguments.verify.tokens;
  auto all = readText(arguments, *task_, exact(), most, INT64_MAX);
  if (failed(all))
    return llvm::failure();
  text_ = std::move(*all);
  auto some = readText(arguments, *task_, exact(),
                       std::min(most, tokensOfQuick), windowOfQuick);
  if (failed(some))
    return llvm::failure();
  shortText = std::move(*some);
  return llvm::success();
}

Options TextTrial::inF32(Options options) {
  options.dtype = options.cache = "f32";
  options.quant.clear();
  options.keepIntegers = false;
  return options;
}

Arguments TextTrial::argumentsFor(const Options &options,
                                  bool tellsNotes) const {
  Arguments own = arguments;
  own.options = options;
  own.options.activations = activations;
  own.tellsNotes = tellsNotes;
  // It runs here, whatever the program is for that is asked for.
  if (!own.options.target.triple.empty())
    own.options.target = {};
  own.sysroot = own.runtimeDirectory = "";
  // Remarks, passes and times are asked of the one that is written.
  own.options.remarks = own.timePasses = false;
  own.printIrAfter = own.printIrDirectory = "";
  own.weightsFile = WeightsFile::Appended;
  return own;
}

llvm::FailureOr<OpenBuild>
TextTrial::open(llvm::FailureOr<LoadedProgram> program) {
  if (failed(program))
    return llvm::failure();
  OpenBuild result;
  result.program = std::make_unique<LoadedProgram>(std::move(*program));
  auto session = openFor(*task_, *result.program);
  if (failed(session))
    return llvm::failure();
  result.session = std::make_unique<ProgramSession>(std::move(*session));
  return result;
}

llvm::FailureOr<OpenBuild> TextTrial::build(const Options &options,
                                            bool tellsNotes) {
  return open(LoadedProgram::compile(argumentsFor(options, tellsNotes),
                                     /*withSpecialTokens=*/true));
}

llvm::FailureOr<double> TextTrial::quickLoss(llvm::FailureOr<OpenBuild> built) {
  if (failed(built))
    return llvm::failure();
  auto judged =
      driver::judge(*task_, shortText.windows, exact(), built->session.get());
  if (failed(judged))
    return llvm::failure();
  return judged->loss(*task_);
}

llvm::FailureOr<double> TextTrial::quickLoss(const Options &options) {
  return quickLoss(build(options, /*tellsNotes=*/false));
}

llvm::FailureOr<double>
TextTrial::roundedLoss(const llvm::StringMap<kernel::PackedType> &types,
                       const Options &options) {
  if (!code->weights() || !code->weights()->round(types))
    return quickLoss(options);
  auto loss = quickLoss(open(code->load()));
  code->weights()->round({});
  return loss;
}

llvm::FailureOr<TextJudgement> TextTrial::judge(const Options &options) {
  auto built = build(options, /*tellsNotes=*/false);
  if (failed(built))
    return llvm::failure();
  return driver::judge(*task_, text_.windows, exact(), built->session.get());
}
