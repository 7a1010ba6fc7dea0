//===- SizeExpr.cpp - Symbolic sizes of axes ------------------------------===//

#include "dialects/nn/SizeExpr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <tuple>

using namespace llvm;

namespace heddle::nn {

using Term = SizeExpr::Term;
using Factor = SizeExpr::Factor;
using Wide = __int128;

static int64_t saturate(Wide value) {
  constexpr int64_t largest = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(
      std::clamp<Wide>(value, -Wide(largest), Wide(largest)));
}

static Wide greatestCommonDivisor(Wide a, Wide b) {
  if (a < 0)
    a = -a;
  while (b != 0)
    std::swap(a %= b, b);
  return a;
}

static void setCoefficient(Term &term, Wide numerator, Wide denominator) {
  assert(denominator != 0 && "a coefficient's denominator is never zero");
  if (denominator < 0) {
    numerator = -numerator;
    denominator = -denominator;
  }
  Wide divisor = greatestCommonDivisor(numerator, denominator);
  term.numerator = saturate(numerator / divisor);
  term.denominator = saturate(denominator / divisor);
}

static int degreeOf(const Term &term) {
  int degree = 0;
  for (const Factor &factor : term.factors)
    degree += factor.second;
  return degree;
}

/// The order in which terms are written: falling degree, then names.
static bool comesBefore(const Term &a, const Term &b) {
  int degreeA = degreeOf(a), degreeB = degreeOf(b);
  if (degreeA != degreeB)
    return degreeA > degreeB;
  return std::lexicographical_compare(a.factors.begin(), a.factors.end(),
                                      b.factors.begin(), b.factors.end());
}

static Term multiply(const Term &a, const Term &b) {
  Term product;
  setCoefficient(product, Wide(a.numerator) * b.numerator,
                 Wide(a.denominator) * b.denominator);
  const Factor *i = a.factors.begin(), *j = b.factors.begin();
  while (i != a.factors.end() || j != b.factors.end()) {
    if (j == b.factors.end() || (i != a.factors.end() && i->first < j->first)) {
      product.factors.push_back(*i++);
    } else if (i == a.factors.end() || j->first < i->first) {
      product.factors.push_back(*j++);
    } else {
      if (int power = i->second + j->second)
        product.factors.push_back({i->first, power});
      ++i, ++j;
    }
  }
  return product;
}

SizeExpr::SizeExpr(int64_t constant) {
  if (constant != 0)
    terms_.push_back({constant, 1, {}});
}

SizeExpr SizeExpr::name(StringRef name) {
  SizeExpr expr;
  expr.terms_.push_back({1, 1, {{name.str(), 1}}});
  return expr;
}

SizeExpr SizeExpr::fromTerm(const Term &term) {
  SizeExpr expr;
  expr.addTerm(term);
  return expr;
}

void SizeExpr::addTerm(const Term &term) {
  if (term.numerator == 0)
    return;
  Term *place = llvm::lower_bound(terms_, term, comesBefore);
  if (place == terms_.end() || place->factors != term.factors) {
    terms_.insert(place, term);
    return;
  }
  setCoefficient(*place,
                 Wide(place->numerator) * term.denominator +
                     Wide(term.numerator) * place->denominator,
                 Wide(place->denominator) * term.denominator);
  if (place->numerator == 0)
    terms_.erase(place);
}

SizeExpr SizeExpr::operator+(const SizeExpr &other) const {
  SizeExpr sum = *this;
  for (const Term &term : other.terms_)
    sum.addTerm(term);
  return sum;
}

SizeExpr SizeExpr::operator-(const SizeExpr &other) const {
  return *this + -other;
}

SizeExpr SizeExpr::operator*(const SizeExpr &other) const {
  SizeExpr product;
  for (const Term &a : terms_)
    for (const Term &b : other.terms_)
      product.addTerm(multiply(a, b));
  return product;
}

FailureOr<SizeExpr> SizeExpr::dividedBy(const SizeExpr &divisor) const {
  if (divisor.terms_.size() != 1)
    return failure();
  const Term &term = divisor.terms_.front();
  SizeExpr reciprocal;
  reciprocal.terms_.emplace_back();
  setCoefficient(reciprocal.terms_.front(), term.denominator, term.numerator);
  for (const Factor &factor : term.factors)
    reciprocal.terms_.front().factors.push_back({factor.first, -factor.second});
  return *this * reciprocal;
}

FailureOr<SizeExpr> SizeExpr::toThePower(int exponent) const {
  if (exponent < 0) {
    FailureOr<SizeExpr> reciprocal = SizeExpr(1).dividedBy(*this);
    if (failed(reciprocal))
      return failure();
    return reciprocal->toThePower(-exponent);
  }
  SizeExpr power(1);
  for (int i = 0; i < exponent; ++i)
    power *= *this;
  return power;
}

bool SizeExpr::operator<(const SizeExpr &other) const {
  auto before = [](const Term &a, const Term &b) {
    return std::tie(a.factors, a.numerator, a.denominator) <
           std::tie(b.factors, b.numerator, b.denominator);
  };
  return std::lexicographical_compare(terms_.begin(), terms_.end(),
                                      other.terms_.begin(), other.terms_.end(),
                                      before);
}

bool SizeExpr::isConstant() const {
  return llvm::all_of(terms_,
                      [](const Term &term) { return term.factors.empty(); });
}

std::optional<int64_t> SizeExpr::asConstant() const {
  return evaluate([](StringRef) -> std::optional<int64_t> { return {}; });
}

std::optional<StringRef> SizeExpr::asName() const {
  if (terms_.size() != 1)
    return std::nullopt;
  const Term &term = terms_.front();
  if (term.numerator != 1 || term.denominator != 1 ||
      term.factors.size() != 1 || term.factors.front().second != 1)
    return std::nullopt;
  return StringRef(term.factors.front().first);
}

SmallVector<StringRef> SizeExpr::names() const & {
  SmallVector<StringRef> names;
  for (const Term &term : terms_)
    for (const Factor &factor : term.factors)
      names.push_back(factor.first);
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return names;
}

/// numerator / denominator += term, exactly; false where it does not fit.
static bool accumulate(Wide &numerator, Wide &denominator, Wide termNumerator,
                       Wide termDenominator) {
  constexpr Wide limit = Wide(1) << 62;
  Wide divisor = greatestCommonDivisor(termNumerator, termDenominator);
  termNumerator /= divisor;
  termDenominator /= divisor;
  auto fits = [](Wide value) { return value < limit && value > -limit; };
  if (!fits(termNumerator) || !fits(termDenominator))
    return false;
  numerator = numerator * termDenominator + termNumerator * denominator;
  denominator *= termDenominator;
  divisor = greatestCommonDivisor(numerator, denominator);
  numerator /= divisor;
  denominator /= divisor;
  return fits(numerator) && fits(denominator);
}

std::optional<int64_t> SizeExpr::evaluate(
    function_ref<std::optional<int64_t>(StringRef)> valueOf) const {
  constexpr Wide limit = Wide(1) << 62;
  Wide numerator = 0, denominator = 1;
  for (const Term &term : terms_) {
    Wide above = term.numerator, below = term.denominator;
    for (const Factor &factor : term.factors) {
      std::optional<int64_t> value = valueOf(factor.first);
      if (!value || (*value == 0 && factor.second < 0))
        return std::nullopt;
      for (int i = 0; i < std::abs(factor.second); ++i) {
        Wide &side = factor.second > 0 ? above : below;
        side *= *value;
        if (side >= limit || side <= -limit)
          return std::nullopt;
      }
    }
    if (below < 0)
      above = -above, below = -below;
    if (!accumulate(numerator, denominator, above, below))
      return std::nullopt;
  }
  if (denominator != 1)
    return std::nullopt;
  return static_cast<int64_t>(numerator);
}

FailureOr<SizeExpr> SizeExpr::substitute(
    function_ref<std::optional<SizeExpr>(StringRef)> replacement) const {
  SizeExpr result;
  for (const Term &term : terms_) {
    SizeExpr product;
    product.terms_.push_back({term.numerator, term.denominator, {}});
    for (const Factor &factor : term.factors) {
      std::optional<SizeExpr> value = replacement(factor.first);
      FailureOr<SizeExpr> power =
          (value ? *value : name(factor.first)).toThePower(factor.second);
      if (failed(power))
        return failure();
      product *= *power;
    }
    result += product;
  }
  return result;
}

hash_code hash_value(const SizeExpr &expr) {
  hash_code hash = 0;
  for (const Term &term : expr.terms_) {
    hash = hash_combine(hash, term.numerator, term.denominator);
    for (const Factor &factor : term.factors)
      hash = hash_combine(hash, StringRef(factor.first), factor.second);
  }
  return hash;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

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
