//===- PairRegion.h - what is said about pairs of a query and a key -------===//
//
// The regions of nn.attention and nn.mask get a row, a head, the position of a
// query and that of a key. Their values are lowered one by one, as they are
// asked for.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_CONVERSION_PAIRREGION_H
#define HEDDLE_COMPILER_CONVERSION_PAIRREGION_H

#include "compiler/conversion/FunctionLowering.h"

namespace heddle::conversion {

class PairRegion {
public:
  /// `indices` stand for the arguments of `region`; without the last one,
  /// values that depend on the key cannot be asked for.
  PairRegion(FunctionLowering &lowering, mlir::Region &region,
             mlir::ValueRange indices);

  /// What looks a bucket up: the buckets of all distances as a table, in place
  /// of a logarithm for every pair.
  bool tabulates = false;

  /// Lowers a value of the region, or one that it reads from outside, to where
  /// the builder stands.
  mlir::Value lower(mlir::Value value);
  /// What the region yields.
  mlir::Value result();

  /// Whether a value differs from key to key.
  bool dependsOnKey(mlir::Value value) const;
  mlir::Value key() const { return region.getArgument(3); }

  FunctionLowering &lowering;

private:
  mlir::Value lowerLookup(nn::LookupOp op);
  mlir::Value lowerBucket(nn::BucketOp op);
  mlir::Value farBucket(nn::BucketOp op, mlir::Value back, int64_t count);
  mlir::Value lookUpBucket(nn::BucketOp op, mlir::Value back, int64_t count);

  mlir::Region &region;
  mlir::IRMapping values;
};

/// Half-open range of key positions; what is null has no bound.
struct KeyRange {
  mlir::Value from, to;
};

/// The keys for which `condition` holds, if they are a range that comparisons
/// of the key with something else say: j ≤ i, i − j < W, and what `and` and
/// `or` make of such ones. Emits the bounds where the builder stands.
std::optional<KeyRange> keysThatSatisfy(PairRegion &pairs,
                                        mlir::Value condition);

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_PAIRREGION_H
