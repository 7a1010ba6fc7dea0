//===- Reduction.cpp - linalg's reductions as vector code -----------------===//
//
// Sums and maxima, y[p…] = y[p…] ∘ ∘ᵣ f(x[p…, r…], …), in one of two ways:
//
//   across: a vector of neighbours in y, each with its own chain
//     for the last p, some vectors at a time:
//       for r…:  y += f(x)                          in the order of r
//   along: one element of y, whose terms are neighbours in memory
//     for all but the last r, for the last r, `chains` vectors at a time:
//       sums[chain] += f(x)
//     y += ((sums[0] + sums[1]) + (sums[2] + sums[3])) across lanes
//
// Which one, and so the order of an element's terms, depends on the strides and
// on the reduced loops alone: on no other element, and on no thread.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Reduction.h"
#include "compiler/microkernels/GenericLoops.h"
#include "compiler/microkernels/Tasks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class ReductionEmitter {
public:
  ReductionEmitter(OpBuilder &builder, linalg::GenericOp op,
                   const Target &target)
      : op(op), v(builder, op.getLoc(), target), loops(v, op) {}

  /// Why the operation has no vector code, or nothing; decides which.
  StringRef refusal();
  void emit();

private:
  using Operand = GenericLoops::Operand;
  using Along = GenericLoops::Along;
  static constexpr int64_t chains = 4;

  bool isCombination();
  bool isLine(unsigned loop);
  bool goesAcross();

  void emitTask(Value from, Value to);
  void emitAcross(ArrayRef<Value> outer, Value from, Value to);
  void emitVectors(ArrayRef<Value> outer, Value at, int64_t vectors,
                   Value mask);
  void emitAlong(ArrayRef<Value> outer);
  SmallVector<Value> sumOfLine(ArrayRef<Value> pointers, ValueRange sums);

  /// Loops over the reduced groups up to `end`, innermost first to last:
  /// values = body(indices, values).
  SmallVector<Value>
  nest(unsigned group, unsigned end, SmallVector<Value> indices,
       ValueRange values,
       function_ref<SmallVector<Value>(ArrayRef<Value>, ValueRange)> body);
  /// Loads the inputs at these places, a vector along `group`, and adds f of
  /// them; null places are of scalars.
  Value step(ArrayRef<Value> places, unsigned group, Value sum, Value mask);
  Value combine(Value a, Value b);
  Value acrossLanes(Value sum);

  template <typename OpTy> Value make(Value a, Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }
  bool isSum() { return isa<arith::AddFOp>(combination); }
  Operand &result() { return loops.operands.back(); }

  linalg::GenericOp op;
  VectorBuilder v;
  GenericLoops loops;
  /// What is yielded: an element so far and a term.
  Operation *combination = nullptr;
  bool across = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// Which way
//===----------------------------------------------------------------------===//

/// The body ends with y + f or max(y, f), of f32, and reads y nowhere else.
bool ReductionEmitter::isCombination() {
  if (op.getNumDpsInits() != 1)
    return false;
  Value y = loops.body().getArguments().back();
  combination = loops.body().getTerminator()->getOperand(0).getDefiningOp();
  return combination && y.getType().isF32() && y.hasOneUse() &&
         isa<arith::AddFOp, arith::MaximumFOp>(combination) &&
         llvm::is_contained(combination->getOperands(), y) &&
         combination->hasOneUse();
}

/// Whether neighbours along a loop are the same element or neighbours in the
/// memory of every input, and neighbours of some.
bool ReductionEmitter::isLine(unsigned loop) {
  bool some = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    if (!isa<MemRefType>(input->get().getType()))
      continue;
    int64_t stride = loops.staticStride(*input, loop);
    if (stride != 0 && stride != 1)
      return false;
    some |= stride == 1;
  }
  return some;
}

