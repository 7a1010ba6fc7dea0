//===- SizeExprText.cpp - Symbolic sizes as text, both ways ---------------===//

#include "dialects/nn/SizeExpr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <numeric>

using namespace llvm;

namespace heddle::nn {

using Term = SizeExpr::Term;
using Factor = SizeExpr::Factor;

static void printTerm(raw_ostream &os, const Term &term) {
  ListSeparator times("*");
  bool hasNumerator = llvm::any_of(
      term.factors, [](const Factor &factor) { return factor.second > 0; });
  int64_t coefficient = std::abs(term.numerator);
  if (coefficient != 1 || !hasNumerator)
    os << times << coefficient;
  for (const auto &[name, power] : term.factors) {
    if (power <= 0)
      continue;
    os << times << name;
    if (power > 1)
      os << '^' << power;
  }
  if (term.denominator != 1)
    os << '/' << term.denominator;
  for (const auto &[name, power] : term.factors) {
    if (power >= 0)
      continue;
    os << '/' << name;
    if (power < -1)
      os << '^' << -power;
  }
}

raw_ostream &operator<<(raw_ostream &os, const SizeExpr &expr) {
  if (expr.terms().empty())
    return os << '0';
  bool first = true;
  for (const Term &term : expr.terms()) {
    if (term.numerator < 0)
      os << '-';
    else if (!first)
      os << '+';
    printTerm(os, term);
    first = false;
  }
  return os;
}

std::string SizeExpr::str() const {
  std::string text;
  raw_string_ostream(text) << *this;
  return text;
}

namespace {
/// Recursive descent over the grammar in the header.
class SizeExprParser {
public:
  explicit SizeExprParser(StringRef text) : rest(text.trim()) {}

  FailureOr<SizeExpr> parseWhole() {
    FailureOr<SizeExpr> expr = parseSum();
    if (failed(expr) || !rest.empty() || !hasSmallDenominators(*expr))
      return failure();
    return expr;
  }

private:
  // Without limits a short text could ask for a huge polynomial. No size of an
  // axis comes near them.
  static constexpr size_t mostTerms = 256;
  static constexpr int highestDegree = 64, highestPower = 16;
  static constexpr int64_t largestDenominator = int64_t(1) << 31;

  static bool isSmall(const SizeExpr &expr) {
    return expr.terms().size() <= mostTerms &&
           llvm::all_of(expr.terms(), [](const Term &term) {
             int degree = 0;
             for (const Factor &factor : term.factors)
               degree += std::abs(factor.second);
             return degree <= highestDegree;
           });
  }

  /// Over one denominator the coefficients still are 64-bit numbers.
  static bool hasSmallDenominators(const SizeExpr &expr) {
    int64_t common = 1;
    for (const Term &term : expr.terms()) {
      if (term.denominator > largestDenominator)
        return false;
      common = std::lcm(common, term.denominator);
      if (common > largestDenominator)
        return false;
    }
    return true;
  }

  /// The product, if it is small as both factors are.
  static FailureOr<SizeExpr> times(const SizeExpr &a, const SizeExpr &b) {
    if (a.terms().size() * b.terms().size() > 16 * mostTerms)
      return failure();
    SizeExpr product = a * b;
    if (!isSmall(product))
      return failure();
    return product;
  }

  bool consume(char c) {
    if (!rest.starts_with(StringRef(&c, 1)))
      return false;
    rest = rest.drop_front().ltrim();
    return true;
  }

  FailureOr<SizeExpr> parseSum() {
    bool negative = consume('-');
    FailureOr<SizeExpr> sum = parseProduct();
    if (succeeded(sum) && negative)
      sum = -*sum;
    while (succeeded(sum)) {
      bool plus = consume('+');
      if (!plus && !consume('-'))
        break;
      FailureOr<SizeExpr> term = parseProduct();
      if (failed(term))
        return failure();
      sum = plus ? *sum + *term : *sum - *term;
      if (!isSmall(*sum))
        return failure();
    }
    return sum;
  }

  FailureOr<SizeExpr> parseProduct() {
    FailureOr<SizeExpr> product = parsePower();
    while (succeeded(product)) {
      bool isTimes = consume('*');
      if (!isTimes && !consume('/'))
        break;
      FailureOr<SizeExpr> factor = parsePower();
      if (failed(factor))
        return failure();
      FailureOr<SizeExpr> reciprocal =
          isTimes ? FailureOr<SizeExpr>() : SizeExpr(1).dividedBy(*factor);
      if (!isTimes && failed(reciprocal))
        return failure();
      product = times(*product, isTimes ? *factor : *reciprocal);
    }
    return product;
  }

  FailureOr<SizeExpr> parsePower() {
    FailureOr<SizeExpr> base = parsePrimary();
    if (failed(base) || !consume('^'))
      return base;
    bool negative = consume('-');
    std::optional<int64_t> exponent = consumeInteger();
    if (!exponent || *exponent > highestPower)
      return failure();
    FailureOr<SizeExpr> factor = negative ? SizeExpr(1).dividedBy(*base) : base;
    if (failed(factor))
      return failure();
    FailureOr<SizeExpr> power(SizeExpr(1));
    for (int64_t i = 0; i < *exponent && succeeded(power); ++i)
      power = times(*power, *factor);
    return power;
  }

  FailureOr<SizeExpr> parsePrimary() {
    if (consume('(')) {
      if (++depth > 64)
        return failure();
      FailureOr<SizeExpr> inner = parseSum();
      --depth;
      if (failed(inner) || !consume(')'))
        return failure();
      return inner;
    }
    if (std::optional<int64_t> value = consumeInteger())
      return SizeExpr(*value);
    StringRef name =
        rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (name.empty() || llvm::isDigit(name.front()))
      return failure();
    rest = rest.drop_front(name.size()).ltrim();
    return SizeExpr::name(name);
  }

  std::optional<int64_t> consumeInteger() {
    StringRef digits = rest.take_while(llvm::isDigit);
    int64_t value = 0;
    if (digits.empty() || digits.getAsInteger(10, value))
      return std::nullopt;
    rest = rest.drop_front(digits.size()).ltrim();
    return value;
  }

  StringRef rest;
  int depth = 0;
};
} // namespace

FailureOr<SizeExpr> SizeExpr::parse(StringRef text) {
  return SizeExprParser(text).parseWhole();
}

} // namespace heddle::nn
