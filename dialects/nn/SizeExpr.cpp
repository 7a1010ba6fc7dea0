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

} // namespace heddle::nn