/// Across where that reads lines, or where the other way reads none of a
/// vector's length.
bool ReductionEmitter::goesAcross() {
  unsigned parallel = op.getNumParallelLoops(), last = op.getNumLoops() - 1;
  if (parallel == 0 ||
      loops.staticStride(*op.getDpsInitOperand(0), parallel - 1) != 1)
    return false;
  if (isLine(parallel - 1) || !isLine(last))
    return true;
  int64_t length = op.getStaticLoopRanges()[last];
  return !ShapedType::isDynamic(length) && length < v.target.lanes();
}

StringRef ReductionEmitter::refusal() {
  if (StringRef reason = loops.refusal(); !reason.empty())
    return reason;
  auto iterators = op.getIteratorTypesArray();
  unsigned parallel = op.getNumParallelLoops();
  if (parallel == op.getNumLoops() ||
      !llvm::all_of(ArrayRef(iterators).take_front(parallel),
                    [](utils::IteratorType iterator) {
                      return iterator == utils::IteratorType::parallel;
                    }))
    return "no loops are reduced within parallel ones";
  if (!isCombination())
    return "it is no sum or maximum";
  if (!loops.body().getOps<linalg::IndexOp>().empty() ||
      !Lanes::canEvaluate(
          loops.body(),
          Lanes::varying(loops.body(), loops.body().getArguments())))
    return "the body is more than arithmetic";
  across = goesAcross();
  if (!across && !isLine(op.getNumLoops() - 1))
    return "neighbours are neighbours in memory along no loop";
  return {};
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value ReductionEmitter::combine(Value a, Value b) {
  return isSum() ? v.add(a, b) : make<arith::MaximumFOp>(a, b);
}

Value ReductionEmitter::acrossLanes(Value sum) {
  if (isSum())
    return v.sumOfLanes(sum);
  Value largest = vector::ReductionOp::create(
      v.builder, v.loc, vector::CombiningKind::MAXIMUMF, sum);
  return vector::BroadcastOp::create(v.builder, v.loc, v.floats(), largest);
}

Value ReductionEmitter::step(ArrayRef<Value> places, unsigned group, Value sum,
                             Value mask) {
  Lanes lanes(v);
  for (auto [operand, place] :
       llvm::zip_equal(ArrayRef(loops.operands).drop_back(), places)) {
    if (!operand.isRead)
      continue;
    if (operand.isScalar()) {
      lanes.setScalar(operand.argument, operand.base);
      continue;
    }
    switch (loops.along(operand, group)) {
    case Along::Same:
      lanes.setScalar(
          operand.argument,
          LLVM::LoadOp::create(v.builder, v.loc, operand.element, place));
      break;
    case Along::Neighbours:
      lanes.setVector(operand.argument,
                      lanes.load(place, operand.element, mask));
      break;
    case Along::Strided:
      lanes.setVector(operand.argument,
                      lanes.loadStrided(place, operand.element,
                                        operand.strides[group], mask));
      break;
    }
  }
  lanes.setVector(result().argument, sum);
  lanes.evaluate(loops.body(), mask);
  Value total = lanes.vector(combination->getResult(0));
  // The addition takes a multiplication with it, rounded once.
  Value term = combination->getOperand(
      combination->getOperand(0) == result().argument ? 1 : 0);
  if (auto product = term.getDefiningOp<arith::MulFOp>(); product && isSum())
    total = v.mulAdd(lanes.vector(product.getLhs()),
                     lanes.vector(product.getRhs()), sum);
  return mask ? arith::SelectOp::create(v.builder, v.loc, mask, total, sum)
              : total;
}

SmallVector<Value> ReductionEmitter::nest(
    unsigned group, unsigned end, SmallVector<Value> indices, ValueRange values,
    function_ref<SmallVector<Value>(ArrayRef<Value>, ValueRange)> body) {
  if (group == end)
    return body(indices, values);
  return v.loop(v.index(0), loops.groups[group].size, 1, values,
                [&](Value index, ValueRange inner) {
                  SmallVector<Value> all(indices);
                  all.push_back(index);
                  return nest(group + 1, end, all, inner, body);
                });
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

void ReductionEmitter::emit() {
  loops.find();
  if (loops.parallelGroups == 0)
    return emitAlong({});
  Value outermost = loops.groups.front().size, inner = loops.turnsWithin();
  Value share = make<arith::MaxUIOp>(
      make<arith::DivUIOp>(v.index(tuning::elementsOfTask),
                           make<arith::MaxUIOp>(inner, v.index(1))),
      v.index(1));
  // A task of a single line takes whole lines of memory.
  if (across && loops.parallelGroups == 1)
    share = make<arith::MulIOp>(
        make<arith::CeilDivUIOp>(share, v.index(chains * v.target.lanes())),
        v.index(chains * v.target.lanes()));
  Value tasks = make<arith::CeilDivUIOp>(outermost, share);
  Value terms = make<arith::MulIOp>(outermost, inner);
  int64_t cost = tuning::elementCost + Lanes::costOf(loops.body());
  emitTasks(v, tasks, {terms, cost}, [&](Value task) {
    Value from = make<arith::MulIOp>(task, share);
    Value to = make<arith::MinUIOp>(make<arith::AddIOp>(from, share),
                                    loops.groups.front().size);
    emitTask(from, to);
  });
}

void ReductionEmitter::emitTask(Value from, Value to) {
  OpBuilder::InsertionGuard guard(v.builder);
  SmallVector<Value> outer;
  unsigned count = loops.parallelGroups - (across ? 1 : 0);
  for (const auto &group : ArrayRef(loops.groups).take_front(count)) {
    bool outermost = outer.empty();
    auto loop =
        scf::ForOp::create(v.builder, v.loc, outermost ? from : v.index(0),
                           outermost ? to : group.size, v.index(1));
    v.builder.setInsertionPointToStart(loop.getBody());
    outer.push_back(loop.getInductionVar());
  }
  if (!across)
    return emitAlong(outer);
  if (outer.empty())
    return emitAcross(outer, from, to);
  emitAcross(outer, v.index(0), loops.groups[count].size);
}

/// Elements from … to − 1 of the last parallel group.
void ReductionEmitter::emitAcross(ArrayRef<Value> outer, Value from, Value to) {
  int64_t width = v.target.lanes();
  for (int64_t vectors : {chains, int64_t(1)}) {
    Value whole = make<arith::AddIOp>(
        from, make<arith::AndIOp>(make<arith::SubIOp>(to, from),
                                  v.index(-vectors * width)));
    v.loop(from, whole, vectors * width,
           [&](Value at) { emitVectors(outer, at, vectors, Value()); });
    from = whole;
  }
  Value rest = make<arith::SubIOp>(to, from);
  Value any = arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::ugt,
                                    rest, v.index(0));
  auto tail = scf::IfOp::create(v.builder, v.loc, any, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(v.builder);
  v.builder.setInsertionPointToStart(tail.thenBlock());
  emitVectors(outer, from, 1, Lanes(v).below(rest));
}

/// Some vectors of y from `at` on, or the lanes of one that `mask` says.
void ReductionEmitter::emitVectors(ArrayRef<Value> outer, Value at,
                                   int64_t vectors, Value mask) {
  unsigned last = loops.parallelGroups - 1;
  Lanes lanes(v);
  SmallVector<SmallVector<Value>> starts(vectors);
  for (int64_t vector = 0; vector < vectors; ++vector) {
    SmallVector<Value> indices(outer);
    indices.push_back(
        make<arith::AddIOp>(at, v.index(vector * v.target.lanes())));
    for (const Operand &operand : loops.operands)
      starts[vector].push_back(
          operand.isScalar() ? Value()
                             : loops.address(operand, operand.base, indices));
  }
  SmallVector<Value> sums;
  for (int64_t vector = 0; vector < vectors; ++vector)
    sums.push_back(lanes.load(starts[vector].back(), result().element, mask));
  sums =
      nest(last + 1, loops.groups.size(), {}, sums,
           [&](ArrayRef<Value> reduced, ValueRange before) {
             SmallVector<Value> after;
             for (int64_t vector = 0; vector < vectors; ++vector) {
               SmallVector<Value> places;
               for (auto [operand, start] : llvm::zip(
                        ArrayRef(loops.operands).drop_back(), starts[vector]))
                 places.push_back(
                     start ? loops.address(operand, start, reduced, last + 1)
                           : Value());
               after.push_back(step(places, last, before[vector], mask));
             }
             return after;
           });
  for (int64_t vector = 0; vector < vectors; ++vector)
    lanes.store(sums[vector], starts[vector].back(), mask);
}

/// One element of y.
void ReductionEmitter::emitAlong(ArrayRef<Value> outer) {
  unsigned last = loops.groups.size() - 1;
  SmallVector<Value> starts;
  for (const Operand &operand : loops.operands)
    starts.push_back(operand.isScalar()
                         ? Value()
                         : loops.address(operand, operand.base, outer));
  Value nothing =
      v.splat(isSum() ? 0 : -std::numeric_limits<float>::infinity());
  SmallVector<Value> sums =
      nest(loops.parallelGroups, last, {}, SmallVector<Value>(chains, nothing),
           [&](ArrayRef<Value> reduced, ValueRange before) {
             SmallVector<Value> lines;
             for (auto [operand, start] :
                  llvm::zip(ArrayRef(loops.operands).drop_back(), starts))
               lines.push_back(start ? loops.address(operand, start, reduced,
                                                     loops.parallelGroups)
                                     : Value());
             return sumOfLine(lines, before);
           });
  Value total = acrossLanes(
      combine(combine(sums[0], sums[1]), combine(sums[2], sums[3])));
  v.storeFirstLane(combine(v.loadSplat(starts.back()), total), starts.back());
}

/// The last reduced group: `chains` vectors at a time, then one at a time, then
/// what is left of one.
SmallVector<Value> ReductionEmitter::sumOfLine(ArrayRef<Value> lines,
                                               ValueRange sums) {
  unsigned last = loops.groups.size() - 1;
  int64_t width = v.target.lanes();
  Value size = loops.groups[last].size;
  auto placesAt = [&](Value at) {
    SmallVector<Value> places;
    for (auto [operand, line] :
         llvm::zip(ArrayRef(loops.operands).drop_back(), lines))
      places.push_back(line ? loops.address(operand, line, at, last) : Value());
    return places;
  };
  Value whole = make<arith::AndIOp>(size, v.index(-chains * width));
  SmallVector<Value> values =
      v.loop(v.index(0), whole, chains * width, sums,
             [&](Value at, ValueRange before) {
               SmallVector<Value> after;
               for (int64_t chain = 0; chain < chains; ++chain)
                 after.push_back(step(
                     placesAt(make<arith::AddIOp>(at, v.index(chain * width))),
                     last, before[chain], Value()));
               return after;
             });
  Value end = make<arith::AndIOp>(size, v.index(-width));
  values[0] = v.loop(whole, end, width, values[0],
                     [&](Value at, ValueRange before) -> SmallVector<Value> {
                       return {step(placesAt(at), last, before[0], Value())};
                     })[0];
  values[1] = step(placesAt(end), last, values[1],
                   Lanes(v).below(make<arith::SubIOp>(size, end)));
  return values;
}

LogicalResult lowerReduction(RewriterBase &rewriter, linalg::GenericOp op,
                             const Target &target) {
  rewriter.setInsertionPoint(op);
  ReductionEmitter emitter(rewriter, op, target);
  if (StringRef reason = emitter.refusal(); !reason.empty())
    return rewriter.notifyMatchFailure(op, reason);
  emitter.emit();
  rewriter.eraseOp(op);
  return success();
}

} // namespace heddle::microkernels
