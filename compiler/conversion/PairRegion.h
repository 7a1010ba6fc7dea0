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
#include "dialects/nn/Pairs.h"

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

  /// A bound of the keys that satisfy a condition of the region.
  mlir::Value lower(const nn::KeyBound &bound);

private:
  mlir::Value lowerLookup(nn::LookupOp op);
  mlir::Value lowerBucket(nn::BucketOp op);
  mlir::Value farBucket(nn::BucketOp op, mlir::Value back, int64_t count);
  mlir::Value bucketAround(nn::BucketOp op);
  mlir::Value lookUpBucketAround(nn::BucketOp op);
  mlir::Value lookUpBucket(nn::BucketOp op, mlir::Value back, int64_t count);

  FunctionLowering &lowering;
  mlir::Region &region;
  mlir::IRMapping values;
};

} // namespace heddle::conversion

#endif // HEDDLE_COMPILER_CONVERSION_PAIRREGION_H
