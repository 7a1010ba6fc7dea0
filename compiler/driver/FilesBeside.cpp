//===- FilesBeside.cpp - what lies beside config.json and the weights -----===//

#include "compiler/driver/FilesBeside.h"
#include "compiler/checkpoint/Answers.h"
#include "compiler/checkpoint/ChatTemplates.h"
#include "compiler/checkpoint/Generation.h"
#include "compiler/checkpoint/Preprocessor.h"
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

/// What is unsupported, and what the program does for want of it.
static void noteLacking(const Problems &problems, llvm::StringRef instead) {
  llvm::ArrayRef<std::string> lacking = problems.unsupported();
  if (lacking.empty())
    return;
  std::string more =
      lacking.size() > 1
          ? " (and " + std::to_string(lacking.size() - 1) + " more)"
          : "";
  files::printMessage(llvm::errs(), files::Severity::Note,
                      lacking.front() + more + ": " + instead);
}

/// A model computes without its tokenizer: where Heddle cannot run the one of
/// the checkpoint exactly, the program has none.
static std::vector<char> readTokenizer(const Source &texts, bool lowerCase,
                                       bool tellsNotes, Problems &problems) {
  std::optional<std::vector<char>> tables;
  if (Document file = checkpoint::tokenizerOf(texts, problems); file.isThere())
    tables = checkpoint::compileTokenizer(
        file, texts.document("tokenizer_config.json"), problems, lowerCase);
  if (problems.empty() && tellsNotes)
    noteLacking(problems, "the program takes token ids");
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

/// What a template asks for and Heddle does not do is no reason to build
/// nothing: the program then takes texts that are written down already.
static std::optional<codegen::ProgramChat>
readChat(const Source &texts, bool tellsNotes, Problems &problems) {
  Problems of;
  checkpoint::ChatTemplates found = checkpoint::readChatTemplates(texts, of);
  if (tellsNotes)
    noteLacking(of, found.templates.empty()
                        ? "the program does not offer --chat"
                        : "the program has its other templates");
  Problems::Topic topic(problems, "tokenizers");
  for (const std::string &message : of.messages())
    problems.add(llvm::createStringError(message));
  if (found.templates.empty())
    return std::nullopt;
  return codegen::ProgramChat{found.templates, found.tokens};
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
    tokenizer = readTokenizer(texts, sentences && sentences->lowerCase,
                              arguments.tellsNotes, problems);
  if (sentences)
    program.sentences = describe(*sentences);
  if (problems.empty() && generates(program))
    readGeneration(texts, config, arguments.ignoredKeys, tokenizer, problems,
                   program);
  // A conversation is text.
  if (problems.empty() && !tokenizer.empty() && generates(program))
    program.chat = readChat(texts, arguments.tellsNotes, problems);
  problems.print(llvm::errs());
  for (const std::string &note : problems.notes())
    if (arguments.tellsNotes)
      files::printMessage(llvm::errs(), files::Severity::Note, note);
  return llvm::success(problems.empty());
}

static bool takes(const codegen::Program &program, codegen::Content content) {
  return llvm::any_of(program.entries, [&](const auto &entry) {
    return llvm::any_of(entry.inputs, [&](const auto &input) {
      return input.content == content;
    });
  });
}

llvm::LogicalResult driver::readPreprocessor(const Source &texts,
                                             const llvm::json::Object *config,
                                             codegen::Program &program) {
  Problems problems;
  llvm::StringRef modelType =
      config ? config->getString("model_type").value_or("") : "";
  if (takes(program, codegen::Content::Image))
    program.imageSteps =
        checkpoint::readImageProcessor(texts, modelType, problems);
  if (takes(program, codegen::Content::Audio))
    program.audioSteps = checkpoint::readFeatureExtractor(texts, problems);
  problems.print(llvm::errs());
  if (problems.empty())
    noteLacking(problems, "the program takes .npy files only");
  return llvm::success(problems.empty());
}

/// How many numbers of an entry stand for one row, or one token; 0: the entry
/// gives something else than numbers of rows.
static int64_t widthOf(const codegen::ProgramEntry &entry) {
  if (entry.outputs.size() != 1 || entry.outputs.front().dims.size() < 2)
    return 0;
  return entry.outputs.front().dims.back().asConstant().value_or(0);
}

llvm::LogicalResult driver::readAnswer(const Source &texts,
                                       const llvm::json::Object *config,
                                       llvm::StringRef configName,
                                       codegen::Program &program) {
  Problems problems;
  std::optional<checkpoint::Answer> found;
  if (config)
    found = checkpoint::readAnswer(*config, configName, texts, problems);
  problems.print(llvm::errs());
  if (!problems.empty())
    return llvm::failure();
  if (!found)
    return llvm::success();
  auto entry = llvm::find_if(program.entries, [&](const auto &entry) {
    return entry.name == found->entry;
  });
  // A model file of one's own may lack it.
  if (entry == program.entries.end())
    return llvm::success();
  int64_t width = widthOf(*entry);
  bool hasLabels = found->kind == HEDDLE_ANSWER_LABELS ||
                   found->kind == HEDDLE_ANSWER_TOKEN_LABELS;
  if (hasLabels && found->labels.empty())
    for (int64_t label = 0; label < width; ++label)
      found->labels.push_back("LABEL_" + std::to_string(label));
  if (hasLabels && width != static_cast<int64_t>(found->labels.size()))
    return llvm::success(); // --set has made it another one
  if (found->kind == HEDDLE_ANSWER_MASKS && found->mask < 0)
    return llvm::success();
  codegen::ProgramAnswer answer;
  answer.kind = found->kind;
  answer.entry = static_cast<int>(entry - program.entries.begin());
  answer.score = found->score;
  answer.labels = std::move(found->labels);
  answer.mask = found->mask, answer.pad = found->pad;
  answer.paddedLength = found->paddedLength;
  answer.mostTokens = found->mostTokens;
  answer.trimsSpans = found->trimsSpans;
  program.answer = std::move(answer);
  return llvm::success();
}
