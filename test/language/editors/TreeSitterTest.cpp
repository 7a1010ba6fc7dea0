// tree-sitter-test QUERY… -- FILE…: tree-sitter reads model files by the
// grammar for editors: no part of one is an error, each token is one of the
// lexer's, of the same kind, and each query fits the grammar and finds
// something.
#include "compiler/language/Lexer.h"
#include "llvm/Support/raw_ostream.h"
#include <tree_sitter/api.h>

using namespace heddle::language;
using llvm::StringRef;

extern "C" const TSLanguage *tree_sitter_heddle();

static std::unique_ptr<llvm::MemoryBuffer> readText(const char *path) {
  auto text = llvm::MemoryBuffer::getFile(path);
  if (text)
    return std::move(*text);
  llvm::errs() << path << ": " << text.getError().message() << '\n';
  exit(1);
}

static void collectLeaves(TSNode node, std::vector<TSNode> &leaves) {
  uint32_t count = ts_node_child_count(node);
  for (uint32_t i = 0; i < count; ++i)
    collectLeaves(ts_node_child(node, i), leaves);
  if (count == 0 && StringRef(ts_node_type(node)) != "comment" &&
      ts_node_start_byte(node) < ts_node_end_byte(node))
    leaves.push_back(node);
}

/// Whether the grammar takes a token for what it is. A key is several tokens,
/// of which this is the first.
static bool agree(const Token &token, StringRef kind, StringRef text) {
  if (kind == "key")
    return token.is(".");
  if (token.text != text)
    return false;
  switch (token.kind) {
  case TokenKind::Name:
    return kind != "size" && kind != "number" && kind != "string";
  case TokenKind::Size:
    return kind == "size";
  case TokenKind::Number:
    return kind == "number";
  case TokenKind::String:
    return kind == "string";
  case TokenKind::Symbol:
    return kind == text || kind == "rest";
  case TokenKind::EndOfFile:
    return false;
  }
  return false;
}

/// False where a token of the lexer is no leaf of the tree, or another one.
static bool checkTokens(const char *path, StringRef source, TSNode root) {
  Diagnostics diagnostics(llvm::outs());
  StringRef text = diagnostics.addFile(
      llvm::MemoryBuffer::getMemBuffer(source, path, false));
  std::vector<Token> tokens = lex(text, diagnostics);
  std::vector<TSNode> leaves;
  collectLeaves(root, leaves);
  size_t next = 0;
  for (TSNode leaf : leaves) {
    StringRef part =
        text.slice(ts_node_start_byte(leaf), ts_node_end_byte(leaf));
    const Token &token = tokens[next];
    if (!agree(token, ts_node_type(leaf), part)) {
      diagnostics.error(token.place(), "tree-sitter has " +
                                           llvm::Twine(ts_node_type(leaf)) +
                                           " '" + part + "'");
      return false;
    }
    while (tokens[next].kind != TokenKind::EndOfFile &&
           tokens[next].text.begin() < part.end())
      ++next;
  }
  return tokens[next].kind == TokenKind::EndOfFile;
}

static bool checkQuery(const char *path, TSNode root) {
  std::unique_ptr<llvm::MemoryBuffer> text = readText(path);
  uint32_t place;
  TSQueryError error;
  TSQuery *query = ts_query_new(tree_sitter_heddle(), text->getBufferStart(),
                                text->getBufferSize(), &place, &error);
  if (!query) {
    llvm::outs() << path << ": mistake of kind " << error << " at byte "
                 << place << '\n';
    return false;
  }
  TSQueryCursor *cursor = ts_query_cursor_new();
  ts_query_cursor_exec(cursor, query, root);
  TSQueryMatch match;
  bool isFound = ts_query_cursor_next_match(cursor, &match);
  ts_query_cursor_delete(cursor);
  ts_query_delete(query);
  if (!isFound)
    llvm::outs() << path << ": finds nothing\n";
  return isFound;
}

static bool checkFile(TSParser *parser, const char *path,
                      llvm::ArrayRef<char *> queries) {
  std::unique_ptr<llvm::MemoryBuffer> text = readText(path);
  TSTree *tree = ts_parser_parse_string(parser, nullptr, text->getBufferStart(),
                                        text->getBufferSize());
  TSNode root = ts_tree_root_node(tree);
  bool isRead = !ts_node_has_error(root);
  if (!isRead)
    llvm::outs() << path << ": " << ts_node_string(root) << '\n';
  isRead = isRead && checkTokens(path, text->getBuffer(), root);
  for (const char *query : queries)
    isRead &= checkQuery(query, root);
  ts_tree_delete(tree);
  return isRead;
}

int main(int argc, char **argv) {
  llvm::ArrayRef<char *> words(argv + 1, argc - 1);
  auto dashes = llvm::find_if(
      words, [](const char *word) { return StringRef(word) == "--"; });
  size_t count = dashes - words.begin();
  TSParser *parser = ts_parser_new();
  if (count == words.size() ||
      !ts_parser_set_language(parser, tree_sitter_heddle()))
    return 1;
  llvm::ArrayRef<char *> files = words.drop_front(count + 1);
  bool isRead = !files.empty();
  for (const char *path : files)
    isRead &= checkFile(parser, path, words.take_front(count));
  ts_parser_delete(parser);
  llvm::outs() << files.size() << " files\n";
  return isRead ? 0 : 1;
}
