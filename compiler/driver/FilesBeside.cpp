//===- FilesBeside.cpp - what lies beside config.json and the weights -----===//

#include "compiler/driver/FilesBeside.h"
#include "compiler/checkpoint/Generation.h"
#include "compiler/checkpoint/Tokenizer.h"
#include "compiler/files/Message.h"
#include "runtime/text/Tokenizer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::driver;
using checkpoint::CheckpointFiles;
using checkpoint::Problems;

/// A model computes without its tokenizer: where Heddle cannot run the one of
/// the checkpoint exactly, the program has none.
static std::vector<char> readTokenizer(const CheckpointFiles &files,
                                       bool lowerCase, Problems &problems) {
  if (files.tokenizerJson.empty())
    return {};
  auto tables = checkpoint::compileTokenizer(
      files.tokenizerJson, files.tokenizerConfigJson, problems, lowerCase);
  if (llvm::ArrayRef<std::string> lacking = problems.unsupported();
      problems.empty() && !lacking.empty())
    files::printMessage(
        llvm::errs(), files::Severity::Note,
        lacking.front() +
            (lacking.size() > 1
                 ? " (and " + std::to_string(lacking.size() - 1) + " more)"
                 : "") +
            ": the program takes token ids");
  return tables.value_or(std::vector<char>());
}

static codegen::ProgramSentences
describe(const checkpoint::SentenceTransformer &sentences) {
  constexpr llvm::StringRef names[] = {"cosine", "dot", "euclidean",
                                       "manhattan"};
  codegen::ProgramSentences program;
  program.similarity = llvm::find(names, sentences.similarity) - names;
  program.prompts = sentences.prompts;
  for (auto [index, prompt] : llvm::enumerate(sentences.prompts))
    if (prompt.first == sentences.defaultPrompt)
      program.defaultPrompt = index;
  return program;
}

static bool generates(const codegen::Program &program) {
  return llvm::any_of(program.entries, [](const auto &entry) {
    return entry.generates != codegen::GenerateRole::None;
  });
}

static void readGeneration(const CheckpointFiles &files,
                           llvm::StringRef configFile,
                           llvm::ArrayRef<std::string> ignoredKeys,
                           llvm::ArrayRef<char> tables, Problems &problems,
                           codegen::Program &program) {
  text::Tokenizer tokenizer;
  if (!tables.empty() && tokenizer.open(tables.data(), tables.size()))
    llvm_unreachable("the compiler of the tokenizer has opened it");
  checkpoint::GenerationSources sources;
  sources.generationConfig = files.generationConfigJson;
  sources.config = configFile.str();
  sources.tokenizerConfig = files.tokenizerConfigJson;
  sources.ignored = ignoredKeys;
  auto idOf = [&](llvm::StringRef token) {
    return tokenizer.isOpen() ? tokenizer.find({token.data(), token.size()})
                              : -1;
  };
  sources.idOf = idOf;
  if (auto defaults = checkpoint::readGenerationDefaults(sources, problems))
    program.generation = {defaults, &defaults->settings()};
}

llvm::LogicalResult driver::readFilesBeside(
    const Arguments &arguments, llvm::StringRef configFile,
    llvm::StringRef directory,
    const std::optional<checkpoint::SentenceTransformer> &sentences,
    codegen::Program &program, std::vector<char> &tokenizer) {
  // Random weights have no directory, but perhaps a config.json.
  CheckpointFiles files;
  if (!directory.empty() || !configFile.empty())
    files = checkpoint::findCheckpointFiles(directory.empty() ? configFile
                                                              : directory);
  Problems problems;
  if (program.hasTokenizer && !directory.empty() &&
      arguments.weightsFile != WeightsFile::None)
    tokenizer =
        readTokenizer(files, sentences && sentences->lowerCase, problems);
  if (sentences)
    program.sentences = describe(*sentences);
  if (problems.empty() && generates(program))
    readGeneration(files, configFile, arguments.ignoredKeys, tokenizer,
                   problems, program);
  problems.print(llvm::errs());
  for (const std::string &note : problems.notes())
    files::printMessage(llvm::errs(), files::Severity::Note, note);
  return llvm::success(problems.empty());
}
