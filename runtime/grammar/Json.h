// A JSON text as a tree: numbers as they are written, members in their order.
#ifndef HEDDLE_RUNTIME_GRAMMAR_JSON_H
#define HEDDLE_RUNTIME_GRAMMAR_JSON_H

#include "runtime/text/Buffer.h"

#include <cstdint>
#include <string_view>

namespace heddle::grammar {

using Node = uint32_t;
constexpr Node noNode = UINT32_MAX;

class Json {
public:
  enum Kind : uint8_t { Null, False, True, Number, String, List, Object };

  /// What is wrong with the text, and where (offset()); or nullptr. The root is
  /// node 0.
  const char *read(std::string_view text);
  size_t offset() const { return at; }

  size_t size() const { return nodes.size(); }
  Kind kindOf(Node node) const { return nodes[node].kind; }
  bool is(Node node, Kind kind) const { return nodes[node].kind == kind; }
  bool isBoolean(Node node) const { return is(node, False) || is(node, True); }
  /// Of a string what it says, of a number how it is written.
  std::string_view textOf(Node node) const {
    return view(nodes[node].text, nodes[node].bytes);
  }
  /// The key of a member.
  std::string_view nameOf(Node node) const {
    return view(nodes[node].name, nodes[node].nameBytes);
  }
  uint32_t countOf(Node node) const { return nodes[node].count; }
  /// The first of a list's or object's parts, and the one behind a part;
  /// noNode where there is none.
  Node firstOf(Node node) const { return nodes[node].first; }
  Node nextOf(Node node) const { return nodes[node].next; }
  /// The member of that name, or noNode.
  Node member(Node node, std::string_view name) const;
  Node parentOf(Node node) const { return nodes[node].parent; }

  /// A JSON pointer to a node, as a URI's fragment begins: #/properties/a.
  void appendPointer(text::Text &out, Node node) const;
  /// The node that such a text points to, or noNode.
  Node resolve(std::string_view pointer) const;

  bool areEqual(Node left, Node right) const;

private:
  struct Item {
    Kind kind;
    uint32_t text, bytes, name, nameBytes;
    uint32_t count, place; // parts; the number within its parent
    Node first, last, next, parent;
  };
  std::string_view view(uint32_t begin, uint32_t bytes) const {
    return {texts.data() + begin, bytes};
  }
  const char *readValue(Node parent, int depth);
  const char *readParts(Node node, int depth);
  const char *readString(uint32_t &begin, uint32_t &bytes);
  const char *readNumber(Node node);
  const char *readMember(Node node, int depth);
  void skipSpace();
  bool take(char wanted);
  bool takeWord(std::string_view word);
  Node add(Node parent);

  std::string_view source;
  size_t at = 0;
  text::Buffer<Item> nodes;
  text::Text texts;
};

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_JSON_H
