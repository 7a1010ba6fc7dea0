//===- Program.cpp - A model file together with what it imports -----------===//

#include "compiler/language/Program.h"

#include "compiler/files/InputFile.h"
#include "compiler/language/Budgets.h"
#include "compiler/language/Parser.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace heddle::language {

namespace {
class Loader {
public:
  Loader(ArrayRef<std::string> importPaths, Diagnostics &diagnostics,
         ReadFile readFile)
      : importPaths(importPaths), diagnostics(diagnostics), readFile(readFile) {
  }

  void load(StringRef path, SMLoc importedAt);
  Program takeProgram() { return std::move(program); }

private:
  std::unique_ptr<SourceFile> read(StringRef path, SMLoc importedAt);
  std::string findImport(StringRef name, StringRef importingFile);
  void merge(const SourceFile &file);
  void mergeKeys(const ModelFile &ast);
  void drop(const Dropped &dropped);
  void mergeFunction(const Function &function, const SourceFile &file);
  void collectDefaults(SourceFile &file);

  template <typename Decl>
  void mergeNamed(const std::vector<Decl> &decls,
                  MapVector<StringRef, const Decl *> &merged, StringRef what);

  ArrayRef<std::string> importPaths;
  Diagnostics &diagnostics;
  ReadFile readFile;
  Program program;
  /// Loaded already: a file that two others import is read once.
  llvm::StringSet<> loaded;
  /// From the main file to the one being read.
  SmallVector<std::string> chain;
};
} // namespace

std::unique_ptr<SourceFile> Loader::read(StringRef path, SMLoc importedAt) {
  Expected<std::unique_ptr<MemoryBuffer>> text =
      readFile ? readFile(path) : files::readFile(path, files::limits::model);
  if (!text) {
    std::string message = toString(text.takeError());
    if (importedAt.isValid())
      diagnostics.error(importedAt, message);
    else
      diagnostics.error(message);
    return nullptr;
  }
  auto file = std::make_unique<SourceFile>();
  file->path = path.str();
  file->text = diagnostics.addFile(std::move(*text));
  file->ast = parse(file->text, diagnostics);
  return file;
}

std::string Loader::findImport(StringRef name, StringRef importingFile) {
  if (sys::path::is_absolute(name))
    return name.str();
  SmallString<128> path(sys::path::parent_path(importingFile));
  sys::path::append(path, name);
  if (files::isThere(path))
    return path.str().str();
  for (const std::string &directory : importPaths) {
    SmallString<128> candidate(directory);
    sys::path::append(candidate, name);
    if (files::isThere(candidate))
      return candidate.str().str();
  }
  return path.str().str();
}

void Loader::load(StringRef path, SMLoc importedAt) {
  SmallString<128> real;
  if (sys::fs::real_path(path, real))
    real = path;
  if (is_contained(chain, real)) {
    diagnostics.error(importedAt, "the files import each other");
    return;
  }
  if (!loaded.insert(real).second)
    return;
  if (chain.size() == budgets::chain) {
    diagnostics.error(importedAt, "files import each other more than " +
                                      Twine(budgets::chain) + " deep");
    return;
  }
  std::unique_ptr<SourceFile> file = read(path, importedAt);
  if (!file)
    return;
  chain.push_back(real.str().str());
  for (const Import &import : file->ast.imports)
    load(findImport(import.file, path), import.place);
  chain.pop_back();
  collectDefaults(*file);
  merge(*file);
  program.files.push_back(std::move(file));
}

void Loader::collectDefaults(SourceFile &file) {
  for (const DefaultDecl &decl : file.ast.defaults)
    for (const Option &option : decl.options) {
      auto &options = file.defaults[decl.op.text];
      auto same = llvm::find_if(options, [&](const Option *other) {
        return other->name.text == option.name.text;
      });
      if (same != options.end())
        diagnostics.error(option.name.place,
                          "default '" + option.name.text + "' of " +
                              decl.op.text + " is already set at " +
                              diagnostics.describe((*same)->name.place));
      else
        options.push_back(&option);
    }
}

/// Within one file a name may be declared once; a later file takes the place of
/// an earlier one's declaration.
template <typename Decl>
void Loader::mergeNamed(const std::vector<Decl> &decls,
                        MapVector<StringRef, const Decl *> &merged,
                        StringRef what) {
  StringMap<SMLoc> here;
  for (const Decl &decl : decls) {
    auto [place, isNew] = here.try_emplace(decl.name.text, decl.name.place);
    if (!isNew)
      diagnostics.error(decl.name.place,
                        what + " " + decl.name.text +
                            " is already declared at " +
                            diagnostics.describe(place->second));
    else
      merged[decl.name.text] = &decl;
  }
}

