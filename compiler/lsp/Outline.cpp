//===- Outline.cpp - What a text declares, folds and leaves unsaid --------===//

#include "compiler/lsp/Cursor.h"
#include "compiler/lsp/Features.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

using protocol::DocumentSymbol;

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

static DocumentSymbol symbolOf(const File &file, StringRef name,
                               protocol::SymbolKind kind, StringRef whole,
                               StringRef detail = "") {
  DocumentSymbol symbol(name, kind, file.text.rangeOf(whole),
                        file.text.rangeOf(name));
  symbol.detail = detail.str();
  return symbol;
}

static void addNames(const File &file, std::vector<DocumentSymbol> &symbols) {
  const ModelFile &ast = file.source->ast;
  if (ast.model)
    symbols.push_back(symbolOf(file, ast.model.text,
                               protocol::SymbolKind::Module, ast.model.text));
  for (const ConfigField &field : ast.config)
    symbols.push_back(symbolOf(file, field.name.text,
                               protocol::SymbolKind::Constant, field.source,
                               field.source.split('=').second.trim()));
  for (const DynDecl &dyn : ast.dyns)
    symbols.push_back(symbolOf(file, dyn.name.text,
                               protocol::SymbolKind::TypeParameter,
                               dyn.name.text, "dyn"));
  for (const StateDecl &state : ast.states)
    symbols.push_back(symbolOf(file, state.name.text,
                               protocol::SymbolKind::Variable, state.name.text,
                               "state"));
}

std::vector<DocumentSymbol> outlineOf(const File &file) {
  std::vector<DocumentSymbol> symbols;
  addNames(file, symbols);
  for (const Function &function : file.source->ast.functions)
    symbols.push_back(symbolOf(file, function.name.text,
                               function.isEntry
                                   ? protocol::SymbolKind::Interface
                                   : protocol::SymbolKind::Function,
                               function.source, headOf(function)));
  std::vector<size_t> order;
  for (size_t i = 0; i < symbols.size(); ++i)
    order.push_back(i);
  llvm::sort(order, [&](size_t a, size_t b) {
    return symbols[a].selectionRange.start < symbols[b].selectionRange.start;
  });
  std::vector<DocumentSymbol> sorted;
  for (size_t index : order)
    sorted.push_back(std::move(symbols[index]));
  return sorted;
}

//===----------------------------------------------------------------------===//
// Folding
//===----------------------------------------------------------------------===//

/// Lines in a row that hold nothing but a comment.
static void foldComments(const File &file,
                         std::vector<std::pair<unsigned, unsigned>> &folds) {
  size_t first = 0;
  for (size_t line = 0; line <= file.text.lineCount(); ++line) {
    if (line < file.text.lineCount() &&
        file.text.line(line).trim().starts_with("#"))
      continue;
    if (line > first + 1)
      folds.push_back({first, line - 1});
    first = line + 1;
  }
}

std::vector<std::pair<unsigned, unsigned>> foldsOf(const File &file) {
  std::vector<std::pair<unsigned, unsigned>> folds;
  SmallVector<unsigned> open;
  for (const Token &token : file.tokens) {
    if (token.kind != TokenKind::Symbol)
      continue;
    unsigned line = file.text.positionOf(token.text.begin()).line;
    if (token.is("{"))
      open.push_back(line);
    if (!token.is("}") || open.empty())
      continue;
    // The brace that closes stays to be seen.
    unsigned first = open.pop_back_val();
    if (line > first + 1)
      folds.push_back({first, line - 1});
  }
  foldComments(file, folds);
  llvm::sort(folds);
  return folds;
}

//===----------------------------------------------------------------------===//
// Hints
//===----------------------------------------------------------------------===//

/// Behind a name that is assigned a tensor, its axes.
std::vector<protocol::InlayHint> hintsOf(const Model &model, const File &file,
                                         protocol::Range range) {
  std::vector<protocol::InlayHint> hints;
  for (const Occurrence &occurrence : model.symbols().all()) {
    if (occurrence.role != Role::Write ||
        !file.text.contains(occurrence.text.begin()))
      continue;
    ArrayRef<Worth> worths = model.worthAt(occurrence.text.begin());
    protocol::Position end = file.text.positionOf(occurrence.text.end());
    bool isShown = range.start <= end && end <= range.end;
    if (worths.empty() || !worths.front().isTensor || !isShown)
      continue;
    StringRef shape = worths.front().text;
    shape.consume_front("real");
    protocol::InlayHint hint(protocol::InlayHintKind::Type, end);
    hint.label = (": " + shape + (worths.size() > 1 ? " …" : "")).str();
    hints.push_back(std::move(hint));
  }
  return hints;
}

} // namespace heddle::lsp
