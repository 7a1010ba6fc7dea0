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
using checkpoint::Document;
using checkpoint::Problems;
using checkpoint::Source;

/// A model computes without its tokenizer: where Heddle cannot run the one of
/// the checkpoint exactly, the program has none.
static std::vector<char> readTokenizer(const Source &texts, bool lowerCase,
                                       Problems &problems) {
  Document file = texts.document("tokenizer.json");
  if (!file.isThere())
    return {};
  auto tables = checkpoint::compileTokenizer(
      file, texts.document("tokenizer_config.json"), problems, lowerCase);
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

static void readGeneration(const Source &texts, const Document &config,
                           llvm::ArrayRef<std::string> ignoredKeys,
                           llvm::ArrayRef<char> tables, Problems &problems,
                           codegen::Program &program) {
  text::Tokenizer tokenizer;
  if (!tables.empty() && tokenizer.open(tables.data(), tables.size()))
    llvm_unreachable("the compiler of the tokenizer has opened it");
  checkpoint::GenerationSources sources;
  sources.generationConfig = texts.document("generation_config.json");
  sources.config = config;
  sources.tokenizerConfig = texts.document("tokenizer_config.json");
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
    const Arguments &arguments, const Document &config, const Source &texts,
    bool hasWeights,
    const std::optional<checkpoint::SentenceTransformer> &sentences,
    codegen::Program &program, std::vector<char> &tokenizer) {
  Problems problems;
  if (program.hasTokenizer && hasWeights &&
      arguments.weightsFile != WeightsFile::None)
    tokenizer =
        readTokenizer(texts, sentences && sentences->lowerCase, problems);
  if (sentences)
    program.sentences = describe(*sentences);
  if (problems.empty() && generates(program))
    readGeneration(texts, config, arguments.ignoredKeys, tokenizer, problems,
                   program);
  problems.print(llvm::errs());
  for (const std::string &note : problems.notes())
    files::printMessage(llvm::errs(), files::Severity::Note, note);
  return llvm::success(problems.empty());
}
