//===- Pairs.h - what is said about pairs of a query and a key --*- C++ -*-===//
//
// The regions of nn.attention and nn.mask, and those of kernel.attention that
// these become, get a row, a head, the position of a query and that of a key.
// Whoever wants to know more than to ask pair by pair asks here.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_PAIRS_H
#define HEDDLE_DIALECTS_NN_PAIRS_H

#include "mlir/IR/Region.h"
#include "mlir/IR/Value.h"
#include <optional>
#include <vector>

namespace heddle::nn {

/// A number that is the same for all keys: constant + Σ ± term, or the least or
/// the largest of others.
struct KeyBound {
  enum class Kind { Sum, Least, Largest } kind = Kind::Sum;
  struct Term {
    mlir::Value value;
    bool isSubtracted;
  };
  llvm::SmallVector<Term, 2> terms;
  int64_t constant = 0;
  std::vector<KeyBound> others;
};

/// from ≤ key < to, where nothing is no bound. No other key satisfies the
/// condition; all of these do where the range is exact.
struct KeyRange {
  std::optional<KeyBound> from, to;
  bool isExact = false;
};

/// What comparisons of the key with something else say of it: j ≤ i, i − j < W,
/// and what `and` and `or` make of such ones.
KeyRange keysThatSatisfy(mlir::Region &region, mlir::Value condition);

/// The conditions that a pair has to satisfy, all of them, for `mask` to admit
/// it.
llvm::SmallVector<mlir::Value> conditionsOf(mlir::Region &mask);

/// What the region yields for every pair, if that is a constant.
mlir::Attribute constantOf(mlir::Region &region);

bool admitsAll(mlir::Region &mask);

/// Whether `mask` may admit a key that stands after the query. An empty region
/// admits all.
bool admitsLaterKey(mlir::Region &mask);

/// The W of which `mask` admits no key before position i − W + 1, i being the
/// query's; nothing if none is known.
std::optional<int64_t> windowOf(mlir::Region &mask);

/// Whether the region's value is one of head and distance alone: it reads the
/// positions in j − i only, and no row.
bool dependsOnDistance(mlir::Region &region);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_PAIRS_H
