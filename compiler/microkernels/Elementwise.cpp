//===- Elementwise.cpp - linalg's parallel loops as vector code -----------===//
//
//   parallel task in 0 .. ceil(outermost size / share):
//     for the share's outermost indices, for all others but the last:
//       what is the same along the last loop        scalars
//       for the last loop, a vector at a time:      the rest
//         y[…] = body(x[…], …)
//
// Loops that every operand goes through like one loop are one. An element does
// not depend on where vectors begin, so that results have the same bits
// whatever the shape around them.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Elementwise.h"
#include "compiler/microkernels/GenericLoops.h"
#include "compiler/microkernels/Tasks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class ElementwiseEmitter {
public:
  ElementwiseEmitter(OpBuilder &builder, linalg::GenericOp op,
                     const Target &target)
      : op(op), v(builder, op.getLoc(), target), loops(v, op) {}

  /// Why the operation has no vector code, or nothing.
  StringRef refusal();
  void emit();

private:
  using Group = GenericLoops::Group;
  using Operand = GenericLoops::Operand;
  using Along = GenericLoops::Along;

  Along alongLast(const Operand &operand) const {
    return loops.along(operand, loops.groups.size() - 1);
  }
  void emitTask(Value from, Value to);
  void emitLine(ArrayRef<Value> outer, Value from, Value to);
  void emitVector(Lanes &lanes, ArrayRef<Value> pointers, Value at,
                  Value count);

  template <typename OpTy> Value make(Value a, Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }
  Block &body() { return loops.body(); }

  linalg::GenericOp op;
  VectorBuilder v;
  GenericLoops loops;
  DenseSet<Value> varying;
};

} // namespace

StringRef ElementwiseEmitter::refusal() {
  if (StringRef reason = loops.refusal(); !reason.empty())
    return reason;
  if (op.getNumParallelLoops() != op.getNumLoops())
    return "a loop is not parallel";
  unsigned last = op.getNumLoops() - 1;
  for (OpOperand &result : op.getDpsInitsMutable())
    if (loops.staticStride(result, last) != 1)
      return "neighbours of a result are not neighbours in memory";
  SmallVector<Value> roots(body().getArguments());
  for (auto index : body().getOps<linalg::IndexOp>())
    if (index.getDim() == last)
      roots.push_back(index);
  if (!Lanes::canEvaluate(body(), Lanes::varying(body(), roots)))
    return "the body is more than arithmetic and loads";
  return {};
}

void ElementwiseEmitter::emit() {
  loops.find();
  SmallVector<Value> roots;
  for (const Operand &operand : loops.operands)
    if (alongLast(operand) != Along::Same)
      roots.push_back(operand.argument);
  for (auto index : body().getOps<linalg::IndexOp>())
    if (index.getDim() == loops.groups.back().last)
      roots.push_back(index);
  varying = Lanes::varying(body(), roots);

  Value outermost = loops.groups.front().size, inner = loops.turnsWithin();
  // share = max(1, elements of a task / elements of an outermost index)
  Value share = make<arith::MaxUIOp>(
      make<arith::DivUIOp>(v.index(tuning::elementsOfTask),
                           make<arith::MaxUIOp>(inner, v.index(1))),
      v.index(1));
  Value tasks = make<arith::CeilDivUIOp>(outermost, share);
  Value elements = make<arith::MulIOp>(outermost, inner);
  int64_t cost = tuning::elementCost + Lanes::costOf(body());
  emitTasks(v, tasks, {elements, cost}, [&](Value task) {
    Value from = make<arith::MulIOp>(task, share);
    Value to = make<arith::MinUIOp>(make<arith::AddIOp>(from, share),
                                    loops.groups.front().size);
    emitTask(from, to);
  });
}

