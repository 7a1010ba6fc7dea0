//===- Scalar.cpp - the scalar dialect ------------------------------------===//

#include "dialects/scalar/Scalar.h"
#include "dialects/scalar/Formula.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::scalar;

#include "dialects/scalar/ScalarDialect.cpp.inc"
#include "dialects/scalar/ScalarInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/scalar/ScalarOps.cpp.inc"

namespace {

/// Functions of numbers go wherever what they are part of does.
struct ScalarInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool,
                       IRMapping &) const override {
    return true;
  }
};

} // namespace

void ScalarDialect::initialize() {
  addInterfaces<ScalarInliner>();
  addOperations<
#define GET_OP_LIST
#include "dialects/scalar/ScalarOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

Value scalar::asF32(OpBuilder &builder, Location loc, Value number) {
  if (number.getType().isF32())
    return number;
  if (number.getType().isInteger())
    return arith::SIToFPOp::create(builder, loc, builder.getF32Type(), number);
  return arith::ExtFOp::create(builder, loc, builder.getF32Type(), number);
}

/// In integers, since arith.truncf would be a library call on most machines:
/// the upper half of bits + 0x7fff + (the last bit that stays). A NaN is made
/// quiet instead: rounding could make it infinite.
Value Formula::bf16(Value x) {
  auto constant = [&](int64_t bits) -> Value {
    return arith::ConstantIntOp::create(builder, loc, bits, 32);
  };
  Value bits = arith::BitcastOp::create(builder, loc, builder.getI32Type(), x);
  Value odd = arith::AndIOp::create(
      builder, loc, arith::ShRUIOp::create(builder, loc, bits, constant(16)),
      constant(1));
  Value carry = arith::AddIOp::create(builder, loc, odd, constant(0x7fff));
  Value up = arith::AddIOp::create(builder, loc, bits, carry);
  Value quiet = arith::OrIOp::create(builder, loc, bits, constant(0x400000));
  Value isNaN =
      arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, x, x);
  Value upper =
      arith::AndIOp::create(builder, loc, select(isNaN, quiet, up),
                            constant(static_cast<int32_t>(0xffff0000)));
  return arith::BitcastOp::create(builder, loc, builder.getF32Type(), upper);
}

Value ReluOp::expand(OpBuilder &builder) {
  Formula f{builder, getLoc()};
  return f.max(getX(), f.number(0));
}

Value GeluOp::expand(OpBuilder &builder) {
  Formula f{builder, getLoc()};
  Value erf = f.erf(f.mul(getX(), f.number(0.70710678118654752440)));
  return f.mul(f.mul(getX(), f.number(0.5)), f.add(f.number(1), erf));
}

Value GeluTanhOp::expand(OpBuilder &builder) {
  Formula f{builder, getLoc()};
  Value x = getX(), cube = f.mul(f.mul(x, x), x);
  Value inner = f.mul(f.number(0.79788456080286535588),
                      f.add(x, f.mul(f.number(0.044715), cube)));
  return f.mul(f.mul(x, f.number(0.5)), f.add(f.number(1), f.tanh(inner)));
}

static Value sigmoid(Formula f, Value x) {
  return f.div(f.number(1), f.add(f.number(1), f.exp(f.neg(x))));
}

Value SigmoidOp::expand(OpBuilder &builder) {
  return sigmoid({builder, getLoc()}, getX());
}

Value SiluOp::expand(OpBuilder &builder) {
  Formula f{builder, getLoc()};
  return f.mul(getX(), sigmoid(f, getX()));
}

void scalar::expandFunctions(Operation *root) {
  root->walk([](FunctionOpInterface function) {
    OpBuilder builder(function);
    function->replaceAllUsesWith(ValueRange{function.expand(builder)});
    function->erase();
  });
}

//===----------------------------------------------------------------------===//
// Regions about elements
//===----------------------------------------------------------------------===//

bool scalar::isScalarOp(Operation *op) {
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  return isa<ScalarDialect, arith::ArithDialect, math::MathDialect>(
             op->getDialect()) &&
         isPure(op) && op->getNumRegions() == 0 && op->getNumResults() == 1 &&
         llvm::all_of(op->getOperandTypes(), isScalar) &&
         isScalar(op->getResultTypes()[0]);
}

LogicalResult scalar::verifyEpilogue(Operation *op, Region &epilogue,
                                     size_t count) {
  Type f32 = Float32Type::get(op->getContext());
  Block &body = epilogue.front();
  if (!epilogue.hasOneBlock() ||
      body.getArgumentTypes() != SmallVector<Type>(count, f32))
    return op->emitOpError() << "the epilogue needs one block with " << count
                             << " arguments of f32";
  for (Operation &inner : body.without_terminator())
    if (!isScalarOp(&inner))
      return inner.emitOpError("cannot stand in an epilogue");
  Operation *yield = body.getTerminator();
  if (yield->getDialect() != op->getDialect() ||
      yield->getOperandTypes() != ArrayRef(f32))
    return op->emitOpError("the epilogue needs to yield one f32");
  return success();
}

Value scalar::emitBody(Block &body, ValueRange arguments, OpBuilder &builder) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  return mapping.lookupOrDefault(body.getTerminator()->getOperand(0));
}
