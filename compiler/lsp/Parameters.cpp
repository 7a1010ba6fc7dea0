//===- Parameters.cpp - What requests say, beside LLVM's library ----------===//

#include "compiler/lsp/Parameters.h"

using namespace llvm;

namespace heddle::lsp {

/// The path of a `file:` URI; empty: it is none.
static std::string pathOf(std::optional<StringRef> uri) {
  if (!uri)
    return "";
  Expected<llvm::lsp::URIForFile> file = llvm::lsp::URIForFile::fromURI(*uri);
  if (file)
    return file->file().str();
  consumeError(file.takeError());
  return "";
}

/// The folder that an editor works in: the first, where there are several.
bool fromJSON(const json::Value &value, InitializeParams &params,
              json::Path path) {
  const json::Object *object = value.getAsObject();
  if (!object) {
    path.report("expected an object");
    return false;
  }
  if (const json::Array *folders = object->getArray("workspaceFolders"))
    if (const json::Object *first =
            folders->empty() ? nullptr : folders->front().getAsObject())
      params.root = pathOf(first->getString("uri"));
  if (params.root.empty())
    params.root = pathOf(object->getString("rootUri"));
  if (const json::Object *given = object->getObject("initializationOptions"))
    params.settings = *given;
  return true;
}

/// `{"settings": {"heddle": {…}}}`, as editors send a section of theirs.
bool fromJSON(const json::Value &value, SettingsParams &params, json::Path) {
  const json::Object *object = value.getAsObject();
  const json::Object *all = object ? object->getObject("settings") : nullptr;
  const json::Object *ours = all ? all->getObject("heddle") : nullptr;
  if (ours)
    params.settings = *ours;
  return ours;
}

bool fromJSON(const json::Value &value, RenameParams &params, json::Path path) {
  llvm::lsp::TextDocumentPositionParams &place = params;
  json::ObjectMapper object(value, path);
  return fromJSON(value, place, path) && object &&
         object.map("newName", params.newName);
}

} // namespace heddle::lsp
