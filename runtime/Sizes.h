// The named sizes of one call, and polynomials in them.
#ifndef HEDDLE_RUNTIME_SIZES_H
#define HEDDLE_RUNTIME_SIZES_H

#include "runtime/abi.h"

namespace heddle::runtime {

/// The values of a program's sizes in one call. Ragged sizes have one value a
/// row. The arrays belong to the session.
struct CallSizes {
  const heddle_program *program;
  int64_t rows;
  int64_t value[HEDDLE_MAX_SIZES];         // ragged: the maximum over rows
  const int64_t *perRow[HEDDLE_MAX_SIZES]; // null unless ragged
};

/// The most that a session may be asked for.
struct SizeLimits {
  const heddle_program *program;
  int64_t rows;
  int64_t perRow[HEDDLE_MAX_SIZES]; // of one row; of a size that is not
                                    // ragged: of the call
  int64_t total[HEDDLE_MAX_SIZES];  // ragged: the sum over rows
};

/// Whether one of the factors has a value a row.
bool isRagged(const heddle_program &program, const heddle_term &term);

// Each returns false where the result does not fit into 63 bits.

/// The term without its coefficient in one row; the row size counts as 1 if
/// another factor is ragged.
bool monomialOfRow(const heddle_term &term, const CallSizes &sizes, int64_t row,
                   int64_t &result);

/// The polynomial over the whole call: ragged terms are summed over rows.
/// Rounded up where the rational coefficients leave a fraction.
bool evaluate(const heddle_polynomial &polynomial, const CallSizes &sizes,
              int64_t &result);

/// The polynomial with row `row`'s values of ragged sizes.
bool evaluateRow(const heddle_polynomial &polynomial, const CallSizes &sizes,
                 int64_t row, int64_t &result);

/// A bound of evaluate() over every call within the limits.
bool evaluateBound(const heddle_polynomial &polynomial,
                   const SizeLimits &limits, int64_t &result);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_SIZES_H
