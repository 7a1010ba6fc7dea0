//===- Language.cpp - Model file to nn module -----------------------------===//

#include "compiler/language/Language.h"

#include "compiler/files/InputFile.h"
#include "compiler/language/Elaborator.h"
#include "compiler/language/Parameters.h"
#include "compiler/language/Parser.h"
#include "dialects/nn/NN.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

LoadedModel loadModel(MLIRContext &context, const ModelOptions &options,
                      raw_ostream &os) {
  context.loadDialect<nn::NNDialect, arith::ArithDialect, func::FuncDialect,
                      scf::SCFDialect>();
  Diagnostics diagnostics(os);
  Program program =
      loadProgram(options.modelFile, options.importPaths, diagnostics);
  if (diagnostics.hasErrors())
    return {};
  Configuration configuration(program, options, diagnostics);
  bool isFaulty = diagnostics.hasErrors();
  // First: what does not hold is the cause of mistakes that follow.
  configuration.keys.checkAssumptions(options, diagnostics);
  if (isFaulty)
    return {};
  unsigned broken = diagnostics.errorCount();
  LoadedModel model;
  for (const auto &file : program.files)
    model.files.push_back(file->path);
  model.module =
      Elaborator(&context, program, configuration, diagnostics).run();
  if (diagnostics.errorCount() != broken)
    return {};
  model.keys = configuration.keys.account(options, diagnostics);
  if (diagnostics.hasErrors())
    return {};
  if (failed(mlir::verify(*model.module))) {
    diagnostics.error("the compiler built a faulty program; this is a mistake "
                      "of heddle, not of the model");
    return {};
  }
  checkPaths(*model.module, diagnostics);
  if (diagnostics.hasErrors())
    return {};
  return model;
}

std::optional<TreeText> printTree(const ModelOptions &options,
                                  raw_ostream &errors) {
  Diagnostics diagnostics(errors);
  auto text = files::readFile(options.modelFile, files::limits::model);
  if (!text) {
    diagnostics.error(toString(text.takeError()));
    return std::nullopt;
  }
  ModelFile file = parse(diagnostics.addFile(std::move(*text)), diagnostics);
  if (diagnostics.hasErrors())
    return std::nullopt;
  TreeText tree;
  std::vector<PrintedPart> parts;
  raw_string_ostream os(tree.text);
  print(file, os, parts);
  tree.lines.resize(StringRef(tree.text).count('\n'));
  auto lineOf = [&](const char *at) {
    return diagnostics.positionOf(SMLoc::getFromPointer(at)).line;
  };
  size_t line = 0, counted = 0;
  for (const PrintedPart &part : parts) {
    line += StringRef(tree.text).slice(counted, part.offset).count('\n');
    counted = part.offset;
    tree.lines[line] = {lineOf(part.source.begin()),
                        lineOf(part.source.rtrim().end())};
  }
  return tree;
}

/// The name among `known` that differs little from `name`, or "".
static std::string nearestOf(StringRef name, ArrayRef<std::string> known) {
  std::string nearest;
  unsigned best = std::max<size_t>(2, name.size() / 5) + 1;
  for (StringRef candidate : known) {
    unsigned distance =
        name.edit_distance(candidate, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      nearest = candidate.str();
    }
  }
  return nearest;
}

/// Lists them in lines that fit a terminal.
static void noteArchitectures(std::vector<std::string> known,
                              raw_ostream &errors) {
  constexpr size_t width = 100;
  llvm::sort(known);
  known.erase(llvm::unique(known), known.end());
  WithColor::note(errors) << "the model files are for";
  size_t column = width;
  for (const std::string &name : known) {
    bool isLast = &name == &known.back();
    if (column + name.size() + 2 > width) {
      errors << "\n ";
      column = 1;
    }
    errors << ' ' << name << (isLast ? "" : ",");
    column += name.size() + 2;
  }
  errors << '\n';
}

std::string findModelFor(const json::Object &config, StringRef configFile,
                         ArrayRef<std::string> directories,
                         raw_ostream &errors) {
  Diagnostics diagnostics(errors);
  Diagnostics::Topic topic(diagnostics, "model");
  const json::Array *names = config.getArray("architectures");
  std::optional<StringRef> architecture;
  if (names && !names->empty())
    architecture = names->front().getAsString();
  if (!architecture) {
    diagnostics.error(configFile + ": names no architecture; name the model "
                                   "file instead");
    return {};
  }
  std::vector<std::string> known;
  for (const std::string &directory : directories) {
    std::error_code error;
    std::vector<std::string> files;
    for (sys::fs::directory_iterator file(directory, error), end;
         file != end && !error; file.increment(error))
      if (sys::path::extension(file->path()) == ".heddle")
        files.push_back(file->path());
    llvm::sort(files);
    for (const std::string &path : files) {
      // Another model's mistakes are not this user's.
      auto text = files::readFile(path, files::limits::model);
      if (!text) {
        consumeError(text.takeError());
        continue;
      }
      Diagnostics ignored(nulls());
      ModelFile file = parse(ignored.addFile(std::move(*text)), ignored);
      if (is_contained(file.architectures, *architecture))
        return path;
      append_range(known, file.architectures);
    }
  }
  std::string nearest = nearestOf(*architecture, known);
  diagnostics.error(configFile + ": no model file is for \"" + *architecture +
                    "\"; " +
                    (nearest.empty() ? "write one, or name one that fits"
                                     : "did you mean \"" + nearest + "\"?"));
  if (!known.empty())
    noteArchitectures(std::move(known), errors);
  return {};
}

} // namespace heddle::language
