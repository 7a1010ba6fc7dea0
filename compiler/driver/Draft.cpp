//===- Draft.cpp - a small model that drafts a program's texts ------------===//

#include "compiler/driver/Draft.h"
#include "compiler/driver/LoadedProgram.h"
#include "runtime/text/Tokenizer.h"
#include "llvm/ADT/STLExtras.h"

using namespace heddle;
using namespace heddle::driver;
using codegen::GenerateRole;
using codegen::Program;
using codegen::ProgramEntry;
using llvm::LogicalResult;

/// Types of arithmetic, processors and what goes beyond the model are the
/// program's; what names a tensor or a key is the draft's own.
static Arguments argumentsOf(const Arguments &arguments, const Program &model) {
  Arguments own = arguments;
  own.model = arguments.draft;
  own.name = model.name + "_draft";
  own.draft.clear();
  own.sets = arguments.draftSets;
  own.leavesTensors = !own.sets.empty();
  own.options.quant = arguments.draftQuant;
  own.config.clear();
  own.weights.clear();
  own.dims.clear();
  own.autoBits.reset();
  own.importance.reset();
  own.printIrAfter.clear();
  own.printIrDirectory.clear();
  own.tellsNotes = false;
  return own;
}

//===----------------------------------------------------------------------===//
// What cannot draft
//===----------------------------------------------------------------------===//

static const ProgramEntry *findEntry(const Program &program,
                                     GenerateRole role) {
  auto entry = llvm::find_if(program.entries, [&](const ProgramEntry &entry) {
    return entry.generates == role;
  });
  return entry == program.entries.end() ? nullptr : &*entry;
}

/// Drafts that are not chosen are forgotten: by the draft as by the model.
static LogicalResult checkModel(const Program &program, llvm::StringRef what) {
  if (!findEntry(program, GenerateRole::Step))
    return fail("--speculate: " + what + " does not generate");
  if (findEntry(program, GenerateRole::Before))
    return fail("--speculate: " + what +
                " has an encoder, needed a model that reads its prompt itself");
  for (const codegen::ProgramCache &cache : program.caches)
    if (cache.size.empty() && !cache.isState)
      return fail("--speculate: " + what + " carries " + cache.path +
                  " from step to step, and cannot take back a draft that is "
                  "not chosen");
  if (!program.prefillInChunks)
    return fail("--speculate: a token of " + what +
                " sees later ones of the same call, and would see drafts");
  return llvm::success();
}

static LogicalResult open(text::Tokenizer &tokenizer,
                          llvm::ArrayRef<char> tables) {
  if (const char *wrong = tokenizer.open(tables.data(), tables.size()))
    return fail(wrong);
  return llvm::success();
}

/// Tokens are the same where each id stands for the same piece. Beyond the
/// tokenizer's there may be ids that stand for none.
static LogicalResult compareTokens(Compilation &model, Compilation &draft,
                                   llvm::StringRef what) {
  text::Tokenizer ours, theirs;
  if (failed(open(ours, model.tokenizer())) ||
      failed(open(theirs, draft.tokenizer())))
    return llvm::failure();
  std::string begin = ("--speculate: " + what + " has other tokens: ").str();
  int32_t most = std::max(ours.vocabularySize(), theirs.vocabularySize());
  for (int32_t id = 0; id < most; ++id) {
    std::string_view found = theirs.token(id), needed = ours.token(id);
    if (found != needed)
      return fail(begin + "found " + llvm::Twine(id) + " = `" +
                  llvm::StringRef(found) + "`, needed `" +
                  llvm::StringRef(needed) + "`");
    if (theirs.isSpecial(id) != ours.isSpecial(id))
      return fail(begin + llvm::Twine(id) + " = `" + llvm::StringRef(found) +
                  "` is " + (theirs.isSpecial(id) ? "" : "not ") +
                  "special, and " + (ours.isSpecial(id) ? "" : "not ") +
                  "in the model");
  }
  return llvm::success();
}

static LogicalResult checkTokens(Compilation &model, Compilation &draft,
                                 llvm::StringRef what) {
  if (!model.tokenizer().empty() && !draft.tokenizer().empty())
    return compareTokens(model, draft, what);
  auto boundOf = [](const Program &program) {
    return findEntry(program, GenerateRole::Step)->inputs.front().indexBound;
  };
  int64_t found = boundOf(draft.program()), needed = boundOf(model.program());
  if (found == needed)
    return llvm::success();
  return fail("--speculate: " + what + " has other tokens: found " +
              llvm::Twine(found) + " of them, needed " + llvm::Twine(needed));
}

//===----------------------------------------------------------------------===//
// The draft
//===----------------------------------------------------------------------===//

LogicalResult Draft::compile(const Arguments &arguments, Compilation &model) {
  if (arguments.draft.empty())
    return llvm::success();
  if (failed(checkModel(model.program(), model.program().name)))
    return llvm::failure();
  own = argumentsOf(arguments, model.program());
  compilation = std::make_unique<Compilation>(*own);
  if (failed(compilation->load()) ||
      failed(compilation->lowerTo(pipeline::Stage::Llvm)) ||
      failed(compilation->readProgram()) ||
      failed(checkModel(compilation->program(), arguments.draft)) ||
      failed(checkTokens(model, *compilation, arguments.draft)))
    return llvm::failure();
  compilation->becomeDraft();
  if (failed(bindWeights(*compilation, *own, weights)) ||
      failed(compilation->translate(codegen::MainKind::None)))
    return llvm::failure();
  model.inputFiles().add(compilation->inputFiles());
  model.setDraft(*compilation);
  return llvm::success();
}

LogicalResult Draft::packBehind(std::optional<Weights> &model) {
  if (!compilation || !model)
    return llvm::success();
  if (!weights)
    return fail("--speculate: found no weights of " + own->model +
                ", needed a checkpoint");
  model->add(std::move(*weights));
  return llvm::success();
}
