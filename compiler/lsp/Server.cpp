//===- Server.cpp - The protocol's requests and their answers -------------===//

#include "compiler/lsp/Server.h"

#include "compiler/lsp/Features.h"
#include "compiler/lsp/Parameters.h"
#include "llvm/ADT/STLFunctionalExtras.h"

using namespace llvm;

namespace heddle::lsp {

namespace {
using Reply = protocol::Callback<json::Value>;
using AtPlace = protocol::TextDocumentPositionParams;
using OfFile = protocol::DocumentSymbolParams; ///< the file, and nothing else
using OfRange = protocol::InlayHintsParams;

class Server {
public:
  Server(std::string modelsDirectory, StringRef version,
         protocol::MessageHandler &handler);

  bool wasShutDown = false;

private:
  // Life
  void initialize(const InitializeParams &params, Reply reply);
  void initialized(const protocol::InitializedParams &) {}
  void shutDown(const protocol::NoParams &, Reply reply);
  void changeSettings(const SettingsParams &params);

  // Texts
  void open(const protocol::DidOpenTextDocumentParams &params);
  void change(const protocol::DidChangeTextDocumentParams &params);
  void close(const protocol::DidCloseTextDocumentParams &params);
  void checkAll(const protocol::NoParams &);
  void publish();

  // Questions
  void hover(const AtPlace &params, Reply reply);
  void define(const AtPlace &params, Reply reply);
  void refer(const protocol::ReferenceParams &params, Reply reply);
  void highlight(const AtPlace &params, Reply reply);
  void complete(const protocol::CompletionParams &params, Reply reply);
  void signature(const AtPlace &params, Reply reply);
  void prepareRename(const AtPlace &params, Reply reply);
  void rename(const RenameParams &params, Reply reply);
  void outline(const OfFile &params, Reply reply);
  void fold(const OfFile &params, Reply reply);
  void link(const OfFile &params, Reply reply);
  void colour(const OfFile &params, Reply reply);
  void format(const OfFile &params, Reply reply);
  void formatRange(const OfRange &params, Reply reply);
  void hint(const OfRange &params, Reply reply);

  using Answer =
      function_ref<Expected<json::Value>(const Model &, const File &)>;
  void answer(const protocol::URIForFile &uri, Reply reply, Answer answer);
  using AnswerAt = function_ref<Expected<json::Value>(
      const Model &, const File &, const char *place)>;
  void answerAt(const AtPlace &params, Reply reply, AnswerAt answer);

