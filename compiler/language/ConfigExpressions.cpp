//===- ConfigExpressions.cpp - Expressions within config ------------------===//

#include "compiler/language/Configuration.h"

#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace llvm;

namespace heddle::language {

std::optional<Constant> Configuration::evaluate(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Number:
    return numberOf(expr, diagnostics);
  case Expr::Kind::String:
    return Constant(expr.text);
  case Expr::Kind::Key:
    return evaluateKey(expr);
  case Expr::Kind::Found:
    return evaluateFound(expr);
  case Expr::Kind::Index:
    return evaluateIndex(expr);
  case Expr::Kind::Name:
  case Expr::Kind::Size:
    return evaluateName(expr);
  case Expr::Kind::Binary:
    return evaluateBinary(expr);
  case Expr::Kind::Negate: {
    std::optional<Constant> value = evaluate(*expr.operands[0]);
    std::string why;
    if (!value)
      return std::nullopt;
    std::optional<Constant> negated = combine(
        "-", SizeExpr(0), *value, [&](StringRef name) { return valueOf(name); },
        why);
    if (!negated)
      diagnostics.error(expr.place, why);
    return negated;
  }
  case Expr::Kind::Not:
  case Expr::Kind::Conditional: {
    bool absent = false;
    std::optional<bool> condition =
        evaluateCondition(*expr.operands[0], absent);
    if (absent)
      return evaluate(*expr.operands[0]);
    if (!condition)
      return std::nullopt;
    if (expr.is(Expr::Kind::Not))
      return Constant(!*condition);
    return evaluate(*expr.operands[*condition ? 1 : 2]);
  }
  case Expr::Kind::Call:
    return evaluateCall(expr);
  default:
    diagnostics.error(expr.place,
                      "found " + describe(expr) +
                          ", needs a value known when the model is compiled");
    return std::nullopt;
  }
}

std::optional<Constant> Configuration::evaluateKey(const Expr &expr) {
  std::string key = "." + expr.text;
  const json::Value *value = json ? lookUpKey(*json, expr.text) : nullptr;
  if (!value)
    return Constant(Absent{key});
  return fromJson(*value, key);
}

/// found encoder.norm.weight: whether the checkpoint has such a tensor.
std::optional<Constant> Configuration::evaluateFound(const Expr &expr) {
  if (!options.tensorPaths)
    return Constant(Absent{"checkpoint's " + expr.text});
  return Constant(
      options.tensorPaths(program.weightRules()).contains(expr.text));
}

std::optional<Constant> elementOf(const Json &list, int64_t index, SMLoc place,
                                  Diagnostics &diagnostics) {
  const json::Array *array = list.value->getAsArray();
  if (array && index >= 0 && index < int64_t(array->size()))
    return fromJson((*array)[index],
                    list.key + "[" + std::to_string(index) + "]");
  diagnostics.error(
      place, "found the index " + Twine(index) + ", " + list.key + " is " +
                 (array ? "a list of " + std::to_string(array->size())
                        : describe(Constant(list))));
  return std::nullopt;
}

/// .layer_types[0]
std::optional<Constant> Configuration::evaluateIndex(const Expr &expr) {
  std::optional<Constant> list = evaluate(*expr.operands[0]);
  if (!list || holds<Absent>(*list))
    return list;
  std::optional<int64_t> index = wholeNumber(*expr.operands[1], "the index");
  if (!index)
    return std::nullopt;
  const Json *json = std::get_if<Json>(&*list);
  if (json && expr.operands.size() == 2)
    return elementOf(*json, *index, expr.place, diagnostics);
  diagnostics.error(expr.place, "found " + describe(*list) +
                                    ", needs a list of config.json and one "
                                    "index");
  return std::nullopt;
}

std::optional<Constant> Configuration::evaluateName(const Expr &expr) {
  StringRef name = expr.text;
  if (name == "yes" || name == "no")
    return Constant(name == "yes");
  if (name == "none")
    return Constant(None());
  if (hasField(name))
    return find(name);
  if (dyns.contains(name))
    return Constant(SizeExpr::name(name));
  if (isWord(name))
    return Constant(name.str());
  StringRef what = isUpper(name.front()) ? "size " : "name ";
  diagnostics.error(expr.place,
                    "unknown " + what + name + suggest(name, names()));
  return std::nullopt;
}

