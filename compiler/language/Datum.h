//===- Datum.h - What an expression is worth --------------------*- C++ -*-===//
//
// Elaboration gives every expression a Datum: a tensor of the program being
// built, a scalar within a `where` or `bias` region, a constant, the variable
// of a loop or what comes of it, or Faulty after a mistake that has been
// reported: whatever is computed from it is Faulty too, silently.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_DATUM_H
#define HEDDLE_COMPILER_LANGUAGE_DATUM_H

#include "compiler/language/Constant.h"
#include "mlir/IR/Value.h"
#include <vector>

namespace heddle::language {

/// Sizes of axes, outermost first, definitions expanded: equal axes compare
/// equal.
using Axes = std::vector<SizeExpr>;

enum class Element { Real, Int, Bool };

/// What a tensor is, apart from its value.
struct Shape {
  Element element = Element::Real;
  Axes axes;
  /// The size that Int elements index: `V[B T]`.
  std::optional<SizeExpr> over;

  bool operator==(const Shape &) const = default;
};

struct Tensor {
  mlir::Value value;
  Shape shape;

  const Axes &axes() const { return shape.axes; }
};

/// Index, i1 or f32, for one pair of query and key.
struct Scalar {
  mlir::Value value;
};

/// Iterations first..end of a `for` that are one loop. Its body is elaborated
/// as `first` sees it; where another iteration would see something else, the
/// run ends before that one.
struct LoopRun {
  int64_t first, end;
  bool isCounted = false; ///< an iteration computes with its number
};

/// The variable of a `for` that stays a loop. Paths take it as it is; for
/// everything else it is the first number of the run.
struct LoopIndex {
  mlir::Value value;
  LoopRun *run;
};

/// What each iteration of a run gets, from its first on, where they differ:
/// `1 / (l + 1)`, `windows[l]`. A tensor is combined with it as it is; for
/// everything else it is what the first iteration gets.
struct LoopValue {
  LoopIndex loop;
  std::vector<Constant> values;
  /// It was computed from the iteration's number.
  bool isCounted = false;
};

/// The variable of a `scan`; it may stand in `x[t]` only.
struct ScanPosition {
  SizeExpr axis;
};

struct Faulty {};

using Datum = std::variant<Faulty, Tensor, Scalar, LoopIndex, LoopValue,
                           ScanPosition, Constant>;
using Data = std::vector<Datum>;

inline bool isFaulty(const Datum &datum) {
  return std::holds_alternative<Faulty>(datum);
}

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_DATUM_H
