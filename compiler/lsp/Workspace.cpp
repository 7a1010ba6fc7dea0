//===- Workspace.cpp - The model files that an editor has open ------------===//

#include "compiler/lsp/Workspace.h"

#include "compiler/files/InputFile.h"
#include "dialects/nn/NN.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace heddle::lsp {

/// A context keeps every type and name that it has ever seen.
static constexpr unsigned checksOfContext = 1000;

Workspace::Workspace(std::string modelsDirectory)
    : modelsDirectory(canonicalPath(modelsDirectory)) {}

//===----------------------------------------------------------------------===//
// Settings
//===----------------------------------------------------------------------===//

/// Of those whose key a path ends in, the one with the longest; else that of *.
const json::Value *Workspace::settingFor(StringRef name, StringRef path) const {
  const json::Object *table = settings.getObject(name);
  if (!table)
    return nullptr;
  const json::Value *best = table->get("*");
  size_t length = 0;
  for (const auto &[key, value] : *table) {
    StringRef end = key;
    bool fits = path == end || path.ends_with(("/" + end).str());
    if (fits && end.size() > length) {
      best = &value;
      length = end.size();
    }
  }
  return best;
}

std::vector<std::pair<std::string, std::string>>
Workspace::valuesFor(StringRef path) const {
  std::vector<std::pair<std::string, std::string>> values;
  const json::Value *setting = settingFor("values", path);
  if (const json::Object *given = setting ? setting->getAsObject() : nullptr)
    for (const auto &[name, value] : *given) {
      std::optional<StringRef> text = value.getAsString();
      values.push_back({StringRef(name).str(),
                        text ? text->str() : formatv("{0}", value).str()});
    }
  llvm::sort(values);
  return values;
}

/// The one that settings name, else the config.json beside the model file.
Checkpoint *Workspace::checkpointFor(StringRef path) {
  SmallString<128> config(sys::path::parent_path(path));
  const json::Value *setting = settingFor("configs", path);
  if (std::optional<StringRef> given =
          setting ? setting->getAsString() : std::nullopt) {
    if (!root.empty())
      config = root;
    if (sys::path::is_absolute(*given))
      config = *given;
    else
      sys::path::append(config, *given);
  } else {
    sys::path::append(config, "config.json");
    if (!sys::fs::exists(config))
      return nullptr;
  }
  std::unique_ptr<Checkpoint> &known = checkpoints[std::string(config)];
  if (!known || !known->isCurrent())
    known = std::make_unique<Checkpoint>(config);
  return known.get();
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

std::unique_ptr<Model> Workspace::readModel(StringRef path) const {
  auto readFile =
      [&](StringRef path) -> Expected<std::unique_ptr<MemoryBuffer>> {
    auto open = documents.find(canonicalPath(path));
    if (open != documents.end())
      return MemoryBuffer::getMemBufferCopy(open->second.text, path);
    return files::readFile(path, files::limits::model);
  };
  return std::make_unique<Model>(path, readFile,
                                 ArrayRef<std::string>(modelsDirectory));
}

static constexpr size_t manyWeights = 2000;

void Workspace::check(const std::string &path, Document &document,
                      bool isTyping) {
  document.model.reset();
  if (!context || ++checks == checksOfContext) {
    for (auto &[other, open] : documents)
      open.model.reset();
    context = std::make_unique<mlir::MLIRContext>(
        mlir::MLIRContext::Threading::DISABLED);
    context->loadDialect<nn::NNDialect, mlir::arith::ArithDialect,
                         mlir::func::FuncDialect, mlir::scf::SCFDialect>();
    checks = 0;
  }
  document.model = readModel(path);
  bool checksPaths = !isTyping || !document.hasManyWeights;
  document.model->check(*context, checkpointFor(path), valuesFor(path),
                        checksPaths);
  if (!isTyping)
    document.hasManyWeights = document.model->weights().size() > manyWeights;
  for (const auto &[file, messages] : said[path])
    changed.insert(file);
  said[path] = diagnosticsOf(*document.model, *this);
  for (const auto &[file, messages] : said[path])
    changed.insert(file);
}

void Workspace::update(const protocol::URIForFile &uri, int64_t version,
                       std::string text) {
  std::string path = canonicalPath(uri.file());
  bool isTyping = documents.count(path);
  Document &document = documents[path];
  document.uri = uri;
  document.version = version;
  document.text = std::move(text);
  changed.insert(path);
  check(path, document, isTyping);
  for (auto &[other, open] : documents)
    if (other != path && (!open.model || open.model->fileNamed(path)))
      check(other, open, isTyping);
}

void Workspace::close(const protocol::URIForFile &uri) {
  std::string path = canonicalPath(uri.file());
  for (const auto &[file, messages] : said[path])
    changed.insert(file);
  said.erase(path);
  documents.erase(path);
  for (auto &[other, open] : documents)
    if (open.model && open.model->fileNamed(path))
      check(other, open);
}

void Workspace::checkAll() {
  for (auto &[path, document] : documents)
    check(path, document);
}

const Document *Workspace::find(const protocol::URIForFile &uri) const {
  auto open = documents.find(canonicalPath(uri.file()));
  return open == documents.end() ? nullptr : &open->second;
}

protocol::URIForFile Workspace::uriOf(StringRef path) const {
  auto open = documents.find(path.str());
  if (open != documents.end())
    return open->second.uri;
  Expected<protocol::URIForFile> uri = protocol::URIForFile::fromFile(path);
  if (uri)
    return *uri;
  consumeError(uri.takeError());
  return {};
}

bool Workspace::isShipped(StringRef path) const {
  return sys::path::parent_path(path) == modelsDirectory;
}

//===----------------------------------------------------------------------===//
// Other files
//===----------------------------------------------------------------------===//

static std::vector<std::string> modelFilesIn(StringRef folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (sys::fs::directory_iterator file(folder, error), end;
       file != end && !error; file.increment(error))
    if (sys::path::extension(file->path()) == ".heddle")
      files.push_back(file->path());
  llvm::sort(files);
  return files;
}

std::vector<std::string> Workspace::importable(StringRef path) const {
  std::vector<std::string> names;
  for (StringRef folder :
       {sys::path::parent_path(path), StringRef(modelsDirectory)})
    for (const std::string &file : modelFilesIn(folder))
      if (file != path)
        names.push_back(sys::path::filename(file).str());
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return names;
}

std::vector<std::shared_ptr<const Model>>
Workspace::modelsWith(StringRef path) {
  std::set<std::string> paths{path.str()};
  for (const auto &[open, document] : documents) {
    paths.insert(open);
    for (const std::string &file : modelFilesIn(sys::path::parent_path(open)))
      paths.insert(canonicalPath(file));
  }
  std::vector<std::shared_ptr<const Model>> models;
  for (const std::string &candidate : paths) {
    std::shared_ptr<const Model> model = readModel(candidate);
    if (model->fileNamed(path))
      models.push_back(std::move(model));
  }
  return models;
}

/// What several models say of a file is shown once.
std::map<std::string, std::vector<json::Value>> Workspace::takeDiagnostics() {
  std::map<std::string, std::vector<json::Value>> shown;
  for (const std::string &file : changed) {
    std::vector<json::Value> &list = shown[file];
    for (const auto &[path, files] : said)
      if (auto messages = files.find(file); messages != files.end())
        for (const json::Value &message : messages->second)
          if (!is_contained(list, message))
            list.push_back(message);
  }
  changed.clear();
  return shown;
}

} // namespace heddle::lsp
