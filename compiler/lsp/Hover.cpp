//===- Hover.cpp - What stands at a place ---------------------------------===//
//
// The name with what it is worth, then, between lines of space: what its sizes
// are, where it is declared, what the reference says.
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Features.h"

#include "compiler/language/Builtins.h"
#include "compiler/language/ConfigKeys.h"
#include "compiler/lsp/Paths.h"
#include "compiler/lsp/Words.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

std::optional<Occurrence> occurrenceAt(const Model &model, const File &file,
                                       const char *place) {
  if (const Occurrence *found = model.symbols().at(place))
    return *found;
  const Token *token = file.tokenAt(place);
  if (!token ||
      (token->kind != TokenKind::Name && token->kind != TokenKind::Size))
    return std::nullopt;
  Occurrence occurrence;
  occurrence.text = token->text;
  occurrence.function = model.symbols().functionAt(token->text.begin());
  // A variable is most likely the one that was spoken of last.
  const Occurrence *before = nullptr;
  for (const Occurrence &other : model.symbols().all())
    if (other.text == token->text && other.function == occurrence.function &&
        other.symbol.kind == SymbolKind::Variable &&
        other.text.end() <= token->text.begin() &&
        (!before || before->text.begin() < other.text.begin()))
      before = &other;
  if (before && occurrence.function) {
    occurrence.symbol = before->symbol;
    occurrence.value = before->value;
    return occurrence;
  }
  occurrence.symbol =
      token->kind == TokenKind::Size
          ? model.symbols().sizeIn(occurrence.function, token->text)
          : model.symbols().calleeIn(occurrence.function, token->text);
  if (occurrence.symbol.kind == SymbolKind::Unknown)
    occurrence.symbol =
        model.symbols().nameIn(occurrence.function, token->text);
  if (occurrence.symbol.kind == SymbolKind::Unknown)
    return std::nullopt;
  return occurrence;
}

namespace {
class HoverWriter {
public:
  HoverWriter(const Model &model, const File &file, const Occurrence &at)
      : model(model), file(file), at(at), name(at.symbol.name) {}

  /// Empty: there is nothing to say.
  std::string write();

private:
  void code(const Twine &text) { paragraph("```heddle\n" + text + "\n```"); }
  void paragraph(const Twine &text) {
    written += written.empty() ? "" : "\n\n";
    written += text.str();
  }
  void writeDeclaration();
  void writeWorth();
  void writeSizesIn(ArrayRef<Worth> worths);
  void writeSize(StringRef size);
  void writeField(const ConfigField &field);
  void writeDyn(StringRef size);
  void writeFunction(const FunctionInFile &function);
  void writeKey();
  void writeOperation(StringRef operation);
  void writeWeights();
  std::string sizeText(StringRef size) const;

  const Model &model;
  const File &file;
  const Occurrence &at;
  StringRef name;
  std::string written;
};
} // namespace

//===----------------------------------------------------------------------===//
// Names and what they are worth
//===----------------------------------------------------------------------===//

/// `x: [B T D]`, of a parameter as it is declared.
void HoverWriter::writeDeclaration() {
  if (!at.function)
    return;
  for (const Parameter &parameter : at.function->parameters) {
    if (parameter.name.text != name || !parameter.type)
      continue;
    auto axis = [](const ExprPtr &expr) { return language::describe(*expr); };
    code(name + ": " + parameter.type->element.text + "[" +
         join(map_range(parameter.type->axes, axis), " ") + "]");
  }
}

/// `x: real[B T D]`, a line for each kind of arguments.
void HoverWriter::writeWorth() {
  constexpr size_t most = 4;
  ArrayRef<Worth> worths = model.worthAt(at.text.begin());
  // What no entry reaches has not been elaborated.
  if (worths.empty())
    return writeDeclaration();
  std::vector<std::string> lines;
  for (const Worth &worth : worths.take_front(most))
    lines.push_back(
        (name + (worth.isTensor ? ": " : " = ") + worth.text).str());
  if (worths.size() > most)
    lines.push_back("…");
  code(join(lines, "\n"));
  writeSizesIn(worths);
}

/// `D = 64`, or the range of one known at run time: `1 ≤ T ≤ 256`.
std::string HoverWriter::sizeText(StringRef size) const {
  Configuration &configuration = *model.configuration();
  if (is_contained(model.sizesStoodIn(), size))
    return "";
  if (const DynSize *dyn = configuration.findDyn(size))
    return formatv("{0} ≤ {1} ≤ {2}", dyn->min, size, dyn->max);
  std::optional<SizeExpr> meaning = configuration.findSize(size);
  std::optional<int64_t> value =
      meaning ? configuration.evaluate(*meaning) : std::nullopt;
  return value ? formatv("{0} = {1}", size, *value).str() : "";
}

/// Those that stand in shapes, each once.
void HoverWriter::writeSizesIn(ArrayRef<Worth> worths) {
  Configuration *configuration = model.configuration();
  std::vector<std::string> texts;
  for (const Worth &worth : worths) {
    language::Diagnostics ignored(nulls());
    for (const Token &token : lex(worth.text, ignored))
      if (token.kind == TokenKind::Size && configuration &&
          configuration->isDeclared(token.text)) {
        std::string text = sizeText(token.text);
        if (!text.empty() && !is_contained(texts, text))
          texts.push_back(std::move(text));
      }
  }
  if (!texts.empty())
    paragraph(join(texts, ", "));
}

void HoverWriter::writeField(const ConfigField &field) {
  code(field.source);
  Configuration *configuration = model.configuration();
  if (!configuration)
    return;
  if (is_contained(model.sizesStoodIn(), name)) {
    paragraph("no value is known: no config.json gives it");
    return;
  }
  std::optional<Constant> value = configuration->find(name);
  if (!value)
    return;
  std::string text = describe(*value);
  if (const SizeExpr *size = std::get_if<SizeExpr>(&*value)) {
    std::optional<int64_t> number = configuration->evaluate(*size);
    text = number ? std::to_string(*number) : text;
  }
  paragraph(name + " is " + text + configuration->originOf(name));
}

