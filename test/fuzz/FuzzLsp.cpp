// Any text → all that an editor can ask about it, at places spread over it.
#include "compiler/language/Format.h"
#include "compiler/lsp/Features.h"
#include "llvm/Support/JSON.h"

using namespace heddle::lsp;

template <typename T> static void drop(llvm::Expected<T> answer) {
  if (!answer)
    llvm::consumeError(answer.takeError());
}

static void askAt(const Model &model, const File &file, const char *place,
                  Workspace &workspace) {
  hover(model, file, place);
  definitionsOf(model, file, place, workspace);
  referencesOf(model, file, place, /*withDeclarations=*/true, workspace);
  highlightsOf(model, file, place);
  complete(model, file, place, workspace);
  signatureAt(model, file, place);
  drop(rename(model, file, place, "other", workspace));
  drop(rename(model, file, place, "Other", workspace));
}

/// The edits of an editor make of a text what `heddle fmt` does.
static void checkFormatting(const File &file) {
  llvm::StringRef text = file.text.str();
  auto edits = formattingOf(file);
  if (!edits)
    return llvm::consumeError(edits.takeError());
  std::string made = text.str();
  for (const protocol::TextEdit &edit : llvm::reverse(*edits)) {
    const char *begin = file.text.placeAt(edit.range.start);
    const char *end = file.text.placeAt(edit.range.end);
    made.replace(begin - text.begin(), end - begin, edit.newText);
  }
  if (made != heddle::language::format(text, "", llvm::nulls()))
    abort();
  drop(formattingOf(file, file.text.rangeOf(text.drop_front(text.size() / 2))));
}

extern "C" int LLVMFuzzerTestOneInput(const char *data, size_t size) {
  static Workspace workspace("/nowhere/models");
  static protocol::URIForFile uri =
      llvm::cantFail(protocol::URIForFile::fromFile("/nowhere/fuzz.heddle"));
  // The protocol's texts are UTF-8.
  workspace.update(uri, 1, llvm::json::fixUTF8(llvm::StringRef(data, size)));
  workspace.takeDiagnostics();
  const Model &model = *workspace.find(uri)->model;
  if (model.files().empty())
    abort();
  const File &file = model.files().back();
  outlineOf(file);
  foldsOf(file);
  linksOf(model, file, workspace);
  semanticTokensOf(model, file);
  hintsOf(model, file, file.text.rangeOf(file.text.str()));
  checkFormatting(file);
  constexpr size_t places = 7;
  for (size_t i = 0; i <= places; ++i) {
    const char *place =
        file.text.str().begin() + file.text.str().size() * i / places;
    // As an editor says it, and never within a character.
    askAt(model, file, file.text.placeAt(file.text.positionOf(place)),
          workspace);
  }
  return 0;
}
