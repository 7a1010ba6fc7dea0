//===- SemanticTokens.cpp - What every word of a text is ------------------===//
//
// The lexer's tokens, and comments between them; what a name means comes from
// the tree where it has it.
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Features.h"

#include "compiler/lsp/Words.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringExtras.h"
#include <array>

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

namespace {
/// In the order of the legend.
enum class Colour {
  Comment,
  Keyword,
  String,
  Number,
  Operator,
  Function,
  Variable,
  Parameter,
  Property,
  TypeParameter,
  EnumMember,
  Namespace,
};

enum Modifier { Declaration = 1, DefaultLibrary = 2, Readonly = 4 };

struct Look {
  Colour colour;
  unsigned modifiers = 0;
};
} // namespace

json::Object semanticTokensLegend() {
  return json::Object{
      {"tokenTypes",
       json::Array{"comment", "keyword", "string", "number", "operator",
                   "function", "variable", "parameter", "property",
                   "typeParameter", "enumMember", "namespace"}},
      {"tokenModifiers",
       json::Array{"declaration", "defaultLibrary", "readonly"}}};
}

static Look lookOf(const Occurrence &at, const Symbols &symbols) {
  unsigned modifiers = at.role == Role::Declaration ? Declaration : 0;
  switch (at.symbol.kind) {
  case SymbolKind::Block:
  case SymbolKind::Entry:
    return {Colour::Function, modifiers};
  case SymbolKind::Operation:
    return {Colour::Function, DefaultLibrary};
  case SymbolKind::Size:
    return {Colour::TypeParameter, modifiers};
  case SymbolKind::Value:
    return {Colour::Variable, modifiers | Readonly};
  case SymbolKind::Variable: {
    bool isParameter =
        at.function && at.scope.empty() &&
        symbols.localsOf(*at.function).parameters.contains(at.symbol.name);
    return {isParameter ? Colour::Parameter : Colour::Variable, modifiers};
  }
  case SymbolKind::Key:
  case SymbolKind::Option:
    return {Colour::Property};
  case SymbolKind::Word:
    return {Colour::EnumMember, DefaultLibrary};
  case SymbolKind::Model:
    return {Colour::Namespace, modifiers};
  case SymbolKind::Path:
    return {Colour::Namespace};
  case SymbolKind::File:
    return {Colour::String};
  case SymbolKind::State:
  case SymbolKind::Unknown:
    return {Colour::Variable, modifiers};
  }
  llvm_unreachable("a symbol is of one of these kinds");
}

/// As the parser has taken it; where it has not come so far, by the word.
static bool isKeyword(const Token &token) {
  auto isAmong = [&](ArrayRef<KeywordText> words) {
    return any_of(words, [&](const KeywordText &text) {
      return text.name == token.text;
    });
  };
  return token.role == language::Role::Keyword || isReserved(token.text) ||
         (token.afterLineBreak && (isAmong(declarationWords()) ||
                                   isAmong(ruleWords()) || token.is("assume")));
}

static Look lookOf(const Token &token) {
  switch (token.kind) {
  case TokenKind::Number:
    return {Colour::Number};
  case TokenKind::String:
    return {Colour::String};
  case TokenKind::Symbol:
    return {Colour::Operator};
  case TokenKind::Size:
    return {Colour::TypeParameter};
  default:
    return {isKeyword(token) ? Colour::Keyword : Colour::Variable};
  }
}

namespace {
class TokenWriter {
public:
  TokenWriter(const Model &model, const File &file);

  std::vector<unsigned> write();

private:
  void add(StringRef part, Look look);
  void addComments(const char *from, const char *to);
  Look lookAt(const Token &token);

  const Symbols &symbols;
  const File &file;
  DenseMap<const char *, const Occurrence *> byPlace;
  const Occurrence *path = nullptr; ///< the last path or key
  protocol::Position last;
  std::vector<unsigned> numbers;
};
} // namespace

TokenWriter::TokenWriter(const Model &model, const File &file)
    : symbols(model.symbols()), file(file) {
  for (const Occurrence &occurrence : symbols.all())
    if (file.text.contains(occurrence.text.begin()))
      byPlace[occurrence.text.begin()] = &occurrence;
}

/// Relative to the token before: lines, columns, then length, kind, modifiers.
void TokenWriter::add(StringRef part, Look look) {
  protocol::Range range = file.text.rangeOf(part);
  int lines = range.start.line - last.line;
  int columns = range.start.character - (lines == 0 ? last.character : 0);
  int length = range.end.character - range.start.character;
  append_range(numbers,
               std::array<unsigned, 5>{
                   unsigned(lines), unsigned(columns), unsigned(length),
                   static_cast<unsigned>(look.colour), look.modifiers});
  last = range.start;
}

void TokenWriter::addComments(const char *from, const char *to) {
  StringRef between(from, to - from);
  for (size_t at = between.find('#'); at != StringRef::npos;
       at = between.find('#')) {
    StringRef comment = between.drop_front(at).split('\n').first;
    add(comment.rtrim("\r"), {Colour::Comment});
    between = between.drop_front(at + comment.size());
  }
}

Look TokenWriter::lookAt(const Token &token) {
  const Occurrence *at = byPlace.lookup(token.text.begin());
  if (at && (at->symbol.kind == SymbolKind::Path ||
             at->symbol.kind == SymbolKind::Key))
    path = at;
  else if (at)
    return lookOf(*at, symbols);
  // The steps of a path or a key; what stands in brackets has been found.
  bool isStep = path && token.kind != TokenKind::Symbol &&
                path->text.begin() <= token.text.begin() &&
                token.text.end() <= path->text.end();
  return isStep ? lookOf(*path, symbols) : lookOf(token);
}

std::vector<unsigned> TokenWriter::write() {
  const char *end = file.text.str().begin();
  for (const Token &token : file.tokens) {
    addComments(end, token.text.begin());
    end = token.text.end();
    if (token.kind != TokenKind::EndOfFile)
      add(token.text, lookAt(token));
  }
  return std::move(numbers);
}

std::vector<unsigned> semanticTokensOf(const Model &model, const File &file) {
  return TokenWriter(model, file).write();
}

} // namespace heddle::lsp
