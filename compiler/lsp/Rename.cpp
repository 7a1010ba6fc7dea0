//===- Rename.cpp - One name for another ----------------------------------===//
//
// A name is written anew wherever it means the same, in the files that import
// the one which declares it too. What the checkpoint, config.json or the
// language calls by its name cannot have another one.
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Features.h"

#include "compiler/language/Builtins.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

static Error refuse(const Twine &why) {
  return make_error<protocol::LSPError>(json::fixUTF8(why.str()),
                                        protocol::ErrorCode::RequestFailed);
}

/// Why nothing of this kind has a name that can be chosen; empty: it has.
static std::string whyFixed(const Symbol &symbol) {
  switch (symbol.kind) {
  case SymbolKind::Path:
    return symbol.name +
           " is a path in the checkpoint: under another name there is no such "
           "tensor";
  case SymbolKind::Key:
    return "." + symbol.name + " is what config.json calls it";
  case SymbolKind::Operation:
  case SymbolKind::Option:
  case SymbolKind::Word:
    return symbol.name + " is a word of the language";
  case SymbolKind::File:
    return "a file is renamed where it lies";
  case SymbolKind::Unknown:
    return symbol.name + " is declared nowhere";
  default:
    return "";
  }
}

/// The files that declare what is renamed must be this user's.
static Error checkHome(const Model &model, const Occurrence &at,
                       const File &file, const Workspace &workspace) {
  for (const Occurrence &other : model.symbols().all()) {
    const File *home = model.fileOf(other.text.begin());
    if (!(other.symbol == at.symbol) || home == &file ||
        !workspace.isShipped(home->path) || workspace.isShipped(file.path))
      continue;
    return refuse(at.symbol.name + " stands in " +
                  sys::path::filename(home->path) +
                  " too, which ships with heddle");
  }
  return Error::success();
}

Expected<StringRef> renamedAt(const Model &model, const File &file,
                              const char *place, Workspace &workspace) {
  std::optional<Occurrence> at = occurrenceAt(model, file, place);
  if (!at)
    return refuse("there is no name here");
  if (std::string why = whyFixed(at->symbol); !why.empty())
    return refuse(why);
  if (Error error = checkHome(model, *at, file, workspace))
    return std::move(error);
  return at->text;
}

//===----------------------------------------------------------------------===//
// The new name
//===----------------------------------------------------------------------===//

/// Whether it is one word of the language, a size or a name as the old one is.
static Error checkForm(const Symbol &symbol, StringRef newName) {
  language::Diagnostics ignored(nulls());
  std::vector<Token> tokens = lex(newName, ignored);
  bool isSize = isUpper(symbol.name.front());
  bool isOne = tokens.size() == 2 && tokens[0].text == newName &&
               tokens[0].kind == (isSize ? TokenKind::Size : TokenKind::Name);
  if (!isOne)
    return refuse("found '" + newName + "', needed " +
                  (isSize ? "a size, which starts with a capital"
                          : "a name, which starts with a small letter"));
  if (isReserved(newName))
    return refuse(newName + " is a word of the language");
  // `has` is one wherever it has two arguments.
  if (symbol.kind == SymbolKind::Block &&
      (findBuiltin(newName) || newName == "has"))
    return refuse(newName + " is a built-in operation");
  return Error::success();
}

/// What the new name means already where the old one stands; Unknown: nothing.
static Symbol meaningOf(const Model &model, const Occurrence &at,
                        StringRef newName) {
  const Symbols &symbols = model.symbols();
  const Program &program = model.program();
  if (at.symbol.kind == SymbolKind::Size)
    return symbols.sizeIn(at.function, newName);
  if (at.symbol.kind == SymbolKind::Block) {
    // A call takes a value by its name before a block.
    Symbol value = symbols.nameIn(at.function, newName);
    if (value.kind == SymbolKind::Variable || value.kind == SymbolKind::Value)
      return value;
    return program.blocks.contains(newName)
               ? Symbol{SymbolKind::Block, newName.str(), ""}
               : Symbol();
  }
  if (at.symbol.kind == SymbolKind::Entry)
    return program.entries.contains(newName)
               ? Symbol{SymbolKind::Entry, newName.str(), ""}
               : Symbol();
  if (at.symbol.kind == SymbolKind::Model)
    return {};
  if (at.isOfPair && isPairName(newName))
    return {SymbolKind::Word, newName.str(), ""};
  return symbols.nameIn(at.function, newName);
}

