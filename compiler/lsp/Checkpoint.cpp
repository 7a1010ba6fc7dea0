//===- Checkpoint.cpp - What a model file is checked against --------------===//

#include "compiler/lsp/Checkpoint.h"

#include "compiler/checkpoint/Answers.h"
#include "compiler/checkpoint/Generation.h"
#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/SentenceTransformers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace heddle::checkpoint;

namespace heddle::lsp {

/// When the file was written and how long it is; empty: it is not there.
static std::string stampOf(StringRef path) {
  sys::fs::file_status status;
  if (sys::fs::status(path, status))
    return "";
  auto time = status.getLastModificationTime().time_since_epoch().count();
  return formatv("{0} {1};", time, status.getSize());
}

Checkpoint::Checkpoint(StringRef path) : given(path.str()) { open(); }

void Checkpoint::open() {
  bool isCheckpoint = checkpoint::isCheckpoint(given);
  source = createSource(isCheckpoint ? StringRef(given)
                                     : sys::path::parent_path(given));
  if (source->holdsItsTexts())
    source->open(faults);
  document = isCheckpoint ? source->document("config.json") : Document(given);
  stamp = stampOf(given) + stampOf(document.name());
  if (document.isThere())
    readConfig();
  else
    faults.add(given, "found no config.json");
}

void Checkpoint::readConfig() {
  json = parseJson(document, faults);
  if (!json)
    return;
  if (json::Object *read = json->getAsObject()) {
    if (!source->document("modules.json").isThere())
      return;
    if (auto sentences = readSentenceTransformer(*source, *read, faults))
      (*read)["sentence_transformers"] = sentences->forModelFile();
    return;
  }
  faults.add(document.name(), "found no object, needed { … }");
  json.reset();
}

bool Checkpoint::isCurrent() const {
  return stamp == stampOf(given) + stampOf(document.name());
}

static std::string textOf(const nn::WeightRules &rules) {
  std::string text;
  raw_string_ostream os(text);
  for (const auto &prefix : rules.prefixes)
    os << "prefix " << prefix.text << prefix.optional << '\n';
  for (const auto &rename : rules.renames)
    os << "rename " << rename.from << '\n' << rename.to << '\n';
  for (const auto &split : rules.splits)
    os << "split " << split.whole << '\n' << join(split.parts, "\n") << '\n';
  return text;
}

const Checkpoint::Tensors &Checkpoint::tensors(const nn::WeightRules &rules) {
  std::string text = "rules " + textOf(rules);
  if (text == rulesRead)
    return byPath;
  if (!rulesRead.empty())
    source = createSource(source->path());
  rulesRead = std::move(text);
  byPath.clear();
  paths.clear();
  // A checkpoint that cannot be read has its error when it is built from.
  Problems ignored;
  if (!source->open(ignored) || !source->split(rules, ignored))
    return byPath;
  for (const StoredTensor &tensor : source->tensors())
    if (std::optional<std::string> path = rules.pathOf(tensor.name)) {
      byPath[*path] = &tensor;
      paths.insert(*path);
    }
  return byPath;
}

void Checkpoint::addTo(language::ModelOptions &options) {
  options.config = config();
  options.configFile = configName();
  options.isReadElsewhere = [this](StringRef key) {
    return isGenerationKey(key) || isAnswerKey(key) || source->readsKey(key);
  };
  Problems ignored;
  if (source->open(ignored))
    options.tensorPaths =
        [this](const nn::WeightRules &rules) -> const StringSet<> & {
      tensors(rules);
      return paths;
    };
}

} // namespace heddle::lsp