void ElementwiseEmitter::emitTask(Value from, Value to) {
  if (loops.groups.size() == 1)
    return emitLine({}, from, to);
  OpBuilder::InsertionGuard guard(v.builder);
  SmallVector<Value> outer;
  for (const Group &group : ArrayRef(loops.groups).drop_back()) {
    bool outermost = outer.empty();
    auto loop =
        scf::ForOp::create(v.builder, v.loc, outermost ? from : v.index(0),
                           outermost ? to : group.size, v.index(1));
    v.builder.setInsertionPointToStart(loop.getBody());
    outer.push_back(loop.getInductionVar());
  }
  emitLine(outer, v.index(0), loops.groups.back().size);
}

/// Elements from … to − 1 of the last loop, under indices of all others.
void ElementwiseEmitter::emitLine(ArrayRef<Value> outer, Value from, Value to) {
  Lanes lanes(v);
  SmallVector<Value> pointers;
  for (const Operand &operand : loops.operands) {
    if (operand.isScalar()) {
      lanes.setScalar(operand.argument, operand.base);
      pointers.push_back(Value());
      continue;
    }
    Value pointer = loops.address(operand, operand.base, outer);
    if (operand.isRead && alongLast(operand) == Along::Same)
      lanes.setScalar(
          operand.argument,
          LLVM::LoadOp::create(v.builder, v.loc, operand.element, pointer));
    pointers.push_back(pointer);
  }
  for (auto index : body().getOps<linalg::IndexOp>())
    for (auto [group, value] : llvm::zip(loops.groups, outer))
      if (index.getDim() == group.last)
        lanes.setScalar(index, value);
  lanes.evaluateScalars(body(), varying);

  int64_t width = v.target.lanes();
  Value count = make<arith::SubIOp>(to, from);
  Value whole =
      make<arith::AddIOp>(from, make<arith::AndIOp>(count, v.index(-width)));
  v.loop(from, whole, width, [&](Value at) {
    Lanes here = lanes;
    emitVector(here, pointers, at, Value());
  });
  Value rest = make<arith::SubIOp>(to, whole);
  Value any = arith::CmpIOp::create(v.builder, v.loc, arith::CmpIPredicate::ugt,
                                    rest, v.index(0));
  auto tail = scf::IfOp::create(v.builder, v.loc, any, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(v.builder);
  v.builder.setInsertionPointToStart(tail.thenBlock());
  emitVector(lanes, pointers, whole, rest);
}

/// A vector of elements from `at` on, or the first `count` of it.
void ElementwiseEmitter::emitVector(Lanes &lanes, ArrayRef<Value> pointers,
                                    Value at, Value count) {
  Value mask = count ? lanes.below(count) : Value();
  for (auto [operand, pointer] : llvm::zip_equal(loops.operands, pointers)) {
    Along along = alongLast(operand);
    if (!operand.isRead || along == Along::Same)
      continue;
    Value stride = operand.strides.back();
    Value place = lanes.advance(pointer, operand.element,
                                make<arith::MulIOp>(at, stride));
    lanes.setVector(
        operand.argument,
        along == Along::Neighbours
            ? lanes.load(place, operand.element, mask)
            : lanes.loadStrided(place, operand.element, stride, mask));
  }
  for (auto index : body().getOps<linalg::IndexOp>())
    if (index.getDim() == loops.groups.back().last)
      lanes.setIndex(index, at);
  lanes.evaluate(body(), mask);
  ValueRange results = body().getTerminator()->getOperands();
  unsigned next = 0;
  for (auto [operand, pointer] : llvm::zip_equal(loops.operands, pointers))
    if (operand.isWritten)
      lanes.store(lanes.vector(results[next++]),
                  lanes.advance(pointer, operand.element, at), mask);
}

LogicalResult lowerElementwise(RewriterBase &rewriter, linalg::GenericOp op,
                               const Target &target) {
  rewriter.setInsertionPoint(op);
  ElementwiseEmitter emitter(rewriter, op, target);
  if (StringRef reason = emitter.refusal(); !reason.empty())
    return rewriter.notifyMatchFailure(op, reason);
  emitter.emit();
  rewriter.eraseOp(op);
  return success();
}

} // namespace heddle::microkernels
