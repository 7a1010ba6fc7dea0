//===- SizeExpr.h - Symbolic sizes of axes ----------------------*- C++ -*-===//
//
// The size of an axis as the model file writes it: `D/H`, `3*H*K`, `T+1`.
//
// A SizeExpr is a polynomial over size names with rational coefficients and
// integer, possibly negative, powers. It is always kept in one canonical form,
// so that two expressions are the same size exactly when they compare equal,
// whatever way they were written: `(Y/P)*(X/P)` is `X*Y/P^2`. Equal numbers
// under different names stay different.
//
// Coefficients are 64-bit and saturate; evaluate() reports a result that does
// not fit.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_SIZEEXPR_H
#define HEDDLE_DIALECTS_NN_SIZEEXPR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace heddle::nn {

class SizeExpr {
public:
  /// A name with its power, never zero: `H^-1`.
  using Factor = std::pair<std::string, int>;

  /// (numerator / denominator) * product of factors. The fraction is in lowest
  /// terms and the denominator positive; factors are sorted by name.
  struct Term {
    int64_t numerator = 0;
    int64_t denominator = 1;
    llvm::SmallVector<Factor, 2> factors;

    bool operator==(const Term &other) const = default;
  };

  /// The constant 0.
  SizeExpr() = default;
  SizeExpr(int64_t constant);

  static SizeExpr name(llvm::StringRef name);
  static SizeExpr fromTerm(const Term &term);

  /// Reads what str() writes, and any sum, product, quotient by a monomial and
  /// integer power in parentheses:
  ///   sum     = [ "-" ] product { ( "+" | "-" ) product } .
  ///   product = power { ( "*" | "/" ) power } .
  ///   power   = ( name | integer | "(" sum ")" ) [ "^" [ "-" ] integer ] .
  /// Fails for what is no such text, and for polynomials that no axis has: of
  /// more than 256 terms, of a degree above 64, over a denominator above 2^31.
  static llvm::FailureOr<SizeExpr> parse(llvm::StringRef text);

  /// The canonical text: terms by falling degree, then by name, the constant
  /// last.
  std::string str() const;

  SizeExpr operator+(const SizeExpr &other) const;
  SizeExpr operator-(const SizeExpr &other) const;
  SizeExpr operator*(const SizeExpr &other) const;
  SizeExpr operator-() const { return *this * SizeExpr(-1); }
  SizeExpr &operator+=(const SizeExpr &other) { return *this = *this + other; }
  SizeExpr &operator*=(const SizeExpr &other) { return *this = *this * other; }
  /// Fails unless `divisor` is one term other than 0.
  llvm::FailureOr<SizeExpr> dividedBy(const SizeExpr &divisor) const;
  /// Fails for a negative power of anything but one term.
  llvm::FailureOr<SizeExpr> toThePower(int exponent) const;

  bool operator==(const SizeExpr &other) const = default;
  /// A total order, for deterministic containers; it means nothing about sizes.
  bool operator<(const SizeExpr &other) const;

  bool isConstant() const;
  /// The value if the expression is a whole number without names.
  std::optional<int64_t> asConstant() const;
  /// The name if the expression is one name alone.
  std::optional<llvm::StringRef> asName() const;

  llvm::ArrayRef<Term> terms() const & { return terms_; }
  llvm::ArrayRef<Term> terms() const && = delete; // would outlive the terms

  /// Every name that occurs, once, in order of names.
  llvm::SmallVector<llvm::StringRef> names() const &;
  llvm::SmallVector<llvm::StringRef> names() const && = delete;

  /// The value where `valueOf` gives every name its own; nullopt if it misses
  /// one, if the result is not a whole number, or if it does not fit.
  std::optional<int64_t>
  evaluate(llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> valueOf)
      const;

  /// Puts expressions in the place of names; names for which `replacement`
  /// gives nullopt stay. Fails where a name with a negative power would become
  /// a sum.
  llvm::FailureOr<SizeExpr> substitute(
      llvm::function_ref<std::optional<SizeExpr>(llvm::StringRef)> replacement)
      const;

  friend llvm::hash_code hash_value(const SizeExpr &expr);

private:
  void addTerm(const Term &term);

  /// None is zero, no two have the same factors; in the order of str().
  llvm::SmallVector<Term, 1> terms_;
};

llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const SizeExpr &expr);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_SIZEEXPR_H
