//===- Model.cpp - One model file as it stands in an editor ---------------===//

#include "compiler/lsp/Model.h"

#include "compiler/language/Elaborator.h"
#include "compiler/language/Parameters.h"
#include "compiler/language/Parser.h"
#include "dialects/nn/NN.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

std::string canonicalPath(StringRef path) {
  SmallString<128> real;
  if (!sys::fs::real_path(path, real))
    return real.str().str();
  // It may not have been saved yet.
  if (!sys::fs::real_path(sys::path::parent_path(path), real)) {
    sys::path::append(real, sys::path::filename(path));
    return real.str().str();
  }
  real = path;
  sys::path::remove_dots(real, /*remove_dot_dot=*/true);
  return real.str().str();
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

const Token *File::tokenAt(const char *place) const {
  auto after = partition_point(
      tokens, [&](const Token &token) { return token.text.begin() <= place; });
  if (after == tokens.begin())
    return nullptr;
  const Token &token = *std::prev(after);
  // Of two that meet here, a word counts more than a symbol.
  if (token.text.begin() == place && std::prev(after) != tokens.begin()) {
    const Token &before = *std::prev(after, 2);
    if (before.text.end() == place && token.kind == TokenKind::Symbol &&
        before.kind != TokenKind::Symbol)
      return &before;
  }
  bool isThere = place <= token.text.end() && !token.text.empty();
  return isThere ? &token : nullptr;
}

protocol::Range File::rangeAt(SMLoc place) const {
  const char *start = place.getPointer();
  const Token *token = tokenAt(start);
  if (token && token->text.begin() == start)
    return text.rangeOf(token->text);
  return text.rangeOf(StringRef(start, 0));
}

const File *Model::fileOf(const char *place) const {
  auto file = find_if(
      files_, [&](const File &file) { return file.text.contains(place); });
  return file == files_.end() ? nullptr : &*file;
}

const File *Model::fileNamed(StringRef path) const {
  auto file =
      find_if(files_, [&](const File &file) { return file.path == path; });
  return file == files_.end() ? nullptr : &*file;
}

std::string Model::pathOfImport(const File &importing, StringRef name) const {
  std::vector<std::string> folders{
      sys::path::parent_path(importing.source->path).str()};
  append_range(folders, importPaths);
  for (const std::string &folder : folders) {
    SmallString<128> path(folder);
    sys::path::append(path, name);
    if (sys::fs::exists(path))
      return canonicalPath(path);
  }
  return "";
}

Model::Model(StringRef path, ReadFile readFile,
             ArrayRef<std::string> importPaths)
    : importPaths(importPaths) {
  diagnostics = std::make_unique<language::Diagnostics>(
      [this](SMLoc place, files::Severity severity, const std::string &text,
             StringRef topic) {
        if (isMuted)
          return;
        if (severity == files::Severity::Note && !messages_.empty())
          messages_.back().notes.push_back({place, text});
        else
          messages_.push_back({severity, place, text, topic, {}});
      });
  program_ = loadProgram(path, importPaths, *diagnostics, readFile);
  isWhole = !diagnostics->hasErrors();
  // A file without a model is one that others import.
  if (!program_.model && messages_.size() == 1 &&
      !messages_.front().place.isValid()) {
    messages_.front().severity = files::Severity::Remark;
    isWhole = true;
  }
  for (const auto &source : program_.files) {
    language::Diagnostics ignored(nulls());
    files_.push_back({source.get(), canonicalPath(source->path),
                      Text(source->text), parseTokens(source->text, ignored)});
  }
  symbols_ = std::make_unique<Symbols>(program_);
}

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

/// Powers of two, which can be divided by each other: more elements than heads
/// or layers.
static int64_t someNumberFor(StringRef key) {
  bool isCount = key.starts_with(".num_") || key.contains("head") ||
                 key.contains("layer") || key.contains("experts");
  return isCount && !key.ends_with("_dim") && !key.ends_with("_size") ? 32
                                                                      : 1024;
}

void Model::check(mlir::MLIRContext &context, Checkpoint *checkpoint,
                  std::vector<std::pair<std::string, std::string>> values,
                  bool checksPaths) {
  // What is built from a text that cannot be read whole shows what it can, and
  // says nothing.
  isMuted = !isWhole;
  if (!program_.model || program_.files.empty())
    return;
  checkpoint_ = checkpoint;
  options.modelFile = program_.files.back()->path;
  options.values = std::move(values);
  if (checkpoint && checkpoint->config())
    checkpoint->addTo(options);
  else
    options.standIn = [this](StringRef size, StringRef key) {
      stoodIn.push_back(size.str());
      return someNumberFor(key);
    };
  unsigned before = diagnostics->errorCount();
  configuration_ =
      std::make_unique<Configuration>(program_, options, *diagnostics);
  bool isFaulty = diagnostics->errorCount() != before;
  configuration_->keys.checkAssumptions(options, *diagnostics);
  // Sizes without a value make most lines wrong.
  isMuted |= isFaulty;
  elaborate(context, checksPaths);
  isMuted = false;
  if (!stoodIn.empty())
    tellStoodIn();
}

void Model::elaborate(mlir::MLIRContext &context, bool checksPaths) {
  mlir::ScopedDiagnosticHandler quiet(&context, [](mlir::Diagnostic &) {});
  unsigned before = diagnostics->errorCount();
  Elaborator elaborator(&context, program_, *configuration_, *diagnostics);
  elaborator.onValue = [&](SMLoc place, ArrayRef<Datum> values) {
    if (values.empty() || any_of(values, isFaulty) || !place.isValid())
      return;
    auto describe = [&](const Datum &datum) {
      return elaborator.describe(datum);
    };
    Worth worth{join(map_range(values, describe), ", "),
                all_of(values, [](const Datum &datum) {
                  return std::holds_alternative<Tensor>(datum);
                })};
    std::vector<Worth> &known = worths[place.getPointer()];
    if (!is_contained(known, worth))
      known.push_back(std::move(worth));
  };
  mlir::OwningOpRef<mlir::ModuleOp> made = elaborator.run();
  if (diagnostics->errorCount() != before)
    return;
  configuration_->keys.account(options, *diagnostics);
  before = diagnostics->errorCount();
  if (failed(mlir::verify(*made)))
    return;
  if (checksPaths)
    checkPaths(*made, *diagnostics);
  if (diagnostics->errorCount() == before)
    module = std::move(made);
}

ArrayRef<Weight> Model::weights() const {
  if (module) {
    mlir::ScopedDiagnosticHandler quiet(module->getContext(),
                                        [](mlir::Diagnostic &) {});
    for (const PathEntry &entry : parametersOf(*module))
      weights_.push_back({entry.path, "[" + nn::axesOf(entry.type).str() + "]",
                          placeOf(entry.location, *diagnostics)});
    module = nullptr;
  }
  return weights_;
}

void Model::tellStoodIn() {
  llvm::sort(stoodIn);
  stoodIn.erase(llvm::unique(stoodIn), stoodIn.end());
  messages_.push_back(
      {files::Severity::Remark,
       program_.model.place,
       "no config.json is known, so a number stands for " + join(stoodIn, ", "),
       {},
       {}});
}

ArrayRef<Worth> Model::worthAt(const char *place) const {
  auto found = worths.find(place);
  return found == worths.end() ? ArrayRef<Worth>() : ArrayRef(found->second);
}

} // namespace heddle::lsp
