#include "runtime/Sizes.h"

#include <numeric>

namespace heddle::runtime {

static bool isRaggedSize(const heddle_program &program, int32_t size) {
  return program.sizes[size].per >= 0;
}

bool isRagged(const heddle_program &program, const heddle_term &term) {
  for (int32_t s = 0; s < program.size_count; ++s)
    if (term.power[s] && isRaggedSize(program, s))
      return true;
  return false;
}

static bool multiply(int64_t &product, int64_t factor, int power) {
  for (; power > 0; --power)
    if (__builtin_mul_overflow(product, factor, &product))
      return false;
  return true;
}

bool monomialOfRow(const heddle_term &term, const CallSizes &sizes, int64_t row,
                   int64_t &result) {
  const heddle_program &program = *sizes.program;
  bool ragged = isRagged(program, term);
  result = 1;
  for (int32_t s = 0; s < program.size_count; ++s) {
    if (s == program.row_size && ragged)
      continue;
    int64_t factor =
        isRaggedSize(program, s) ? sizes.perRow[s][row] : sizes.value[s];
    if (!multiply(result, factor, term.power[s]))
      return false;
  }
  return true;
}

namespace {

/// An exact sum of rational terms.
class Fraction {
public:
  /// Adds value · numerator / denominator.
  bool add(int64_t value, int64_t numerator, int64_t denominator) {
    int64_t common = std::gcd(value, denominator), left, right, bottom;
    value /= common;
    denominator /= common;
    if (__builtin_mul_overflow(value, numerator, &value) ||
        __builtin_mul_overflow(top, denominator, &left) ||
        __builtin_mul_overflow(value, below, &right) ||
        __builtin_mul_overflow(below, denominator, &bottom) ||
        __builtin_add_overflow(left, right, &top))
      return false;
    common = std::gcd(top, bottom);
    top /= common;
    below = bottom / common;
    return true;
  }

  int64_t roundedUp() const { return top / below + (top % below > 0); }

private:
  int64_t top = 0, below = 1;
};

} // namespace

bool evaluate(const heddle_polynomial &polynomial, const CallSizes &sizes,
              int64_t &result) {
  Fraction sum;
  for (int32_t t = 0; t < polynomial.count; ++t) {
    const heddle_term &term = polynomial.terms[t];
    int64_t rows = isRagged(*sizes.program, term) ? sizes.rows : 1, total = 0;
    for (int64_t row = 0; row < rows; ++row) {
      int64_t share;
      if (!monomialOfRow(term, sizes, row, share) ||
          __builtin_add_overflow(total, share, &total))
        return false;
    }
    if (!sum.add(total, term.numerator, term.denominator))
      return false;
  }
  result = sum.roundedUp();
  return true;
}

bool evaluateRow(const heddle_polynomial &polynomial, const CallSizes &sizes,
                 int64_t row, int64_t &result) {
  Fraction sum;
  for (int32_t t = 0; t < polynomial.count; ++t) {
    const heddle_term &term = polynomial.terms[t];
    int64_t share;
    if (!monomialOfRow(term, sizes, row, share) ||
        !sum.add(share, term.numerator, term.denominator))
      return false;
  }
  result = sum.roundedUp();
  return true;
}

/// A bound of the sum over rows of a ragged term: one factor, the one whose sum
/// is limited best, counts with its total and all others with their maxima.
static bool boundRagged(const heddle_term &term, const SizeLimits &limits,
                        int64_t &result) {
  const heddle_program &program = *limits.program;
  bool known = false;
  for (int32_t summed = 0; summed < program.size_count; ++summed) {
    if (!term.power[summed] || !isRaggedSize(program, summed))
      continue;
    int64_t bound = limits.total[summed];
    bool fits = true;
    for (int32_t s = 0; fits && s < program.size_count; ++s)
      if (s != program.row_size)
        fits = multiply(bound, limits.perRow[s],
                        term.power[s] - (s == summed ? 1 : 0));
    if (fits && (!known || bound < result))
      result = bound;
    known |= fits;
  }
  return known;
}

bool evaluateBound(const heddle_polynomial &polynomial,
                   const SizeLimits &limits, int64_t &result) {
  const heddle_program &program = *limits.program;
  Fraction sum;
  for (int32_t t = 0; t < polynomial.count; ++t) {
    const heddle_term &term = polynomial.terms[t];
    if (term.numerator <= 0)
      continue; // leaving out what is subtracted keeps it a bound
    int64_t bound = 1;
    if (isRagged(program, term)) {
      if (!boundRagged(term, limits, bound))
        return false;
    } else {
      for (int32_t s = 0; s < program.size_count; ++s)
        if (!multiply(bound, limits.perRow[s], term.power[s]))
          return false;
    }
    if (!sum.add(bound, term.numerator, term.denominator))
      return false;
  }
  result = sum.roundedUp();
  return true;
}

} // namespace heddle::runtime
