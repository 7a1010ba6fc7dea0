// The texts of JSON numbers, within bounds.
#ifndef HEDDLE_RUNTIME_GRAMMAR_NUMBERS_H
#define HEDDLE_RUNTIME_GRAMMAR_NUMBERS_H

#include "runtime/grammar/Terms.h"

namespace heddle::grammar {

/// A number as decimal digits: those of its whole part without zeros in front,
/// and those behind the point without zeros behind.
struct Decimal {
  static constexpr int most = 40;

  bool isNegative = false;
  int8_t whole[most], fraction[most];
  int wholeCount = 0, fractionCount = 0;

  /// False: it has more digits than there is room for.
  bool read(std::string_view text);
  bool isZero() const { return wholeCount + fractionCount == 0; }
  bool isWhole() const { return fractionCount == 0; }
  int digits() const { return wholeCount + fractionCount; }
  /// Less than 0, 0, or more.
  int compare(const Decimal &other) const;
};

struct Bound {
  bool isThere = false;
  bool isExclusive = false;
  Decimal at;

  /// The stricter of both: `sign` is 1 for least, −1 for greatest numbers.
  void tighten(const Bound &other, int sign);
};

/// Digits of what is written.
constexpr int mostDigits = 15; ///< such decimals are distinct doubles
constexpr int mostWholeDigits = 30;

/// What keeps a number within the bounds from being written: nullptr if nothing
/// does.
const char *checkBounds(const Bound &least, const Bound &greatest,
                        bool isInteger);

/// Numbers within the bounds; integers have neither point nor exponent.
Term numbers(Terms &terms, const Bound &least, const Bound &greatest,
             bool isInteger);

} // namespace heddle::grammar

#endif // HEDDLE_RUNTIME_GRAMMAR_NUMBERS_H
