//===- IndexBounds.h - Whether indices stay within their axes ---*- C++ -*-===//
//
// `t[b, j]` reads an element for every pair that `where` or `bias` is asked
// about. What an index can be follows from what it is computed of: positions
// stay below the length of their axis, buckets below their number. An index
// that may leave its axis is a mistake of the model.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_INDEXBOUNDS_H
#define HEDDLE_COMPILER_LANGUAGE_INDEXBOUNDS_H

#include "compiler/language/Configuration.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/SizeTable.h"

namespace heddle::language {

/// What is known of an index: it is `from` or more, and at most `to`, and below
/// each of the sizes, which are those of the row at hand.
struct IndexRange {
  int64_t from = INT64_MIN, to = INT64_MAX;
  llvm::SmallVector<SizeExpr, 2> below;

  static IndexRange of(int64_t from, int64_t to) { return {from, to, {}}; }
};

/// A comparison that holds: lhs < rhs, or with `orEqual` lhs ≤ rhs.
struct IndexFact {
  mlir::Value lhs, rhs;
  bool orEqual;
};

class IndexBounds {
public:
  /// All of a module's caches have to be there: whether positions go on from
  /// call to call depends on them.
  IndexBounds(mlir::ModuleOp module, const Configuration &configuration)
      : sizes(module), configuration(configuration) {}

  /// Why index number `axis` of a lookup may be none of its axis; empty if it
  /// is one whatever the pair.
  std::string whyOutside(nn::LookupOp lookup, unsigned axis);
  /// Why positions may be none of the axis that they are indices into.
  std::string whyOutside(nn::PositionsOp positions);

private:
  IndexRange rangeOf(mlir::Value index);
  IndexRange rangeOfArgument(mlir::BlockArgument argument);
  IndexRange rangeOfChoice(mlir::arith::SelectOp choice);
  /// What is known of indices of an axis.
  IndexRange within(const SizeExpr &axis);
  void refine(IndexRange &range, mlir::Value index);
  /// Adds what follows from `condition` being `holds`.
  void suppose(mlir::Value condition, bool holds);

  SizeExpr expand(const SizeExpr &axis) const;
  /// The least and greatest length that an axis can have.
  IndexRange lengths(const SizeExpr &axis) const;
  bool isAtMost(const SizeExpr &size, const SizeExpr &axis) const;

  nn::SizeTable sizes;
  const Configuration &configuration;
  llvm::SmallVector<IndexFact> facts;
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_INDEXBOUNDS_H