void HoverWriter::writeDyn(StringRef size) {
  const DynDecl &decl = *model.program().dyns.lookup(size);
  const char *begin = decl.name.text.begin();
  const File *declaring = model.fileOf(begin);
  size_t line = declaring->text.positionOf(begin).line;
  code(declaring->text.line(line).split('#').first.trim());
  paragraph("known at run time: " +
            (model.configuration() ? sizeText(size) : "no bounds are known"));
}

/// A size of the program, or one of a block alone.
void HoverWriter::writeSize(StringRef size) {
  if (!at.symbol.owner.empty()) {
    writeWorth();
    paragraph("a size of " + StringRef(at.symbol.owner).split(" of ").first);
    return;
  }
  if (model.program().dyns.contains(size))
    return writeDyn(size);
  if (const ConfigField *field = model.program().config.lookup(size))
    writeField(*field);
}

//===----------------------------------------------------------------------===//
// Functions, keys, operations
//===----------------------------------------------------------------------===//

/// The lines of comments right above.
static std::string commentAbove(const Text &text, const char *place) {
  std::vector<StringRef> lines;
  for (size_t line = text.positionOf(place).line; line-- > 0;) {
    StringRef above = text.line(line).trim();
    if (!above.consume_front("#"))
      break;
    lines.push_back(above.trim());
  }
  std::reverse(lines.begin(), lines.end());
  return join(lines, " ");
}

void HoverWriter::writeFunction(const FunctionInFile &found) {
  const Function &function = *found.function;
  code(function.source.split('{').first.trim());
  const File *declaring = model.fileOf(function.source.begin());
  if (!declaring)
    return;
  if (std::string comment =
          commentAbove(declaring->text, function.source.begin());
      !comment.empty())
    paragraph(comment);
  if (ArrayRef<Worth> worths = model.worthAt(at.text.begin());
      !worths.empty()) {
    paragraph("gives `" + worths.front().text + "` here");
    writeSizesIn(worths.take_front());
  }
  if (declaring != &file)
    paragraph("of " + sys::path::filename(declaring->path));
}

void HoverWriter::writeKey() {
  Checkpoint *checkpoint = model.checkpoint();
  if (!checkpoint || !checkpoint->config()) {
    code("." + name);
    paragraph("a key of config.json, which is not known");
    return;
  }
  const json::Value *value = lookUpKey(*checkpoint->config(), name);
  code(value ? formatv(".{0} = {1:2}", name, *value).str() : "." + name.str());
  paragraph((value ? "of " : "is not in ") + checkpoint->configName());
}

void HoverWriter::writeOperation(StringRef operation) {
  std::vector<std::string> signatures;
  std::string results;
  for (const OperationText &text : operationTexts())
    if (text.name == operation) {
      signatures.push_back(text.signature);
      results += results.empty() || text.result.empty() ? "" : "\n\n";
      results += text.result;
    }
  for (const KeywordText &function : configFunctions())
    if (function.name == operation && signatures.empty()) {
      signatures.push_back(operation.str());
      results = function.meaning.str();
    }
  if (!signatures.empty())
    code(join(signatures, "\n"));
  if (!results.empty())
    paragraph(results);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The weights of the call, and what the checkpoint has of them.
void HoverWriter::writeWeights() {
  code("@" + at.text);
  std::vector<std::string> lines = weightTextsAt(model, at);
  if (lines.empty())
    paragraph("a path of weights in the checkpoint");
  else
    paragraph(join(lines, "\n"));
}

std::string HoverWriter::write() {
  const Program &program = model.program();
  switch (at.symbol.kind) {
  case SymbolKind::Variable:
  case SymbolKind::State:
    writeWorth();
    break;
  case SymbolKind::Value:
    if (const ConfigField *field = program.config.lookup(name))
      writeField(*field);
    break;
  case SymbolKind::Size:
    writeSize(name);
    break;
  case SymbolKind::Block:
  case SymbolKind::Entry: {
    const auto &functions =
        at.symbol.kind == SymbolKind::Block ? program.blocks : program.entries;
    if (auto found = functions.find(name); found != functions.end())
      writeFunction(found->second);
    break;
  }
  case SymbolKind::Operation:
    writeOperation(name);
    if (ArrayRef<Worth> worths = model.worthAt(at.text.begin());
        !worths.empty())
      paragraph("gives `" + worths.front().text + "` here");
    break;
  case SymbolKind::Option:
    writeOperation(at.symbol.owner);
    break;
  case SymbolKind::Word:
    if (const Builtin *activation = findActivation(name))
      writeOperation(activation->name);
    break;
  case SymbolKind::Key:
    writeKey();
    break;
  case SymbolKind::Path:
    writeWeights();
    break;
  case SymbolKind::File:
    paragraph(model.pathOfImport(file, name));
    break;
  case SymbolKind::Unknown:
  case SymbolKind::Model:
    break;
  }
  return std::move(written);
}

std::optional<protocol::Hover> hover(const Model &model, const File &file,
                                     const char *place) {
  std::optional<Occurrence> at = occurrenceAt(model, file, place);
  if (!at)
    return std::nullopt;
  std::string text = HoverWriter(model, file, *at).write();
  if (text.empty())
    return std::nullopt;
  protocol::Hover hover(file.text.rangeOf(at->text));
  // Comments, paths and names of tensors are what strangers wrote.
  hover.contents.value = json::fixUTF8(text);
  return hover;
}

} // namespace heddle::lsp
