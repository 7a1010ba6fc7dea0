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
#include "compiler/microkernels/Lanes.h"
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
      : op(op), v(builder, op.getLoc(), target) {}

  /// Why the operation has no vector code, or nothing.
  StringRef refusal();
  void emit();

private:
  /// Loops first … last of the operation that are emitted as one.
  struct Group {
    unsigned first, last;
    Value size;
  };
  /// A memref, or a scalar, with what it moves by a step of each group.
  struct Operand {
    Value base;
    Type element;
    SmallVector<Value> strides;
    Value argument; // of the body
    bool isRead, isWritten;
  };
  enum class Along { Same, Neighbours, Strided };

  /// Position of the operand's dimension that a loop goes through; −1: none.
  int dimension(OpOperand &operand, unsigned loop);
  bool isContiguous(OpOperand &operand, unsigned dimension);
  bool goAsOne(unsigned outer, unsigned inner);
  int64_t staticStride(OpOperand &operand, unsigned loop);
  Value sizeOf(unsigned loop);
  Along alongLast(const Operand &operand);

  void findGroups();
  void findOperands();
  void emitTask(Value from, Value to);
  void emitLine(ArrayRef<Value> outer, Value from, Value to);
  void emitVector(Lanes &lanes, ArrayRef<Value> pointers, Value at,
                  Value count);

  template <typename OpTy> Value make(Value a, Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }
  Block &body() { return op.getRegion().front(); }

  linalg::GenericOp op;
  VectorBuilder v;
  SmallVector<Group> groups;
  SmallVector<Operand> operands;
  DenseSet<Value> varying;
};

} // namespace

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

int ElementwiseEmitter::dimension(OpOperand &operand, unsigned loop) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (unsigned result = 0; result < map.getNumResults(); ++result)
    if (map.getDimPosition(result) == loop)
      return result;
  return -1;
}

int64_t ElementwiseEmitter::staticStride(OpOperand &operand, unsigned loop) {
  int at = dimension(operand, loop);
  if (at < 0)
    return 0;
  SmallVector<int64_t> strides;
  int64_t offset;
  auto type = cast<MemRefType>(operand.get().getType());
  if (failed(type.getStridesAndOffset(strides, offset)))
    return ShapedType::kDynamic;
  return strides[at];
}

/// Whether one step in `dimension` is as far as all steps in the next one.
bool ElementwiseEmitter::isContiguous(OpOperand &operand, unsigned dimension) {
  auto type = cast<MemRefType>(operand.get().getType());
  if (type.getLayout().isIdentity())
    return true;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  int64_t outer = strides[dimension], inner = strides[dimension + 1],
          size = type.getDimSize(dimension + 1);
  return !ShapedType::isDynamic(outer) && !ShapedType::isDynamic(inner) &&
         !ShapedType::isDynamic(size) && outer == inner * size;
}

bool ElementwiseEmitter::goAsOne(unsigned outer, unsigned inner) {
  for (auto index : body().getOps<linalg::IndexOp>())
    if (index.getDim() == outer || index.getDim() == inner)
      return false;
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    int a = dimension(operand, outer), b = dimension(operand, inner);
    return (a < 0 && b < 0) ||
           (a >= 0 && b == a + 1 && isContiguous(operand, a));
  });
}

StringRef ElementwiseEmitter::refusal() {
  if (op.getNumLoops() == 0)
    return "there is no loop";
  if (op.getNumParallelLoops() != op.getNumLoops())
    return "a loop is not parallel";
  if (!op.hasPureBufferSemantics())
    return "an operand is a tensor";
  unsigned last = op.getNumLoops() - 1;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!op.getMatchingIndexingMap(&operand).isProjectedPermutation())
      return "an operand is not indexed by loops alone";
    Type element = getElementTypeOrSelf(operand.get().getType());
    if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8)
      return "an element is not made of bytes";
  }
  for (OpOperand &result : op.getDpsInitsMutable())
    if (staticStride(result, last) != 1)
      return "neighbours of a result are not neighbours in memory";
  SmallVector<Value> roots(body().getArguments());
  for (auto index : body().getOps<linalg::IndexOp>())
    if (index.getDim() == last)
      roots.push_back(index);
  if (!Lanes::canEvaluate(body(), Lanes::varying(body(), roots)))
    return "the body is more than arithmetic and loads";
  return {};
}

Value ElementwiseEmitter::sizeOf(unsigned loop) {
  for (OpOperand &operand : op->getOpOperands())
    if (int at = dimension(operand, loop); at >= 0)
      return memref::DimOp::create(v.builder, v.loc, operand.get(), at);
  llvm_unreachable("linalg verified that a loop has a size");
}

void ElementwiseEmitter::findGroups() {
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop) {
    Value size = sizeOf(loop);
    if (groups.empty() || !goAsOne(loop - 1, loop)) {
      groups.push_back({loop, loop, size});
      continue;
    }
    Group &group = groups.back();
    group = {group.first, loop, make<arith::MulIOp>(group.size, size)};
  }
}

