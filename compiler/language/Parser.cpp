//===- Parser.cpp - Declarations ------------------------------------------===//

#include "compiler/language/Parser.h"

#include "compiler/language/ParserCore.h"

using namespace llvm;

namespace heddle::language {

namespace {
class Parser : public StatementParser {
public:
  using StatementParser::StatementParser;

  ModelFile parseFile();
  std::vector<Token> takeTokens() { return std::move(tokens); }

private:
  bool parseDeclaration();
  bool parseModel();
  bool parseImport();
  bool parseConfig();
  bool parseConfigLine();
  bool parseConfigField();
  bool parseAssumption();
  bool parseIgnoredKeys();
  bool parseDyn();
  bool parseTokenizer();
  bool parseState();
  bool parseDefault();
  bool parseWeights();
  bool parseWeightsRule();
  bool parseDrop();
  bool parseFunction();
  bool parseSignature(Function &function);
  bool parseParameter(Function &function);
  bool parseGenerate();

  ModelFile file;
};
} // namespace

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

/// file = { decl NL } .
ModelFile Parser::parseFile() {
  while (!atEnd()) {
    startLine();
    if (!parseDeclaration() || !expectEndOfLine())
      skipToNextDeclaration();
  }
  return std::move(file);
}

/// decl = model | import | config | dyn | tokenizer | state | default | weights
/// | drop | function | generate .
bool Parser::parseDeclaration() {
  if (at("model"))
    return parseModel();
  if (at("import"))
    return parseImport();
  if (at("config"))
    return parseConfig();
  if (at("dyn"))
    return parseDyn();
  if (at("tokenizer"))
    return parseTokenizer();
  if (at("state"))
    return parseState();
  if (at("default"))
    return parseDefault();
  if (at("weights"))
    return parseWeights();
  if (at("drop"))
    return parseDrop();
  if (at("override") || at("block") || at("entry"))
    return parseFunction();
  if (at("generate"))
    return parseGenerate();
  reportNeeded("a declaration: model, import, config, dyn, tokenizer, state, "
               "default, weights, drop, block, entry or generate");
  return false;
}

/// model = "model" name [ "for" string { "," string } ] .
bool Parser::parseModel() {
  SMLoc place = advance().place();
  std::optional<Word> name = expectName("the model's name");
  if (!name)
    return false;
  if (file.model)
    diagnostics.error(place, "second model of this file; the first is '" +
                                 file.model.text + "' at " +
                                 diagnostics.describe(file.model.place));
  file.model = *name;
  if (!consume("for"))
    return true;
  std::optional<std::vector<std::string>> names =
      parseStrings("the name of an architecture");
  if (!names)
    return false;
  file.architectures = std::move(*names);
  return true;
}

/// import = "import" string .
bool Parser::parseImport() {
  advance();
  SMLoc place = peek().place();
  std::optional<std::string> name = expectString("the name of a file");
  if (!name)
    return false;
  file.imports.push_back({place, *name});
  return true;
}

/// config = "config" "{" { ( field | assume | ignored ) NL } "}" .
bool Parser::parseConfig() {
  advance();
  return parseLines([&] { return parseConfigLine(); });
}

bool Parser::parseConfigLine() {
  if (at("assume") && peek(1).is("."))
    return parseAssumption();
  if (at("ignore") && peek(1).is("."))
    return parseIgnoredKeys();
  return parseConfigField();
}

/// assume = "assume" key "in" expr { "," expr } .
bool Parser::parseAssumption() {
  advance();
  std::optional<ConfigKey> key = parseConfigKey();
  if (!key || !expect("in"))
    return false;
  std::optional<ExprList> values = parseExprList();
  if (!values)
    return false;
  file.assumptions.push_back({std::move(*key), std::move(*values)});
  return true;
}

/// ignored = "ignore" key { "," key } .
bool Parser::parseIgnoredKeys() {
  advance();
  do {
    std::optional<ConfigKey> key = parseConfigKey();
    if (!key)
      return false;
    file.ignoredKeys.push_back(std::move(*key));
  } while (consume(","));
  return true;
}

/// field = ( name | SIZE ) "=" expr { "|" expr } .
bool Parser::parseConfigField() {
  size_t begin = position;
  std::optional<Word> name = expectAnyWord("the name of a configuration value");
  if (!name || !expect("="))
    return false;
  ConfigField field{*name, {}, {}};
  do {
    ExprPtr value = parseExpr();
    if (!value)
      return false;
    field.alternatives.push_back(std::move(value));
  } while (consume("|"));
  field.source = sourceFrom(begin);
  file.config.push_back(std::move(field));
  return true;
}

/// dyn = "dyn" SIZE ( "in" expr ".." expr [ "step" expr ] [ "per" SIZE ]
///                   | "=" SIZE ) .
bool Parser::parseDyn() {
  advance();
  DynDecl dyn;
  std::optional<Word> name = expectSize("the name of a size");
  if (!name)
    return false;
  dyn.name = *name;
  if (consume("=")) {
    std::optional<Word> same = expectSize("the size that it names again");
    if (!same)
      return false;
    dyn.same = *same;
    file.dyns.push_back(std::move(dyn));
    return true;
  }
  if (!expect("in"))
    return false;
  dyn.min = parseExpr();
  if (!dyn.min || !expect(".."))
    return false;
  dyn.max = parseExpr();
  if (!dyn.max)
    return false;
  if (consume("step")) {
    dyn.step = parseExpr();
    if (!dyn.step)
      return false;
  }
  if (consume("per")) {
    std::optional<Word> per = expectSize("the name of a size");
    if (!per)
      return false;
    dyn.per = *per;
  }
  file.dyns.push_back(std::move(dyn));
  return true;
}

/// tokenizer = "tokenizer" SIZE .
bool Parser::parseTokenizer() {
  advance();
  std::optional<Word> size = expectSize("the size of the vocabulary");
  if (!size)
    return false;
  file.tokenizers.push_back(*size);
  return true;
}

/// state = "state" name ":" type .
bool Parser::parseState() {
  advance();
  std::optional<Word> name = expectName("the name of a state");
  if (!name || !expect(":"))
    return false;
  std::optional<TypeExpr> type = parseType();
  if (!type)
    return false;
  file.states.push_back({*name, std::move(*type)});
  return true;
}

/// default = "default" name "(" option { "," option } ")" .
bool Parser::parseDefault() {
  advance();
  DefaultDecl decl;
  std::optional<Word> op = expectName("the name of an operation");
  if (!op || !expect("("))
    return false;
  decl.op = *op;
  do {
    if (!parseOption(decl.options))
      return false;
  } while (consume(","));
  if (!expect(")"))
    return false;
  file.defaults.push_back(std::move(decl));
  return true;
}

/// weights = "weights" "{" { rule NL } "}" .
bool Parser::parseWeights() {
  advance();
  return parseLines([&] { return parseWeightsRule(); });
}

/// rule = "prefix" string [ "optional" ] | "rename" string "->" string
///      | "ignore" string { "," string } | "same" string "as" string
///      | "split" string "->" string { "|" string }
///      | "keep" name string { "," string } .
bool Parser::parseWeightsRule() {
  WeightsRule rule;
  rule.place = peek().place();
  std::optional<std::vector<std::string>> texts;
  if (consume("prefix")) {
    rule.kind = WeightsRule::Kind::Prefix;
    std::optional<std::string> prefix = expectString("a prefix");
    if (!prefix)
      return false;
    texts.emplace({*prefix});
    rule.optional = consume("optional");
  } else if (consume("rename")) {
    rule.kind = WeightsRule::Kind::Rename;
    texts =
        parsePair("the name in the checkpoint", "->", "the name in this file");
  } else if (consume("ignore")) {
    rule.kind = WeightsRule::Kind::Ignore;
    texts = parseStrings("the name of a tensor");
  } else if (consume("same")) {
    rule.kind = WeightsRule::Kind::Same;
    texts = parsePair("the name of a tensor", "as",
                      "the name of the tensor that it repeats");
  } else if (consume("split")) {
    rule.kind = WeightsRule::Kind::Split;
    texts = parseSplit();
  } else if (consume("keep")) {
    rule.kind = WeightsRule::Kind::Keep;
    std::optional<Word> type = expectName("an element type");
    if (!type)
      return false;
    rule.type = *type;
    texts = parseStrings("the name of a tensor");
  } else {
    reportNeeded("a rule: prefix, rename, ignore, same, split or keep");
  }
  if (!texts)
    return false;
  rule.texts = std::move(*texts);
  file.weights.push_back(std::move(rule));
  return true;
}

/// generate = "generate" name { "," name } .
bool Parser::parseGenerate() {
  advance();
  do {
    std::optional<Word> name = expectName("the name of an entry");
    if (!name)
      return false;
    file.generate.push_back(*name);
  } while (consume(","));
  return true;
}

/// drop = "drop" ( "block" | "entry" ) name { "," name } .
bool Parser::parseDrop() {
  advance();
  bool isEntry = at("entry");
  if (!isEntry && !at("block")) {
    reportNeeded("'block' or 'entry'");
    return false;
  }
  advance();
  do {
    std::optional<Word> name = expectName("a name");
    if (!name)
      return false;
    file.dropped.push_back({*name, isEntry});
  } while (consume(","));
  return true;
}

/// function = [ "override" ] ( "block" | "entry" ) name "(" [ param { "," param
/// } ] ")" [ "->" type { "," type } ] [ "when" expr ] body .
bool Parser::parseFunction() {
  Function function;
  function.isOverride = consume("override");
  size_t begin = position;
  function.isEntry = at("entry");
  if (!function.isEntry && !at("block")) {
    reportNeeded("'block' or 'entry'");
    return false;
  }
  advance();
  std::optional<Word> name = expectName("a name");
  if (!name)
    return false;
  function.name = *name;
  // What could be read is kept after a mistake, for tools that show it.
  bool ok = parseSignature(function);
  if (!ok)
    skipToBody();
  if (ok || at("{"))
    ok &= parseBody(function.body);
  function.source = sourceFrom(begin);
  file.functions.push_back(std::move(function));
  return ok;
}

/// What stands between a function's name and its body.
bool Parser::parseSignature(Function &function) {
  if (!expect("("))
    return false;
  while (!at(")")) {
    if (!parseParameter(function))
      return false;
    if (!consume(",") && !at(")")) {
      reportNeeded("',' or ')'");
      return false;
    }
  }
  advance();
  if (consume("->")) {
    do {
      std::optional<TypeExpr> type = parseType();
      if (!type)
        return false;
      function.results.push_back(std::move(*type));
    } while (consume(","));
  }
  if (at("when") && !function.isEntry) {
    diagnostics.error(peek().place(),
                      "a block is there where it is called; only an entry "
                      "can be left out");
    return false;
  }
  if (consume("when")) {
    function.condition = parseExpr();
    if (!function.condition)
      return false;
  }
  return true;
}

/// param = name [ ":" type ] [ "=" expr ] | SIZE .
bool Parser::parseParameter(Function &function) {
  Parameter parameter;
  if (peek().kind == TokenKind::Size) {
    const Token &size = advance();
    parameter.name = {size.text, size.place()};
    parameter.isSize = true;
    function.parameters.push_back(std::move(parameter));
    return true;
  }
  std::optional<Word> name = expectName("a parameter");
  if (!name)
    return false;
  parameter.name = *name;
  if (consume(":")) {
    parameter.type = parseType();
    if (!parameter.type)
      return false;
  }
  if (consume("=")) {
    parameter.defaultValue = parseExpr();
    if (!parameter.defaultValue)
      return false;
  }
  function.parameters.push_back(std::move(parameter));
  return true;
}

//===----------------------------------------------------------------------===//

ModelFile parse(StringRef source, Diagnostics &diagnostics) {
  Diagnostics::Topic topic(diagnostics, "grammar");
  return Parser(lex(source, diagnostics), diagnostics).parseFile();
}

std::vector<Token> parseTokens(StringRef source, Diagnostics &diagnostics) {
  Diagnostics::Topic topic(diagnostics, "grammar");
  Parser parser(lex(source, diagnostics), diagnostics);
  parser.parseFile();
  return parser.takeTokens();
}

ExprPtr parseExpression(StringRef source, Diagnostics &diagnostics) {
  return ExpressionParser(lex(source, diagnostics), diagnostics)
      .parseWholeExpression();
}

} // namespace heddle::language