static Error checkFree(const Model &model, const Symbol &symbol,
                       StringRef newName) {
  for (const Occurrence &occurrence : model.symbols().all()) {
    if (!(occurrence.symbol == symbol))
      continue;
    Symbol meaning = meaningOf(model, occurrence, newName);
    if (meaning.kind == SymbolKind::Unknown)
      continue;
    const File *file = model.fileOf(occurrence.text.begin());
    return refuse(
        "there is a " + nameOf(meaning.kind) + " " + newName +
        " already where " + symbol.name + " stands, at " +
        sys::path::filename(file->path) + ":" +
        Twine(file->text.positionOf(occurrence.text.begin()).line + 1));
  }
  return Error::success();
}

/// A size or a value of the whole program would hide, or be hidden by, what
/// some function calls so.
static Error checkLocals(const Model &model, const Symbol &symbol,
                         StringRef newName) {
  if (!symbol.owner.empty() ||
      (symbol.kind != SymbolKind::Size && symbol.kind != SymbolKind::Value &&
       symbol.kind != SymbolKind::State))
    return Error::success();
  for (const Occurrence &occurrence : model.symbols().all())
    if (occurrence.text == newName && !occurrence.symbol.owner.empty() &&
        occurrence.function)
      return refuse(StringRef(occurrence.symbol.owner).split(" of ").first +
                    " has a " + nameOf(occurrence.symbol.kind) + " " + newName +
                    " of its own");
  return Error::success();
}

/// Where a value has the name of a block or an operation, a call means the
/// value.
static Error checkCalls(const Model &model, const Symbol &symbol,
                        StringRef newName) {
  if (symbol.kind != SymbolKind::Variable && symbol.kind != SymbolKind::Value)
    return Error::success();
  llvm::DenseSet<const Function *> functions;
  for (const Occurrence &occurrence : model.symbols().all())
    if (occurrence.symbol == symbol)
      functions.insert(occurrence.function);
  bool isEverywhere = symbol.kind == SymbolKind::Value;
  for (const Occurrence &occurrence : model.symbols().all())
    if (occurrence.text == newName && occurrence.call &&
        (occurrence.symbol.kind == SymbolKind::Block ||
         occurrence.symbol.kind == SymbolKind::Operation) &&
        (isEverywhere || functions.contains(occurrence.function)))
      return refuse(nameOf(occurrence.symbol.kind) + " " + newName +
                    " is called where " + symbol.name + " is known");
  return Error::success();
}

Expected<protocol::WorkspaceEdit> rename(const Model &model, const File &file,
                                         const char *place, StringRef newName,
                                         Workspace &workspace) {
  Expected<StringRef> old = renamedAt(model, file, place, workspace);
  if (!old)
    return old.takeError();
  Symbol symbol = occurrenceAt(model, file, place)->symbol;
  if (Error error = checkForm(symbol, newName))
    return std::move(error);
  if (newName == symbol.name)
    return protocol::WorkspaceEdit();
  if (!model.isReadWhole())
    return refuse("a mistake hides a part of the text; mend it first");
  std::vector<protocol::Location> places =
      referencesOf(model, file, place, /*withDeclarations=*/true, workspace);
  for (const auto &other : workspace.modelsWith(file.path)) {
    if (Error error = checkFree(*other, symbol, newName))
      return std::move(error);
    if (Error error = checkLocals(*other, symbol, newName))
      return std::move(error);
    if (Error error = checkCalls(*other, symbol, newName))
      return std::move(error);
  }
  protocol::WorkspaceEdit edit;
  for (const protocol::Location &location : places)
    edit.changes[location.uri.uri().str()].push_back(
        {location.range, newName.str()});
  return edit;
}

} // namespace heddle::lsp
