//===- ReadModule.cpp - a module from a file that may hold anything -------===//
//
// One pass over the tokens before MLIR sees them: it recurses as deep as the
// text nests, also through aliases, and has no limits of its own.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/ReadModule.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace heddle;

namespace {

/// Modules of models nest ten deep.
constexpr int64_t deepest = 200;
/// Operators of affine expressions between two commas.
constexpr int64_t longestExpression = 1000;
/// Tokens that an alias stands for, with those of the aliases in it.
constexpr int64_t largestAlias = 100000;

/// What stands for more than it says: `#map = affine_map<…>`, `!x = tensor<…>`.
struct Alias {
  int64_t tokens = 0, depth = 0;
};

class Text {
public:
  Text(StringRef text, StringRef file, MLIRContext *context)
      : rest(text), whole(text), file(file), context(context) {}

  LogicalResult check() {
    while (!refused && nextToken())
      checkToken();
    return failure(refused);
  }

private:
  void refuse(const Twine &reason) {
    StringRef before = whole.take_front(token.data() - whole.data());
    unsigned line = before.count('\n') + 1;
    unsigned column = before.size() - (before.rfind('\n') + 1) + 1;
    emitError(FileLineColLoc::get(context, file, line, column)) << reason;
    refused = true;
  }

  static bool isWord(char c) {
    return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$';
  }

  void skipSpaceAndComments() {
    while (true) {
      rest = rest.ltrim();
      if (!rest.starts_with("//"))
        return;
      rest = rest.drop_until([](char c) { return c == '\n'; });
    }
  }

  /// A string, a word with what stands before it (`#map`, `%0`, `@f`), an arrow
  /// or comparison, or one character. False at the end.
  bool nextToken() {
    skipSpaceAndComments();
    if (rest.empty())
      return false;
    size_t length = 1;
    if (rest.front() == '"') {
      while (length < rest.size() && rest[length] != '"' &&
             rest[length] != '\n')
        length += rest[length] == '\\' ? 2 : 1;
      ++length; // the quote
    } else if (rest.starts_with("->") || rest.starts_with(">=") ||
               rest.starts_with("<=")) {
      length = 2;
    } else if (isWord(rest.front()) ||
               StringRef("#!%@^").contains(rest.front())) {
      while (length < rest.size() && isWord(rest[length]))
        ++length;
    }
    previous = token;
    token = rest.take_front(length);
    rest = rest.drop_front(token.size());
    return true;
  }

  bool comesNext(char c) {
    skipSpaceAndComments();
    return rest.starts_with(StringRef(&c, 1)) && !rest.starts_with("==");
  }

  void checkToken() {
    checkBrackets();
    checkExpression();
    checkAlias();
    if (token.front() == '"' && token.contains('\\') && comesNext('='))
      return refuse("the name of an attribute has an escaped character");
    if (token.trim('"') == "iterator_types" && comesNext('='))
      checkIterators();
    checkIndices();
  }

  /// Ops of memref and tensor list offsets and sizes before the first colon.
  /// Their parser takes every number there for a whole one.
  void checkIndices() {
    if (token.starts_with("memref.") || token.starts_with("tensor."))
      listsIndices = true;
    else if (token == ":")
      listsIndices = false;
    else if (listsIndices && llvm::isDigit(token.front()) &&
             !token.starts_with("0x") &&
             token.find_first_of(".eE") != token.npos)
      refuse("found " + token.take_front(40) + ", needed a whole number");
  }

  void checkBrackets() {
    if (StringRef("([{<").contains(token))
      ++depth;
    else if (StringRef(")]}>").contains(token))
      depth = std::max<int64_t>(depth - 1, 0);
    if (depth > deepest)
      refuse("there are more than " + Twine(deepest) +
             " brackets within each other");
  }

  void checkExpression() {
    if (StringRef(",={}").contains(token))
      operators = 0;
    else if (StringRef("+-*").contains(token) || token == "mod" ||
             token == "floordiv" || token == "ceildiv")
      ++operators;
    if (operators > longestExpression)
      refuse("an expression has more than " + Twine(longestExpression) +
             " operators");
  }

  bool namesAlias() const {
    return token.size() > 1 && (token.front() == '#' || token.front() == '!');
  }

  /// Whether a definition ends here: a word, a string or a value that nothing
  /// before it asks for begins an operation.
  bool endsDefinition() const {
    bool begins =
        depth == 0 && (llvm::isAlpha(token.front()) || token.front() == '_' ||
                       token.front() == '"' || token.front() == '%');
    return begins && !llvm::is_contained({"=", "->", ":", ",", "@"}, previous);
  }

