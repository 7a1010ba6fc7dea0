// What a schema's keywords say: which there are, in what form, and what those
// of several schemas come to together.
#include "runtime/grammar/Reader.h"
#include "runtime/text/Unicode.h"

#include <algorithm>
#include <cstdarg>

namespace heddle::grammar {

namespace {
enum class Form {
  Anything,
  Schema,
  Schemas,
  NamedSchemas,
  Count,
  Number,
  Text,
  Texts,
  Types,
  Values
};
struct Keyword {
  std::string_view name;
  Form form;
  unsigned types; // that it says something of
};
} // namespace

static constexpr unsigned numberTypes = IntegerType | FractionType;

static constexpr Keyword keywords[] = {
    {"type", Form::Types, 0},
    {"properties", Form::NamedSchemas, ObjectType},
    {"required", Form::Texts, ObjectType},
    {"additionalProperties", Form::Schema, ObjectType},
    {"items", Form::Schema, ListType},
    {"prefixItems", Form::Schemas, ListType},
    {"minItems", Form::Count, ListType},
    {"maxItems", Form::Count, ListType},
    {"enum", Form::Values, 0},
    {"const", Form::Anything, 0},
    {"anyOf", Form::Schemas, 0},
    {"oneOf", Form::Schemas, 0},
    {"allOf", Form::Schemas, 0},
    {"$ref", Form::Text, 0},
    {"minLength", Form::Count, StringType},
    {"maxLength", Form::Count, StringType},
    {"pattern", Form::Text, StringType},
    {"format", Form::Text, StringType},
    {"minimum", Form::Number, numberTypes},
    {"maximum", Form::Number, numberTypes},
    {"exclusiveMinimum", Form::Number, numberTypes},
    {"exclusiveMaximum", Form::Number, numberTypes},
    // Schemas to refer to, and what says nothing of values.
    {"$defs", Form::Anything, 0},
    {"definitions", Form::Anything, 0},
    {"title", Form::Anything, 0},
    {"description", Form::Anything, 0},
    {"default", Form::Anything, 0},
    {"examples", Form::Anything, 0},
    {"$schema", Form::Anything, 0},
    {"$comment", Form::Anything, 0},
    {"deprecated", Form::Anything, 0},
    {"discriminator", Form::Anything, 0}, // OpenAPI's, beside oneOf
    {"readOnly", Form::Anything, 0},
    {"writeOnly", Form::Anything, 0}};

static const Keyword *keywordNamed(std::string_view name) {
  for (const Keyword &keyword : keywords)
    if (keyword.name == name)
      return &keyword;
  return nullptr;
}

bool Conjunction::has(Node schema) const {
  return std::find(schemas.begin(), schemas.end(), schema) != schemas.end();
}

/// A second or two: what schemas take that anybody means is a thousandth.
static constexpr uint64_t mostWork = 20'000'000;

bool Reader::spend(uint64_t work) {
  spent += work;
  if (spent > mostWork)
    text::noteTrouble(text::Trouble::Growth);
  return text::trouble == text::Trouble::None;
}

bool Reader::fail(Node place, const char *format, ...) {
  message.clear();
  json.appendPointer(message, place);
  message.append(std::string_view(": "));
  char words[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  message.append(std::string_view(words));
  message.push('\0');
  return false;
}

/// A length, or a number of items: 3, or 3.0.
static bool readCount(std::string_view text, uint32_t &count) {
  Decimal number;
  if (!number.read(text) || number.isNegative || !number.isWhole() ||
      number.wholeCount > 9)
    return false;
  count = 0;
  for (int i = 0; i < number.wholeCount; ++i)
    count = count * 10 + static_cast<uint32_t>(number.whole[i]);
  return true;
}

static bool isSchema(const Json &json, Node node) {
  return json.is(node, Json::Object) || json.isBoolean(node);
}

/// Whether a keyword's value has the form that it needs.
bool Reader::checkForm(Node value) {
  auto all = [&](auto isRight) {
    for (Node part = json.firstOf(value); part != noNode;
         part = json.nextOf(part))
      if (!isRight(part))
        return false;
    return true;
  };
  auto schemas = [&](Node part) { return isSchema(json, part); };
  auto strings = [&](Node part) { return json.is(part, Json::String); };
  bool isList = json.is(value, Json::List);
  uint32_t number;
  switch (keywordNamed(json.nameOf(value))->form) {
  case Form::Anything:
    return true;
  case Form::Schema:
    return isSchema(json, value) || fail(value, "needed: a schema");
  case Form::Schemas:
    return (isList && json.countOf(value) && all(schemas)) ||
           fail(value, "needed: a list of schemas");
  case Form::NamedSchemas:
    return (json.is(value, Json::Object) && all(schemas)) ||
           fail(value, "needed: an object of schemas");
  case Form::Count:
    return (json.is(value, Json::Number) &&
            readCount(json.textOf(value), number)) ||
           fail(value, "needed: a whole number from 0 to 999999999");
  case Form::Number:
    return json.is(value, Json::Number) || fail(value, "needed: a number");
  case Form::Text:
    return json.is(value, Json::String) || fail(value, "needed: a string");
  case Form::Texts:
    return (isList && all(strings)) || fail(value, "needed: a list of strings");
  case Form::Values:
    return isList || fail(value, "needed: a list of values");
  case Form::Types: {
    unsigned types;
    return typesSaid(json.parentOf(value), types);
  }
  }
  return false;
}

bool Reader::checkKeywords(Node schema) {
  if (checked[schema])
    return true;
  checked[schema] = true;
  for (Node member = json.firstOf(schema); member != noNode;
       member = json.nextOf(member)) {
    if (keywordNamed(json.nameOf(member))) {
      if (!checkForm(member))
        return false;
    } else if (json.nameOf(member) != "$id" || schema != 0) {
      return fail(member, "this keyword is not known here");
    }
  }
  return true;
}

/// What `$ref` points to.
bool Reader::follow(Node reference, Conjunction &into) {
  if (!spend(json.countOf(0)))
    return false;
  Node target = json.resolve(json.textOf(reference));
  if (target == noNode || !isSchema(json, target))
    return fail(
        reference,
        "found \"%.*s\", needed: a place in this schema, "
        "such as #/$defs/a",
        static_cast<int>(std::min<size_t>(json.textOf(reference).size(), 100)),
        json.textOf(reference).data());
  if (std::find(path.begin(), path.end(), target) != path.end())
    return fail(reference, "this schema refers to itself and says nothing");
  // An alternative that leads back to what it is an alternative of.
  for (Node choice : into.chosen)
    if (json.parentOf(choice) == target)
      return fail(reference, "this schema refers to one that it is an "
                             "alternative of");
  return flatten(target, into);
}

/// Adds a schema and all that it says a value has to keep to as well.
bool Reader::flatten(Node schema, Conjunction &into) {
  if (!spend(1 + into.schemas.size()))
    return false;
  if (json.isBoolean(schema)) {
    into.isImpossible |= json.is(schema, Json::False);
    return true;
  }
  if (path.size() > 64)
    return fail(schema, "more than 64 schemas that refer to one another");
  if (into.has(schema) &&
      std::find(path.begin(), path.end(), schema) == path.end())
    return true;
  if (!checkKeywords(schema))
    return false;
  size_t before = path.size();
  path.push(schema);
  if (json.countOf(schema) && !into.has(schema))
    into.schemas.push(schema);
  bool isRight = text::trouble == text::Trouble::None;
  if (Node all = json.member(schema, "allOf"); all != noNode)
    for (Node part = json.firstOf(all); part != noNode && isRight;
         part = json.nextOf(part))
      isRight = flatten(part, into);
  if (Node reference = json.member(schema, "$ref");
      isRight && reference != noNode)
    isRight = follow(reference, into);
  path.shrink(before);
  return isRight;
}

//===-- Types ---===//

bool Reader::typesSaid(Node schema, unsigned &types) {
  static constexpr struct {
    std::string_view name;
    unsigned types;
  } names[] = {{"null", NullType},       {"boolean", BooleanType},
               {"integer", IntegerType}, {"number", numberTypes},
               {"string", StringType},   {"array", ListType},
               {"object", ObjectType}};
  types = AnyType;
  Node said = json.member(schema, "type");
  if (said == noNode)
    return true;
  types = 0;
  bool isList = json.is(said, Json::List);
  for (Node type = isList ? json.firstOf(said) : said; type != noNode;
       type = isList ? json.nextOf(type) : noNode) {
    auto found = std::find_if(
        std::begin(names), std::end(names), [&](const auto &known) {
          return json.is(type, Json::String) && known.name == json.textOf(type);
        });
    if (found == std::end(names))
      return fail(type, "needed: null, boolean, integer, number, string, array "
                        "or object, or a list of these");
    types |= found->types;
  }
  return true;
}

bool Reader::typesOf(const Conjunction &all, unsigned &types) {
  types = AnyType;
  for (Node schema : all.schemas) {
    unsigned said;
    if (!typesSaid(schema, said))
      return false;
    types &= said;
  }
  return true;
}

/// Where no schema says a type, those are meant that the keywords are about.
unsigned Reader::typesMeant(const Conjunction &all, unsigned types) const {
  unsigned about = 0;
  for (Node schema : all.schemas) {
    if (json.member(schema, "type") != noNode)
      return types;
    for (Node member = json.firstOf(schema); member != noNode;
         member = json.nextOf(member))
      if (const Keyword *keyword = keywordNamed(json.nameOf(member)))
        about |= keyword->types;
  }
  return about ? about : types;
}

//===-- Numbers ---===//

/// The strictest of what schemas say of a length or number of items.
bool Reader::count(const Conjunction &all, std::string_view least,
                   std::string_view most, uint32_t &from, uint32_t &to) {
  from = 0, to = unbounded;
  for (Node schema : all.schemas) {
    uint32_t number;
    if (Node low = json.member(schema, least);
        low != noNode && readCount(json.textOf(low), number))
      from = std::max(from, number);
    if (Node high = json.member(schema, most);
        high != noNode && readCount(json.textOf(high), number))
      to = std::min(to, number);
  }
  return from <= to;
}

bool Reader::readBound(Node schema, std::string_view name, bool isExclusive,
                       int sign, Bound &bound) {
  Node said = json.member(schema, name);
  if (said == noNode)
    return true;
  Bound read;
  read.isThere = true;
  read.isExclusive = isExclusive;
  if (!read.at.read(json.textOf(said)))
    return fail(said, "a bound of more than 40 digits");
  bound.tighten(read, sign);
  return true;
}

bool Reader::bounds(const Conjunction &all, Bound &least, Bound &greatest) {
  for (Node schema : all.schemas)
    if (!readBound(schema, "minimum", false, 1, least) ||
        !readBound(schema, "exclusiveMinimum", true, 1, least) ||
        !readBound(schema, "maximum", false, -1, greatest) ||
        !readBound(schema, "exclusiveMaximum", true, -1, greatest))
      return false;
  return true;
}

} // namespace heddle::grammar
