//===- Constant.cpp - Values known when the model is compiled -------------===//

#include "compiler/language/Constant.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace llvm;

namespace heddle::language {

namespace {
struct Describer {
  std::string operator()(None) const { return "none"; }
  std::string operator()(const Absent &absent) const {
    return "absent (" + absent.key + ")";
  }
  std::string operator()(bool value) const { return value ? "yes" : "no"; }
  std::string operator()(double value) const {
    std::string text;
    raw_string_ostream(text) << format("%g", value);
    return text;
  }
  std::string operator()(const SizeExpr &size) const { return size.str(); }
  std::string operator()(const std::string &text) const {
    return "\"" + text + "\"";
  }
  std::string operator()(const Json &json) const {
    return json.value->kind() == json::Value::Array ? "a list" : "an object";
  }
};
} // namespace

std::string describe(const Constant &constant) {
  return std::visit(Describer(), constant);
}

std::string identify(const Constant &constant) {
  std::string shown = describe(constant);
  if (const double *real = std::get_if<double>(&constant))
    shown = formatv("{0:x}", llvm::bit_cast<uint64_t>(*real));
  else if (const Json *json = std::get_if<Json>(&constant))
    shown = formatv("{0}", *json->value);
  return std::to_string(constant.index()) + " " + shown;
}

std::optional<double> asNumber(const Constant &constant, SizeValues sizes) {
  if (const double *real = std::get_if<double>(&constant))
    return *real;
  const SizeExpr *size = std::get_if<SizeExpr>(&constant);
  if (!size)
    return std::nullopt;
  // Not SizeExpr::evaluate: half of a size need not be whole to be a number.
  double sum = 0;
  for (const SizeExpr::Term &term : size->terms()) {
    double product = double(term.numerator) / double(term.denominator);
    for (const auto &[name, power] : term.factors) {
      std::optional<int64_t> value = sizes(name);
      if (!value)
        return std::nullopt;
      product *= std::pow(double(*value), power);
    }
    sum += product;
  }
  return sum;
}

static std::optional<Constant> combineSizes(StringRef op, const SizeExpr &lhs,
                                            const SizeExpr &rhs) {
  if (op == "+")
    return lhs + rhs;
  if (op == "-")
    return lhs - rhs;
  if (op == "*")
    return lhs * rhs;
  std::optional<int64_t> exponent = rhs.asConstant();
  FailureOr<SizeExpr> result = failure();
  if (op == "/")
    result = lhs.dividedBy(rhs);
  else if (op == "^" && exponent && std::abs(*exponent) <= 8)
    result = lhs.toThePower(*exponent);
  if (failed(result))
    return std::nullopt;
  return *result;
}

/// lhs - rhs ⌊lhs / rhs⌋
static std::optional<Constant> remainder(double lhs, double rhs) {
  double rest = lhs - rhs * std::floor(lhs / rhs);
  if (rhs == 0 || std::trunc(lhs) != lhs || std::trunc(rhs) != rhs ||
      std::abs(lhs) > 1e15 || std::abs(rhs) > 1e15)
    return std::nullopt;
  return SizeExpr(int64_t(rest));
}

static std::optional<Constant> combineNumbers(StringRef op, double lhs,
                                              double rhs) {
  return llvm::StringSwitch<std::optional<Constant>>(op)
      .Case("+", lhs + rhs)
      .Case("-", lhs - rhs)
      .Case("*", lhs * rhs)
      .Case("/", lhs / rhs)
      .Case("^", std::pow(lhs, rhs))
      .Case("<=", lhs <= rhs)
      .Case(">=", lhs >= rhs)
      .Case("<", lhs < rhs)
      .Case(">", lhs > rhs)
      .Case("==", lhs == rhs)
      .Case("!=", lhs != rhs)
      .Default(std::nullopt);
}

std::optional<Constant> combine(StringRef op, const Constant &lhs,
                                const Constant &rhs, SizeValues sizes,
                                std::string &why) {
  if (holds<Absent>(lhs))
    return lhs;
  if (holds<Absent>(rhs))
    return rhs;
  const SizeExpr *lhsSize = std::get_if<SizeExpr>(&lhs);
  const SizeExpr *rhsSize = std::get_if<SizeExpr>(&rhs);
  if (op == "/" && rhsSize && rhsSize->terms().empty()) {
    why = "division by zero";
    return std::nullopt;
  }
  if (lhsSize && rhsSize)
    if (std::optional<Constant> result = combineSizes(op, *lhsSize, *rhsSize))
      return result;

  std::optional<double> lhsNumber = asNumber(lhs, sizes);
  std::optional<double> rhsNumber = asNumber(rhs, sizes);
  if (lhsNumber && rhsNumber && op == "%") {
    if (std::optional<Constant> rest = remainder(*lhsNumber, *rhsNumber))
      return rest;
    why = "the remainder of " + describe(lhs) + " by " + describe(rhs) +
          ": needs whole numbers, the second not 0";
    return std::nullopt;
  }
  if (lhsNumber && rhsNumber)
    return combineNumbers(op, *lhsNumber, *rhsNumber);

  bool isNumeric =
      (lhsSize || holds<double>(lhs)) && (rhsSize || holds<double>(rhs));
  if (isNumeric) {
    const Constant &unknown = lhsNumber ? rhs : lhs;
    why = describe(unknown) + " is known only at run time";
    return std::nullopt;
  }
  if (op == "==")
    return lhs == rhs;
  if (op == "!=")
    return !(lhs == rhs);
  why =
      "cannot combine " + describe(lhs) + " " + op.str() + " " + describe(rhs);
  return std::nullopt;
}

Constant fromJson(const json::Value &value, StringRef key) {
  switch (value.kind()) {
  case json::Value::Null:
    return Absent{key.str()};
  case json::Value::Boolean:
    return *value.getAsBoolean();
  case json::Value::Number:
    if (std::optional<int64_t> whole = value.getAsInteger())
      return SizeExpr(*whole);
    return *value.getAsNumber();
  case json::Value::String:
    return value.getAsString()->str();
  case json::Value::Array:
  case json::Value::Object:
    return Json{&value, key.str()};
  }
  llvm_unreachable("a JSON value is of one of these kinds");
}

std::optional<bool> hasElement(const Constant &list, const Constant &element) {
  const std::string *word = std::get_if<std::string>(&element);
  if (const std::string *words = std::get_if<std::string>(&list); words && word)
    return llvm::any_of(split(*words, '|'), [&](StringRef each) {
      return each.trim().equals_insensitive(*word);
    });
  const Json *json = std::get_if<Json>(&list);
  const json::Array *array = json ? json->value->getAsArray() : nullptr;
  if (!array)
    return std::nullopt;
  return llvm::any_of(*array, [&](const json::Value &each) {
    return fromJson(each, json->key) == element;
  });
}

} // namespace heddle::language