  void checkAlias() {
    if (namesAlias() && depth == 0 && comesNext('=')) {
      defined = &aliases[token];
      *defined = {};
      return;
    }
    if (defined && endsDefinition())
      defined = nullptr;
    Alias used = namesAlias() ? aliases.lookup(token) : Alias();
    if (depth + used.depth > deepest)
      return refuse("aliases stand within each other more than " +
                    Twine(deepest) + " deep");
    if (!defined)
      return;
    defined->tokens += 1 + used.tokens;
    defined->depth = std::max(defined->depth, depth + used.depth + 1);
    if (defined->tokens > largestAlias)
      refuse("an alias stands for more than " + Twine(largestAlias) +
             " tokens");
  }

  /// `iterator_types = ["parallel", "reduction"]`, or as attributes of linalg:
  /// `[#linalg.iterator_type<parallel>]`.
  void checkIterators() {
    nextToken(); // =
    if (!nextToken() || token != "[")
      return refuse("iterator types need to be a list");
    while (nextToken() && token != "]")
      if (token != "," && token != "<" && token != ">" &&
          token.trim('"') != "parallel" && token.trim('"') != "reduction" &&
          token != "#linalg.iterator_type")
        return refuse("found " + token.take_front(40) +
                      ", needed the iterator type parallel or reduction");
  }

  StringRef rest, whole, file;
  MLIRContext *context;
  StringRef token, previous;
  int64_t depth = 0, operators = 0;
  llvm::StringMap<Alias> aliases;
  Alias *defined = nullptr;
  bool listsIndices = false;
  bool refused = false;
};

} // namespace

LogicalResult pipeline::checkText(const llvm::MemoryBuffer &text,
                                  MLIRContext *context) {
  StringRef content = text.getBuffer(), file = text.getBufferIdentifier();
  if (content.starts_with("ML\xefR"))
    return emitError(FileLineColLoc::get(context, file, 0, 0))
           << "is bytecode, needs the text of a module";
  return Text(content, file, context).check();
}

/// The attributes that an operation of this name has without being told.
static SmallVector<StringAttr> defaultsOf(RegisteredOperationName name) {
  SmallVector<StringAttr> defaults;
  if (!name.getOpPropertyByteSize())
    return defaults;
  OwningOpRef<Operation *> empty = Operation::create(
      UnknownLoc::get(name.getContext()), name, TypeRange(), ValueRange(),
      NamedAttrList(), nullptr, BlockRange(), /*numRegions=*/0);
  for (StringAttr attribute : name.getAttributeNames())
    if (empty->getInherentAttr(attribute).value_or(nullptr))
      defaults.push_back(attribute);
  return defaults;
}

LogicalResult pipeline::verifyRead(Operation *root) {
  llvm::DenseMap<OperationName, SmallVector<StringAttr>> known;
  auto checkDefaults = [&](Operation *op) -> WalkResult {
    std::optional<RegisteredOperationName> name = op->getRegisteredInfo();
    if (!name)
      return WalkResult::advance();
    auto [found, isNew] = known.try_emplace(*name);
    if (isNew)
      found->second = defaultsOf(*name);
    for (StringAttr attribute : found->second)
      if (!op->getInherentAttr(attribute).value_or(nullptr))
        return op->emitOpError("found an attribute ")
               << attribute << " of the wrong kind";
    return WalkResult::advance();
  };
  return failure(root->walk(checkDefaults).wasInterrupted() ||
                 failed(verify(root)));
}

OwningOpRef<ModuleOp> pipeline::readModule(llvm::SourceMgr &sources,
                                           MLIRContext *context,
                                           std::string *passes) {
  if (failed(checkText(*sources.getMemoryBuffer(sources.getMainFileID()),
                       context)))
    return {};
  ParserConfig config(context, /*verifyAfterParse=*/false);
  if (passes)
    config.attachResourceParser(
        "mlir_reproducer", [&](AsmParsedResourceEntry &entry) {
          if (entry.getKey() != "pipeline")
            return success();
          FailureOr<std::string> text = entry.parseAsString();
          if (succeeded(text))
            *passes = *text;
          return success(succeeded(text));
        });
  auto module = parseSourceFile<ModuleOp>(sources, config);
  return module && succeeded(verifyRead(*module)) ? std::move(module)
                                                  : OwningOpRef<ModuleOp>();
}