std::optional<bool> Configuration::evaluateCondition(const Expr &expr,
                                                     bool &absent) {
  std::optional<Constant> value = evaluate(expr);
  if (!value)
    return std::nullopt;
  absent = holds<Absent>(*value);
  if (absent)
    return std::nullopt;
  if (const bool *condition = std::get_if<bool>(&*value))
    return *condition;
  diagnostics.error(expr.place,
                    "found " + describe(*value) + ", needs yes or no");
  return std::nullopt;
}

std::optional<bool> Configuration::evaluateCondition(const Expr &expr) {
  bool absent = false;
  std::optional<bool> condition = evaluateCondition(expr, absent);
  return absent ? true : condition;
}

std::optional<Constant> Configuration::evaluateBinary(const Expr &expr) {
  const Expr &lhs = *expr.operands[0], &rhs = *expr.operands[1];
  if (expr.text == "and" || expr.text == "or") {
    bool absent = false;
    std::optional<bool> first = evaluateCondition(lhs, absent);
    if (absent)
      return evaluate(lhs);
    if (!first)
      return std::nullopt;
    if (*first == (expr.text == "or"))
      return Constant(*first);
    std::optional<bool> second = evaluateCondition(rhs, absent);
    if (absent)
      return evaluate(rhs);
    if (!second)
      return std::nullopt;
    return Constant(*second);
  }
  std::optional<Constant> a = evaluate(lhs), b = evaluate(rhs);
  if (!a || !b)
    return std::nullopt;
  std::string why;
  std::optional<Constant> result = combine(
      expr.text, *a, *b, [&](StringRef name) { return valueOf(name); }, why);
  if (!result)
    diagnostics.error(expr.place, why);
  return result;
}

/// log(x), of a number above 0.
std::optional<Constant> Configuration::evaluateLog(const Expr &expr) {
  std::optional<Constant> value = evaluate(*expr.operands[0]);
  if (!value || holds<Absent>(*value))
    return value;
  std::optional<double> number =
      asNumber(*value, [&](StringRef name) { return valueOf(name); });
  if (number && *number > 0)
    return Constant(std::log(*number));
  diagnostics.error(expr.place, "log: found " + describe(*value) +
                                    ", needs a number above 0");
  return std::nullopt;
}

/// has(.key, value): whether a list has it.
std::optional<Constant> Configuration::evaluateHas(const Expr &expr) {
  std::optional<Constant> list = evaluate(*expr.operands[0]),
                          element = evaluate(*expr.operands[1]);
  if (!list || !element || holds<Absent>(*list))
    return list;
  if (holds<Absent>(*element))
    return element;
  if (const Json *json = std::get_if<Json>(&*list))
    keys.markRead(StringRef(json->key).drop_front());
  if (std::optional<bool> has = hasElement(*list, *element))
    return Constant(*has);
  diagnostics.error(expr.place,
                    "has: found " + describe(*list) + ", needs a list");
  return std::nullopt;
}

/// count(.key): how many elements a list or object of config.json has.
/// is_list(.key): whether it is a list.
/// given(.key): whether config.json has the key, be it as null.
std::optional<Constant> Configuration::evaluateCall(const Expr &expr) {
  if (expr.text == "has" && expr.operands.size() == 2)
    return evaluateHas(expr);
  bool isGiven = expr.text == "given", isLog = expr.text == "log";
  bool asksForList = expr.text == "is_list";
  if ((!isGiven && !isLog && !asksForList && expr.text != "count") ||
      expr.operands.size() != 1) {
    diagnostics.error(
        expr.place, "found " + expr.text +
                        "(…), config values know only count(.key), "
                        "is_list(.key), given(.key), has(.key, x) and log(x)");
    return std::nullopt;
  }
  if (isLog)
    return evaluateLog(expr);
  if (isGiven) {
    const Expr &key = *expr.operands[0];
    if (key.is(Expr::Kind::Key))
      return Constant(json && lookUpKey(*json, key.text));
    diagnostics.error(key.place, "given: found " + describe(key) +
                                     ", needs a key of config.json");
    return std::nullopt;
  }
  std::optional<Constant> value = evaluate(*expr.operands[0]);
  if (!value || holds<Absent>(*value))
    return value;
  const Json *json = std::get_if<Json>(&*value);
  if (asksForList)
    return Constant(json && json->value->getAsArray());
  if (json) {
    keys.markRead(StringRef(json->key).drop_front());
    if (const json::Array *array = json->value->getAsArray())
      return Constant(SizeExpr(array->size()));
    if (const json::Object *object = json->value->getAsObject())
      return Constant(SizeExpr(object->size()));
  }
  diagnostics.error(expr.place, "count: found " + describe(*value) +
                                    ", needs a list or an object");
  return std::nullopt;
}

} // namespace heddle::language