  Workspace workspace;
  std::string version;
  protocol::OutgoingNotification<json::Value> sendDiagnostics;
};
} // namespace

//===----------------------------------------------------------------------===//
// Life
//===----------------------------------------------------------------------===//

Server::Server(std::string modelsDirectory, StringRef version,
               protocol::MessageHandler &handler)
    : workspace(std::move(modelsDirectory)), version(version) {
  handler.method("initialize", this, &Server::initialize);
  handler.notification("initialized", this, &Server::initialized);
  handler.method("shutdown", this, &Server::shutDown);
  handler.notification("workspace/didChangeConfiguration", this,
                       &Server::changeSettings);
  handler.notification("textDocument/didOpen", this, &Server::open);
  handler.notification("textDocument/didChange", this, &Server::change);
  handler.notification("textDocument/didClose", this, &Server::close);
  handler.notification("textDocument/didSave", this, &Server::checkAll);
  handler.notification("workspace/didChangeWatchedFiles", this,
                       &Server::checkAll);
  handler.method("textDocument/hover", this, &Server::hover);
  handler.method("textDocument/definition", this, &Server::define);
  handler.method("textDocument/references", this, &Server::refer);
  handler.method("textDocument/documentHighlight", this, &Server::highlight);
  handler.method("textDocument/completion", this, &Server::complete);
  handler.method("textDocument/signatureHelp", this, &Server::signature);
  handler.method("textDocument/prepareRename", this, &Server::prepareRename);
  handler.method("textDocument/rename", this, &Server::rename);
  handler.method("textDocument/documentSymbol", this, &Server::outline);
  handler.method("textDocument/foldingRange", this, &Server::fold);
  handler.method("textDocument/documentLink", this, &Server::link);
  handler.method("textDocument/semanticTokens/full", this, &Server::colour);
  handler.method("textDocument/formatting", this, &Server::format);
  handler.method("textDocument/rangeFormatting", this, &Server::formatRange);
  handler.method("textDocument/inlayHint", this, &Server::hint);
  sendDiagnostics = handler.outgoingNotification<json::Value>(
      "textDocument/publishDiagnostics");
}

static json::Object capabilities() {
  return json::Object{
      {"textDocumentSync",
       json::Object{
           {"openClose", true},
           {"change", int(protocol::TextDocumentSyncKind::Incremental)},
           {"save", true}}},
      {"hoverProvider", true},
      {"definitionProvider", true},
      {"referencesProvider", true},
      {"documentHighlightProvider", true},
      {"completionProvider",
       json::Object{{"triggerCharacters", {"@", ".", "(", "[", "\""}}}},
      {"signatureHelpProvider",
       json::Object{{"triggerCharacters", {"(", ","}}}},
      {"renameProvider", json::Object{{"prepareProvider", true}}},
      {"documentSymbolProvider", true},
      {"foldingRangeProvider", true},
      {"documentLinkProvider", json::Object{{"resolveProvider", false}}},
      {"semanticTokensProvider",
       json::Object{{"legend", semanticTokensLegend()}, {"full", true}}},
      {"documentFormattingProvider", true},
      {"documentRangeFormattingProvider", true},
      {"inlayHintProvider", true},
  };
}

void Server::initialize(const InitializeParams &params, Reply reply) {
  workspace.setRoot(params.root);
  workspace.setSettings(params.settings);
  reply(json::Object{{"serverInfo", json::Object{{"name", "heddle-lsp"},
                                                 {"version", version}}},
                     {"capabilities", capabilities()}});
}

void Server::shutDown(const protocol::NoParams &, Reply reply) {
  wasShutDown = true;
  reply(nullptr);
}

void Server::changeSettings(const SettingsParams &params) {
  workspace.setSettings(params.settings);
  workspace.checkAll();
  publish();
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

void Server::open(const protocol::DidOpenTextDocumentParams &params) {
  workspace.update(params.textDocument.uri, params.textDocument.version,
                   params.textDocument.text);
  publish();
}

void Server::change(const protocol::DidChangeTextDocumentParams &params) {
  const Document *document = workspace.find(params.textDocument.uri);
  if (!document)
    return;
  std::string text = document->text;
  for (const auto &change : params.contentChanges) {
    if (!change.range) {
      text = change.text;
      continue;
    }
    Text before(text);
    const char *from = before.placeAt(change.range->start);
    const char *to = std::max(from, before.placeAt(change.range->end));
    text.replace(from - text.data(), to - from, change.text);
  }
  workspace.update(params.textDocument.uri, params.textDocument.version,
                   std::move(text));
  publish();
}

void Server::close(const protocol::DidCloseTextDocumentParams &params) {
  workspace.close(params.textDocument.uri);
  publish();
}

void Server::checkAll(const protocol::NoParams &) {
  workspace.checkAll();
  publish();
}

void Server::publish() {
  for (auto &[path, list] : workspace.takeDiagnostics()) {
    protocol::URIForFile uri = workspace.uriOf(path);
    json::Object shown{{"uri", uri}, {"diagnostics", json::Array(list)}};
    if (const Document *document = workspace.find(uri))
      shown["version"] = document->version;
    sendDiagnostics(std::move(shown));
  }
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

/// Of a text that is not open there is nothing to say.
void Server::answer(const protocol::URIForFile &uri, Reply reply,
                    Answer answer) {
  const Document *document = workspace.find(uri);
  if (!document || !document->model || document->model->files().empty())
    return reply(nullptr);
  reply(answer(*document->model, document->model->files().back()));
}

void Server::answerAt(const AtPlace &params, Reply reply, AnswerAt answer) {
  this->answer(params.textDocument.uri, std::move(reply),
               [&](const Model &model, const File &file) {
                 return answer(model, file, file.text.placeAt(params.position));
               });
}

using Result = Expected<json::Value>;

void Server::hover(const AtPlace &params, Reply reply) {
  answerAt(params, std::move(reply),
           [](const Model &model, const File &file, const char *place) {
             return Result(lsp::hover(model, file, place));
           });
}

void Server::define(const AtPlace &params, Reply reply) {
  answerAt(params, std::move(reply),
           [&](const Model &model, const File &file, const char *place) {
             return Result(
                 withOwnTexts(definitionsOf(model, file, place, workspace)));
           });
}

void Server::refer(const protocol::ReferenceParams &params, Reply reply) {
  answerAt(
      params, std::move(reply),
      [&](const Model &model, const File &file, const char *place) {
        return Result(withOwnTexts(referencesOf(
            model, file, place, params.context.includeDeclaration, workspace)));
      });
}

void Server::highlight(const AtPlace &params, Reply reply) {
  answerAt(params, std::move(reply),
           [](const Model &model, const File &file, const char *place) {
             json::Array highlights;
             for (const protocol::Range &range :
                  highlightsOf(model, file, place))
               highlights.push_back(json::Object{{"range", range}});
             return Result(std::move(highlights));
           });
}

void Server::complete(const protocol::CompletionParams &params, Reply reply) {
  answerAt(params, std::move(reply),
           [&](const Model &model, const File &file, const char *place) {
             return Result(lsp::complete(model, file, place, workspace));
           });
}

void Server::signature(const AtPlace &params, Reply reply) {
  answerAt(params, std::move(reply),
           [](const Model &model, const File &file, const char *place) {
             return Result(signatureAt(model, file, place));
           });
}

void Server::prepareRename(const AtPlace &params, Reply reply) {
  answerAt(
      params, std::move(reply),
      [&](const Model &model, const File &file, const char *place) -> Result {
        Expected<StringRef> name = renamedAt(model, file, place, workspace);
        if (!name)
          return name.takeError();
        return json::Object{{"range", file.text.rangeOf(*name)},
                            {"placeholder", *name}};
      });
}

void Server::rename(const RenameParams &params, Reply reply) {
  answerAt(
      params, std::move(reply),
      [&](const Model &model, const File &file, const char *place) -> Result {
        Expected<protocol::WorkspaceEdit> edit =
            lsp::rename(model, file, place, params.newName, workspace);
        if (!edit)
          return edit.takeError();
        return withOwnTexts(*edit);
      });
}

void Server::outline(const OfFile &params, Reply reply) {
  answer(
      params.textDocument.uri, std::move(reply),
      [](const Model &, const File &file) { return Result(outlineOf(file)); });
}

void Server::fold(const OfFile &params, Reply reply) {
  answer(params.textDocument.uri, std::move(reply),
         [](const Model &, const File &file) {
           json::Array folds;
           for (auto [first, last] : foldsOf(file))
             folds.push_back(
                 json::Object{{"startLine", first}, {"endLine", last}});
           return Result(std::move(folds));
         });
}

void Server::link(const OfFile &params, Reply reply) {
  answer(params.textDocument.uri, std::move(reply),
         [&](const Model &model, const File &file) {
           return Result(withOwnTexts(linksOf(model, file, workspace)));
         });
}

void Server::colour(const OfFile &params, Reply reply) {
  answer(params.textDocument.uri, std::move(reply),
         [](const Model &model, const File &file) {
           // A list in braces would be copied, which takes its time here.
           json::Object tokens;
           tokens["data"] = semanticTokensOf(model, file);
           return Result(std::move(tokens));
         });
}

using Edits = Expected<std::vector<protocol::TextEdit>>;

static Result answerOf(Edits edits) {
  if (!edits)
    return edits.takeError();
  return json::Value(*edits);
}

void Server::format(const OfFile &params, Reply reply) {
  answer(params.textDocument.uri, std::move(reply),
         [](const Model &, const File &file) {
           return answerOf(formattingOf(file));
         });
}

void Server::formatRange(const OfRange &params, Reply reply) {
  answer(params.textDocument.uri, std::move(reply),
         [&](const Model &, const File &file) {
           return answerOf(formattingOf(file, params.range));
         });
}

void Server::hint(const OfRange &params, Reply reply) {
  answer(params.textDocument.uri, std::move(reply),
         [&](const Model &model, const File &file) {
           return Result(hintsOf(model, file, params.range));
         });
}

LogicalResult serve(protocol::JSONTransport &transport,
                    std::string modelsDirectory, StringRef version) {
  protocol::MessageHandler handler(transport);
  Server server(std::move(modelsDirectory), version, handler);
  if (Error error = transport.run(handler)) {
    consumeError(std::move(error));
    return failure();
  }
  return success(server.wasShutDown);
}

} // namespace heddle::lsp
