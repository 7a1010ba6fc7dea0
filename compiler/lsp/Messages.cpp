//===- Messages.cpp - What the compiler says, as editors show it ----------===//
//
// A message about a file that is imported is shown there. One of no place in a
// text, such as that of a key of config.json, stands at the model's name.
//
//===----------------------------------------------------------------------===//

#include "compiler/files/SharedFiles.h"
#include "compiler/lsp/Workspace.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace heddle::lsp {

/// More of them help nobody, and editors draw each.
static constexpr size_t mostMessages = 200;

static protocol::DiagnosticSeverity severityOf(files::Severity severity) {
  switch (severity) {
  case files::Severity::Error:
    return protocol::DiagnosticSeverity::Error;
  case files::Severity::Warning:
    return protocol::DiagnosticSeverity::Warning;
  case files::Severity::Note:
  case files::Severity::Remark:
    return protocol::DiagnosticSeverity::Information;
  }
  llvm_unreachable("a message has one of these severities");
}

/// The places that a text speaks of: `… is declared at base.heddle:2:3`.
static void
addPlacesOf(StringRef text, const Model &model, const Workspace &workspace,
            std::vector<protocol::DiagnosticRelatedInformation> &related) {
  for (const File &file : model.files()) {
    StringRef name = file.source->path;
    for (size_t at = text.find(name); at != StringRef::npos;
         at = text.find(name, at + 1)) {
      StringRef rest = text.drop_front(at + name.size());
      unsigned line = 0, column = 0;
      if (!rest.consume_front(":") || rest.consumeInteger(10, line) ||
          !rest.consume_front(":") || rest.consumeInteger(10, column) ||
          line == 0 || line > file.text.lineCount())
        continue;
      StringRef shown = file.text.line(line - 1);
      const char *place =
          shown.begin() + std::min<size_t>(column - 1, shown.size());
      related.push_back({{workspace.uriOf(file.path),
                          file.rangeAt(SMLoc::getFromPointer(place))},
                         json::fixUTF8(shown.trim())});
    }
  }
}

/// Places by the names of their files alone: an editor's lines are short, and
/// whole paths stand in what is related.
static std::string withShortPlaces(StringRef text, const Model &model) {
  std::string shortened = text.str();
  for (const File &file : model.files()) {
    std::string path = file.source->path + ":";
    std::string name = sys::path::filename(path).str();
    for (size_t at = shortened.find(path); at != std::string::npos;
         at = shortened.find(path, at + name.size()))
      if ((at == 0 || shortened[at - 1] == ' ') &&
          at + path.size() < shortened.size() &&
          isDigit(shortened[at + path.size()]))
        shortened.replace(at, path.size(), name);
  }
  return shortened;
}

static protocol::Diagnostic diagnosticOf(const Message &message,
                                         const Model &model,
                                         const Workspace &workspace) {
  protocol::Diagnostic shown;
  shown.severity = severityOf(message.severity);
  shown.source = "heddle";
  shown.message = json::fixUTF8(withShortPlaces(message.text, model));
  std::vector<protocol::DiagnosticRelatedInformation> related;
  addPlacesOf(message.text, model, workspace, related);
  for (const auto &[place, text] : message.notes) {
    const File *file = model.fileOf(place.getPointer());
    if (place.isValid() && file)
      related.push_back({{workspace.uriOf(file->path), file->rangeAt(place)},
                         json::fixUTF8(text)});
    else
      shown.message += "\n" + json::fixUTF8(text);
  }
  if (!related.empty())
    shown.relatedInformation = std::move(related);
  return shown;
}

/// Editors show the topic, a heading of a document, as a link.
static json::Value withTopic(json::Value diagnostic, StringRef topic,
                             const std::string &document) {
  if (topic.empty())
    return diagnostic;
  auto reference = protocol::URIForFile::fromFile(document);
  if (!reference) {
    consumeError(reference.takeError());
    return diagnostic;
  }
  json::Object &object = *diagnostic.getAsObject();
  object["code"] = topic;
  object["codeDescription"] =
      json::Object{{"href", (reference->uri() + "#" + topic).str()}};
  return diagnostic;
}

std::map<std::string, std::vector<json::Value>>
diagnosticsOf(const Model &model, const Workspace &workspace) {
  std::map<std::string, std::vector<json::Value>> files;
  if (model.files().empty())
    return files;
  const File &main = model.files().back();
  const language::Word &name = model.program().model;
  auto show = [&](const Message &message, const std::string &document) {
    const File *file = message.place.isValid()
                           ? model.fileOf(message.place.getPointer())
                           : nullptr;
    protocol::Diagnostic shown = diagnosticOf(message, model, workspace);
    if (file)
      shown.range = file->rangeAt(message.place);
    else if (name && main.text.contains(name.place.getPointer()))
      shown.range = main.rangeAt(name.place);
    std::vector<json::Value> &list = files[file ? file->path : main.path];
    if (list.size() < mostMessages)
      list.push_back(withTopic(withOwnTexts(shown), message.topic, document));
  };
  for (const Message &message : model.messages())
    show(message, files::languageReference());
  if (Checkpoint *checkpoint = model.checkpoint())
    for (auto [problem, topic] : zip(checkpoint->problems().messages(),
                                     checkpoint->problems().topics()))
      show({files::Severity::Error, SMLoc(), problem, topic, {}},
           files::checkpointMistakes());
  return files;
}

} // namespace heddle::lsp