/// What a file says of a key takes the place of what an imported one says.
void Loader::mergeKeys(const ModelFile &ast) {
  StringMap<SMLoc> here;
  auto isFirst = [&](const ConfigKey &key) {
    auto [place, isNew] = here.try_emplace(key.text, key.place);
    if (!isNew)
      diagnostics.error(key.place, "." + key.text +
                                       " is already spoken of at " +
                                       diagnostics.describe(place->second));
    return isNew;
  };
  for (const Assumption &assumption : ast.assumptions)
    if (isFirst(assumption.key)) {
      program.assumptions[assumption.key.text] = &assumption;
      program.ignoredKeys.erase(assumption.key.text);
    }
  for (const ConfigKey &key : ast.ignoredKeys)
    if (isFirst(key)) {
      program.ignoredKeys.insert(key.text);
      program.assumptions.erase(key.text);
    }
}

void Loader::mergeFunction(const Function &function, const SourceFile &file) {
  StringRef kind = function.isEntry ? "entry" : "block";
  auto &functions = function.isEntry ? program.entries : program.blocks;
  auto existing = functions.find(function.name.text);
  bool exists = existing != functions.end();
  if (exists && !function.isOverride) {
    diagnostics.error(
        function.name.place,
        kind + " " + function.name.text + " is already defined at " +
            diagnostics.describe(existing->second.function->name.place) +
            "; say 'override " + kind + "' to replace it");
    return;
  }
  if (!exists && function.isOverride)
    diagnostics.error(function.name.place, "there is no " + kind + " " +
                                               function.name.text +
                                               " to override");
  functions[function.name.text] = {&function, &file};
}

/// What is dropped comes from an imported file, and goes before this one's own
/// declarations come; with an entry goes the `generate` that names it.
void Loader::drop(const Dropped &dropped) {
  auto &functions = dropped.isEntry ? program.entries : program.blocks;
  StringRef kind = dropped.isEntry ? "entry" : "block";
  if (!functions.erase(dropped.name.text))
    diagnostics.error(dropped.name.place, "found no imported " + kind + " " +
                                              dropped.name.text + " to drop");
  auto isDropped = [&](const Word &name) {
    return name.text == dropped.name.text;
  };
  if (dropped.isEntry && llvm::any_of(program.generate, isDropped))
    program.generate.clear();
}

void Loader::merge(const SourceFile &file) {
  const ModelFile &ast = file.ast;
  program.model = ast.model;
  program.architectures = ast.architectures;
  mergeNamed(ast.config, program.config, "config value");
  mergeKeys(ast);
  mergeNamed(ast.dyns, program.dyns, "size");
  mergeNamed(ast.states, program.states, "state");
  for (const Dropped &dropped : ast.dropped)
    drop(dropped);
  for (const Function &function : ast.functions)
    mergeFunction(function, file);
  for (const WeightsRule &rule : ast.weights)
    program.weights.push_back(&rule);
  if (!ast.generate.empty())
    program.generate = ast.generate;
  if (ast.tokenizers.size() > 1)
    diagnostics.error(ast.tokenizers[1].place,
                      "second tokenizer of this file; the first is at " +
                          diagnostics.describe(ast.tokenizers[0].place));
  if (!ast.tokenizers.empty())
    program.tokenizer = ast.tokenizers[0];
}

nn::WeightRules Program::weightRules() const {
  nn::WeightRules rules;
  for (const WeightsRule *rule : weights)
    switch (rule->kind) {
    case WeightsRule::Kind::Prefix:
      rules.prefixes.push_back({rule->texts[0], rule->optional});
      break;
    case WeightsRule::Kind::Rename:
      rules.renames.push_back({rule->texts[0], rule->texts[1]});
      break;
    case WeightsRule::Kind::Ignore:
      llvm::append_range(rules.ignores, rule->texts);
      break;
    case WeightsRule::Kind::Same:
      rules.sames.push_back({rule->texts[0], rule->texts[1]});
      break;
    case WeightsRule::Kind::Split:
      rules.splits.push_back(
          {rule->texts[0], {rule->texts.begin() + 1, rule->texts.end()}});
      break;
    case WeightsRule::Kind::Keep:
      break;
    }
  return rules;
}

Program loadProgram(StringRef path, ArrayRef<std::string> importPaths,
                    Diagnostics &diagnostics, ReadFile readFile) {
  Diagnostics::Topic topic(diagnostics, "several-files");
  Loader loader(importPaths, diagnostics, readFile);
  loader.load(path, SMLoc());
  Program program = loader.takeProgram();
  if (!program.files.empty() && !diagnostics.hasErrors() && !program.model)
    diagnostics.error(path +
                      ": found no 'model NAME', which every model file needs");
  return program;
}

} // namespace heddle::language
