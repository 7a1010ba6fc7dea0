// Values that a schema names, held against other schemas; and schemas that no
// value can keep to at once.
#include "runtime/grammar/Reader.h"
#include "runtime/text/Unicode.h"

#include <algorithm>

namespace heddle::grammar {

/// Schemas within schemas, of which a value is a part.
static constexpr int deepestValue = 64;

static unsigned typeOf(const Json &json, Node value, const Decimal &number) {
  switch (json.kindOf(value)) {
  case Json::Null:
    return NullType;
  case Json::False:
  case Json::True:
    return BooleanType;
  case Json::Number:
    return number.isWhole() ? IntegerType : FractionType;
  case Json::String:
    return StringType;
  case Json::List:
    return ListType;
  case Json::Object:
    break;
  }
  return ObjectType;
}

static bool isWithin(const Decimal &number, const Bound &least,
                     const Bound &greatest) {
  int low = least.isThere ? number.compare(least.at) : 1;
  int high = greatest.isThere ? greatest.at.compare(number) : 1;
  return (low > 0 || (low == 0 && !least.isExclusive)) &&
         (high > 0 || (high == 0 && !greatest.isExclusive));
}

/// Whether a string is what may stand between quotes, in the spelling of
/// patterns.
bool Reader::spells(Term content, std::string_view string) {
  Term left = terms.literal("\"", terms.sequence(content, terms.byte('"')));
  text::Text spelling;
  appendQuoted(spelling, string);
  for (char byte : spelling)
    left = terms.after(left, static_cast<uint8_t>(byte));
  return left == empty;
}

/// A string against lengths, patterns and formats.
bool Reader::allowsString(const Conjunction &all, std::string_view string,
                          bool &answer) {
  uint32_t from, to;
  uint32_t length = 0;
  for (size_t at = 0; at < string.size(); ++length)
    text::nextCharacter(string, at);
  answer = count(all, "minLength", "maxLength", from, to) && length >= from &&
           length <= to;
  for (Node schema : all.schemas)
    for (std::string_view name : {"pattern", "format"}) {
      Node said = json.member(schema, name);
      Term content = nothing;
      if (said == noNode)
        continue;
      if (!contentOf(said, content))
        return false;
      bool isKept = spells(content, string);
      // Not all that is of a format is written.
      if (!isKept && name == "format" &&
          readFormat(terms, json.textOf(said), content, /*isWide=*/true) &&
          spells(content, string))
        return fail(said,
                    "a string that the schema names, \"%.*s\", is not "
                    "of this format as it is written here",
                    static_cast<int>(std::min<size_t>(string.size(), 100)),
                    string.data());
      answer &= isKept;
    }
  return true;
}

bool Reader::allowsParts(const Conjunction &all, Node value, int depth,
                         bool &answer) {
  bool isList = json.is(value, Json::List);
  text::Buffer<std::string_view> names;
  uint32_t from, to, place = 0;
  if (isList)
    answer = count(all, "minItems", "maxItems", from, to) &&
             json.countOf(value) >= from && json.countOf(value) <= to;
  else if (!namesOf(all, names))
    return false;
  if (!spend(names.size() * names.size()))
    return false;
  for (std::string_view name : names)
    answer &= !isRequired(all, name) || json.member(value, name) != noNode;
  for (Node part = json.firstOf(value); part != noNode && answer;
       part = json.nextOf(part), ++place) {
    Conjunction own;
    if (!(isList ? itemAt(all, place, own)
                 : memberOf(all, json.nameOf(part), own)) ||
        !allows(own, part, depth + 1, answer))
      return false;
  }
  return true;
}

/// Whether `value` keeps to all that anyOf or oneOf say.
bool Reader::allowsChoice(const Conjunction &all, Node choice, Node value,
                          int depth, bool &answer) {
  int kept = 0;
  for (Node branch = json.firstOf(choice); branch != noNode;
       branch = json.nextOf(branch)) {
    Conjunction own;
    bool isAllowed = false;
    own.chosen.append(all.chosen.data(), all.chosen.size());
    if (!flatten(branch, own) || !allows(own, value, depth + 1, isAllowed))
      return false;
    kept += isAllowed;
  }
  answer = json.nameOf(choice) == "oneOf" ? kept == 1 : kept > 0;
  return true;
}

/// Whether a value that stands in the schema keeps to `all`.
bool Reader::allows(const Conjunction &all, Node value, int depth,
                    bool &answer) {
  answer = false;
  if (!spend(1 + all.schemas.size()))
    return false;
  if (depth > deepestValue)
    return fail(value, "more than 64 schemas say something of this value");
  if (all.isImpossible)
    return true;
  Decimal number;
  bool isNumber = json.is(value, Json::Number);
  if (isNumber && !number.read(json.textOf(value)))
    return fail(value, "a number of more than 40 digits");
  unsigned types;
  Bound least, greatest;
  if (!typesOf(all, types) || (isNumber && !bounds(all, least, greatest)))
    return false;
  if (!(types & typeOf(json, value, number)) ||
      (isNumber && !isWithin(number, least, greatest)))
    return true;
  answer = true;
  for (Node schema : all.schemas) {
    if (Node one = json.member(schema, "const"); one != noNode)
      answer &= json.areEqual(one, value);
    if (Node some = json.member(schema, "enum"); some != noNode) {
      bool isAny = json.parentOf(value) == some;
      if (!isAny && !spend(json.countOf(some)))
        return false;
      for (Node each = json.firstOf(some); each != noNode && !isAny;
           each = json.nextOf(each))
        isAny = json.areEqual(each, value);
      answer &= isAny;
    }
    for (std::string_view name : {"anyOf", "oneOf"}) {
      Node choice = json.member(schema, name);
      bool isKept = true;
      if (choice != noNode && answer &&
          !allowsChoice(all, choice, value, depth, isKept))
        return false;
      answer &= isKept;
    }
  }
  if (!answer)
    return true;
  if (json.is(value, Json::String))
    return allowsString(all, json.textOf(value), answer);
  if (json.is(value, Json::List) || json.is(value, Json::Object))
    return allowsParts(all, value, depth, answer);
  return true;
}

//===-- Schemas that exclude each other ---===//

/// A member that one of both requires, and that the other does not have or has
/// otherwise.
bool Reader::requiredMembersAreApart(const Conjunction &left,
                                     const Conjunction &right, int depth,
                                     bool &answer) {
  text::Buffer<std::string_view> names;
  if (!namesOf(left, names) || !namesOf(right, names) ||
      !spend(names.size() * names.size()))
    return false;
  for (size_t i = 0; i < names.size() && !answer; ++i) {
    bool ofLeft = isRequired(left, names[i]),
         ofRight = isRequired(right, names[i]);
    Conjunction leftMember, rightMember;
    if (!memberOf(left, names[i], leftMember) ||
        !memberOf(right, names[i], rightMember))
      return false;
    answer = (ofLeft && rightMember.isImpossible) ||
             (ofRight && leftMember.isImpossible);
    if (!answer && ofLeft && ofRight &&
        !areApart(leftMember, rightMember, depth + 1, answer))
      return false;
  }
  return true;
}

/// Whether nothing that is written for one can keep to the other, as far as it
/// shows: by values, types, bounds, or required members.
bool Reader::areApart(const Conjunction &left, const Conjunction &right,
                      int depth, bool &answer) {
  answer = left.isImpossible || right.isImpossible;
  if (answer || depth > 8)
    return true;
  for (int side = 0; side < 2 && !answer; ++side) {
    const Conjunction &one = side ? right : left, &other = side ? left : right;
    Node values = valuesOf(one);
    if (values == noNode)
      continue;
    bool isConst = json.nameOf(values) == "const", isShared = false;
    for (Node value = isConst ? values : json.firstOf(values); value != noNode;
         value = isConst ? noNode : json.nextOf(value)) {
      bool ofOne = false, ofOther = false;
      if (!allows(one, value, 0, ofOne) || !allows(other, value, 0, ofOther))
        return false;
      isShared |= ofOne && ofOther;
    }
    answer = !isShared;
  }
  unsigned leftTypes, rightTypes;
  if (!typesOf(left, leftTypes) || !typesOf(right, rightTypes))
    return false;
  // What is written for one, and also of a type of the other.
  unsigned shared = (leftTypes & typesMeant(left, leftTypes) & rightTypes) |
                    (rightTypes & typesMeant(right, rightTypes) & leftTypes);
  if (answer || shared == 0)
    return answer = true, true;
  if (shared == ObjectType)
    return requiredMembersAreApart(left, right, depth, answer);
  if (shared & ~(IntegerType | FractionType))
    return true;
  Bound least, greatest;
  if (!bounds(left, least, greatest) || !bounds(right, least, greatest))
    return false;
  int order =
      least.isThere && greatest.isThere ? greatest.at.compare(least.at) : 1;
  answer =
      order < 0 || (order == 0 && (least.isExclusive || greatest.isExclusive));
  return true;
}

} // namespace heddle::grammar
