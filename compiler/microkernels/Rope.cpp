//===- Rope.cpp - kernel.rope as vector code ------------------------------===//
//
//   parallel task: for a few tokens t:
//     for pairs p, a vector at a time:
//       (sin, cos) of position[t] · frequency[p]
//       for heads h:  rotate the pairs of x[t, h]
//     for heads h:    copy what is not in a pair
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Rope.h"
#include "compiler/microkernels/Tasks.h"
#include "compiler/microkernels/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class RopeEmitter {
public:
  RopeEmitter(OpBuilder &builder, kernel::RopeOp op, const Target &target)
      : op(op), v(builder, op.getLoc(), target),
        heads(op.getX().getType().getDimSize(1)),
        depth(op.getX().getType().getDimSize(2)),
        pairs(op.getFrequencies().getType().getDimSize(0)) {}

  void emit();

private:
  /// Addresses of x and y.
  struct Place {
    Value x, y;
  };
  Place moved(Place place, Value index, unsigned axis);
  Place moved(Place place, int64_t elements) {
    return {v.advance(place.x, elements), v.advance(place.y, elements)};
  }

  void emitToken(Place token, Value position, Value frequencies);
  void forHeads(Place token, function_ref<void(Place head)> body);
  void rotateHalves(Place head, int64_t first, int64_t count,
                    const SineAndCosine &angle);
  void rotateNeighbours(Place head, int64_t first, int64_t count,
                        const SineAndCosine &angle);
  /// The pair (a, c), rotated.
  std::pair<Value, Value> rotated(Value a, Value c, const SineAndCosine &angle);
  /// Lanes start, start + step, … of two vectors, side by side.
  Value shuffled(Value left, Value right, int64_t start, int64_t step);

  kernel::RopeOp op;
  VectorBuilder v;
  int64_t heads, depth, pairs;
};

} // namespace

RopeEmitter::Place RopeEmitter::moved(Place place, Value index, unsigned axis) {
  auto by = [&](TypedValue<MemRefType> memref) -> Value {
    return arith::MulIOp::create(v.builder, v.loc, index,
                                 v.index(stridesOf(memref)[axis]));
  };
  return {v.advance(place.x, by(op.getX())), v.advance(place.y, by(op.getY()))};
}

void RopeEmitter::emit() {
  Value tokens = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  Place all = {v.addressOf(op.getX()), v.addressOf(op.getY())};
  Value positions = v.addressOf(op.getPositions()),
        frequencies = v.addressOf(op.getFrequencies());
  int64_t share =
      std::max<int64_t>(tuning::elementsOfTask / (heads * depth), 1);
  Value tasks =
      arith::CeilDivUIOp::create(v.builder, v.loc, tokens, v.index(share));
  int64_t work = heads * depth * tuning::elementCost;
  emitTasks(v, tasks, {tokens, work}, [&](Value task) {
    Value from = arith::MulIOp::create(v.builder, v.loc, task, v.index(share));
    Value to = arith::MinUIOp::create(
        v.builder, v.loc,
        arith::AddIOp::create(v.builder, v.loc, from, v.index(share)), tokens);
    v.loop(from, to, 1, [&](Value token) {
      Value position = v.loadSplatInt(v.advance(positions, token));
      emitToken(moved(all, token, 0),
                arith::SIToFPOp::create(v.builder, v.loc, v.floats(), position),
                frequencies);
    });
  });
}

void RopeEmitter::emitToken(Place token, Value position, Value frequencies) {
  int64_t lanes = v.target.lanes();
  for (int64_t first = 0; first < pairs; first += lanes) {
    int64_t count = std::min(lanes, pairs - first);
    Value frequency = v.loadFirst(v.advance(frequencies, first), count);
    SineAndCosine angle = emitSineAndCosine(v, v.mul(position, frequency));
    forHeads(token, [&](Place head) {
      if (op.getAdjacent())
        rotateNeighbours(head, first, count, angle);
      else
        rotateHalves(head, first, count, angle);
    });
  }
  if (2 * pairs == depth)
    return;
  forHeads(token, [&](Place head) {
    for (int64_t first = 2 * pairs; first < depth; first += lanes) {
      int64_t count = std::min(lanes, depth - first);
      Place at = moved(head, first);
      v.storeFirst(v.loadFirst(at.x, count), at.y, count);
    }
  });
}

void RopeEmitter::forHeads(Place token, function_ref<void(Place)> body) {
  v.loop(v.index(0), v.index(heads), 1,
         [&](Value head) { body(moved(token, head, 1)); });
}

// (a cos − c sin) m, (c cos + a sin) m
std::pair<Value, Value> RopeEmitter::rotated(Value a, Value c,
                                             const SineAndCosine &angle) {
  Value left = v.sub(v.mul(a, angle.cosine), v.mul(c, angle.sine));
  Value right = v.add(v.mul(c, angle.cosine), v.mul(a, angle.sine));
  double magnitude = op.getMagnitude().convertToDouble();
  if (magnitude == 1)
    return {left, right};
  Value scale = v.splat(static_cast<float>(magnitude));
  return {v.mul(left, scale), v.mul(right, scale)};
}

void RopeEmitter::rotateHalves(Place head, int64_t first, int64_t count,
                               const SineAndCosine &angle) {
  Place left = moved(head, first), right = moved(head, first + pairs);
  auto [a, c] =
      rotated(v.loadFirst(left.x, count), v.loadFirst(right.x, count), angle);
  v.storeFirst(a, left.y, count);
  v.storeFirst(c, right.y, count);
}

Value RopeEmitter::shuffled(Value left, Value right, int64_t start,
                            int64_t step) {
  SmallVector<int64_t> lanes;
  int64_t count = v.target.lanes();
  for (int64_t lane = 0; lane < count; ++lane)
    // step 2: pick every second one; step ½ (0): take turns between the two
    lanes.push_back(step ? start + lane * step
                         : start + lane / 2 + (lane % 2) * count);
  return vector::ShuffleOp::create(v.builder, v.loc, left, right, lanes);
}

void RopeEmitter::rotateNeighbours(Place head, int64_t first, int64_t count,
                                   const SineAndCosine &angle) {
  int64_t lanes = v.target.lanes();
  int64_t inLeft = std::min(lanes, 2 * count), inRight = 2 * count - inLeft;
  Place left = moved(head, 2 * first), right = moved(left, lanes);
  Value l = v.loadFirst(left.x, inLeft),
        r = inRight ? v.loadFirst(right.x, inRight) : v.splat(0);
  auto [a, c] = rotated(shuffled(l, r, 0, 2), shuffled(l, r, 1, 2), angle);
  v.storeFirst(shuffled(a, c, 0, 0), left.y, inLeft);
  if (inRight)
    v.storeFirst(shuffled(a, c, lanes / 2, 0), right.y, inRight);
}

void lowerRope(RewriterBase &rewriter, kernel::RopeOp op,
               const Target &target) {
  rewriter.setInsertionPoint(op);
  RopeEmitter(rewriter, op, target).emit();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
