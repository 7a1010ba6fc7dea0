// How a schema is read: from its nodes to conjunctions of schemas, and from
// those to rules. Internal to Schema*.cpp.
//
// A conjunction is the schemas that a value has to keep to all at once: those
// of allOf, what $ref points to, and what is said beside both; of every anyOf
// and oneOf one alternative, once it has been chosen. Every conjunction that is
// asked for gets a rule, and its term when its turn comes; so schemas may refer
// to each other in circles.
#ifndef HEDDLE_RUNTIME_GRAMMAR_READER_H
#define HEDDLE_RUNTIME_GRAMMAR_READER_H

#include "runtime/grammar/Json.h"
#include "runtime/grammar/Numbers.h"
#include "runtime/grammar/Strings.h"
#include "runtime/grammar/Terms.h"

namespace heddle::grammar {

enum Types : uint8_t {
  NullType = 1,
  BooleanType = 2,
  IntegerType = 4,
  FractionType = 8, // numbers that are not whole
  StringType = 16,
  ListType = 32,
  ObjectType = 64,
  AnyType = 127
};

struct Conjunction {
  text::Buffer<Node> schemas; ///< objects, each once
  text::Buffer<Node>
      chosen; ///< anyOf and oneOf whose alternative is among them
  bool isImpossible = false;

  void copy(const Conjunction &other) {
    schemas.clear(), chosen.clear();
    schemas.append(other.schemas.data(), other.schemas.size());
    chosen.append(other.chosen.data(), other.chosen.size());
    isImpossible = other.isImpossible;
  }
  bool has(Node schema) const;
};

class Reader {
public:
  Reader(const Json &json, Terms &terms, text::Text &message)
      : json(json), terms(terms), message(message) {}

  /// The term of all values; false if something is wrong, which `message` says.
  bool read(Term &root);

private:
  // SchemaKeywords.cpp: what schemas say.
  bool flatten(Node schema, Conjunction &into);
  bool checkKeywords(Node schema);
  bool checkForm(Node value);
  bool follow(Node reference, Conjunction &into);
  bool typesSaid(Node schema, unsigned &types);
  bool typesOf(const Conjunction &all, unsigned &types);
  unsigned typesMeant(const Conjunction &all, unsigned types) const;
  bool count(const Conjunction &all, std::string_view least,
             std::string_view most, uint32_t &from, uint32_t &to);
  bool bounds(const Conjunction &all, Bound &least, Bound &greatest);
  bool readBound(Node schema, std::string_view name, bool isExclusive, int sign,
                 Bound &bound);

  // Schema.cpp: conjunctions to terms.
  Term ruleOf(const Conjunction &all);
  Term anyValue(int levels);
  bool build(const Conjunction &all, Term &term);
  bool buildChoice(const Conjunction &all, Node choice, Term &term);
  bool buildValues(const Conjunction &all, Node values, Term &term);
  bool buildTypes(const Conjunction &all, Term &term);
  bool buildNumber(const Conjunction &all, unsigned types, Term &term);
  bool buildString(const Conjunction &all, Term &term);
  bool contentOf(Node said, Term &content);
  Term literalOf(Node value, Term rest);
  Node pendingChoice(const Conjunction &all) const;
  Node valuesOf(const Conjunction &all) const;

  // SchemaParts.cpp: lists and objects.
  bool buildList(const Conjunction &all, Term &term);
  bool itemAt(const Conjunction &all, uint32_t place, Conjunction &item);
  bool buildObject(const Conjunction &all, Term &term);
  bool namesOf(const Conjunction &all, text::Buffer<std::string_view> &names);
  bool isRequired(const Conjunction &all, std::string_view name) const;
  bool memberOf(const Conjunction &all, std::string_view name,
                Conjunction &member);
  bool othersOf(const Conjunction &all, Conjunction &others);
  bool finishObject(const Conjunction &all,
                    const text::Buffer<std::string_view> &names,
                    const text::Buffer<Term> &pairs, Term other, Term &term);

  // SchemaValues.cpp: values that schemas name.
  bool allows(const Conjunction &all, Node value, int depth, bool &answer);
  bool allowsParts(const Conjunction &all, Node value, int depth, bool &answer);
  bool allowsChoice(const Conjunction &all, Node choice, Node value, int depth,
                    bool &answer);
  bool spells(Term content, std::string_view string);
  bool allowsString(const Conjunction &all, std::string_view string,
                    bool &answer);
  bool areApart(const Conjunction &left, const Conjunction &right, int depth,
                bool &answer);
  bool requiredMembersAreApart(const Conjunction &left,
                               const Conjunction &right, int depth,
                               bool &answer);

  /// Notes trouble where all work together is more than is sane.
  bool spend(uint64_t work);
  bool fail(Node place, const char *format, ...)
      __attribute__((format(printf, 3, 4)));

  Term space(); // where a line may end
  Term comma();
  Term pairOf(Term key, Term value);

  const Json &json;
  Terms &terms;
  text::Text &message;

  struct Item {
    uint32_t begin, schemas, chosen; // nodes in `pool`
    Term rule;
  };
  text::Buffer<Item> items; // built in this order
  text::Buffer<Node> pool;
  text::Buffer<uint32_t> slots; // hash table of items: index + 1
  text::Buffer<uint8_t> checked;
  text::Buffer<Node> path; // of references that flatten() follows
  text::Buffer<Term> anyValues;
  Term cachedSpace = nothing;
  uint64_t spent = 0;
};

/// Levels of lists and objects where a schema says nothing of them.
constexpr int anyLevels = 8;

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_READER_H