void ElementwiseEmitter::findOperands() {
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    Operand found{operand.get(),
                  getElementTypeOrSelf(operand.get().getType()),
                  {},
                  argument,
                  !argument.use_empty(),
                  op.isDpsInit(&operand)};
    if (!isa<MemRefType>(operand.get().getType())) {
      operands.push_back(found);
      continue;
    }
    auto metadata = memref::ExtractStridedMetadataOp::create(v.builder, v.loc,
                                                             operand.get());
    auto strides = metadata.getConstifiedMixedStrides();
    for (const Group &group : groups) {
      int at = dimension(operand, group.last);
      found.strides.push_back(at < 0 ? v.index(0)
                                     : getValueOrCreateConstantIndexOp(
                                           v.builder, v.loc, strides[at]));
    }
    Lanes lanes(v);
    found.base = lanes.addressOf(operand.get(), v.index(0));
    operands.push_back(found);
  }
}

ElementwiseEmitter::Along ElementwiseEmitter::alongLast(const Operand &of) {
  if (of.strides.empty() || isConstantIntValue(of.strides.back(), 0))
    return Along::Same;
  return isConstantIntValue(of.strides.back(), 1) ? Along::Neighbours
                                                  : Along::Strided;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

void ElementwiseEmitter::emit() {
  findGroups();
  findOperands();
  SmallVector<Value> roots;
  for (const Operand &operand : operands)
    if (alongLast(operand) != Along::Same)
      roots.push_back(operand.argument);
  for (auto index : body().getOps<linalg::IndexOp>())
    if (index.getDim() == groups.back().last)
      roots.push_back(index);
  varying = Lanes::varying(body(), roots);

  Value elements = groups.front().size, inner = v.index(1);
  for (const Group &group : ArrayRef(groups).drop_front()) {
    elements = make<arith::MulIOp>(elements, group.size);
    inner = make<arith::MulIOp>(inner, group.size);
  }
  // share = max(1, elements of a task / elements of an outermost index)
  Value share = make<arith::MaxUIOp>(
      make<arith::DivUIOp>(v.index(tuning::elementsOfTask),
                           make<arith::MaxUIOp>(inner, v.index(1))),
      v.index(1));
  Value tasks = make<arith::CeilDivUIOp>(groups.front().size, share);
  int64_t cost = tuning::elementCost + Lanes::costOf(body());
  emitTasks(v, tasks, {elements, cost}, [&](Value task) {
    Value from = make<arith::MulIOp>(task, share);
    Value to = make<arith::MinUIOp>(make<arith::AddIOp>(from, share),
                                    groups.front().size);
    emitTask(from, to);
  });
}

void ElementwiseEmitter::emitTask(Value from, Value to) {
  if (groups.size() == 1)
    return emitLine({}, from, to);
  OpBuilder::InsertionGuard guard(v.builder);
  SmallVector<Value> outer;
  for (const Group &group : ArrayRef(groups).drop_back()) {
    bool outermost = outer.empty();
    auto loop =
        scf::ForOp::create(v.builder, v.loc, outermost ? from : v.index(0),
                           outermost ? to : group.size, v.index(1));
    v.builder.setInsertionPointToStart(loop.getBody());
    outer.push_back(loop.getInductionVar());
  }
  emitLine(outer, v.index(0), groups.back().size);
}

/// Elements from … to − 1 of the last loop, under indices of all others.
void ElementwiseEmitter::emitLine(ArrayRef<Value> outer, Value from, Value to) {
  Lanes lanes(v);
  SmallVector<Value> pointers;
  for (const Operand &operand : operands) {
    if (operand.strides.empty()) {
      lanes.setScalar(operand.argument, operand.base);
      pointers.push_back(Value());
      continue;
    }
    Value offset = v.index(0);
    for (auto [index, stride] : llvm::zip(outer, operand.strides))
      offset = make<arith::AddIOp>(offset, make<arith::MulIOp>(index, stride));
    Value pointer = lanes.advance(operand.base, operand.element, offset);
    if (operand.isRead && alongLast(operand) == Along::Same)
      lanes.setScalar(
          operand.argument,
          LLVM::LoadOp::create(v.builder, v.loc, operand.element, pointer));
    pointers.push_back(pointer);
  }
  for (auto index : body().getOps<linalg::IndexOp>())
    for (auto [group, value] : llvm::zip(groups, outer))
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
  for (auto [operand, pointer] : llvm::zip_equal(operands, pointers)) {
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
    if (index.getDim() == groups.back().last)
      lanes.setIndex(index, at);
  lanes.evaluate(body(), mask);
  ValueRange results = body().getTerminator()->getOperands();
  unsigned next = 0;
  for (auto [operand, pointer] : llvm::zip_equal(operands, pointers))
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
