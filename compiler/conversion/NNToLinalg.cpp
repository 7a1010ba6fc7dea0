//===- NNToLinalg.cpp - nn to naive loops over buffers --------------------===//
//
// Enters: an nn module with a memory plan. Leaves: functions over memrefs, in
// linalg, scf and kernel's frame ops. Short and obviously right rather than
// fast: this is what every other path is tested against.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToLinalg.h"

#include "compiler/conversion/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

namespace heddle::conversion {
#define GEN_PASS_DEF_NNTOLINALG
#include "compiler/conversion/Passes.h.inc"
} // namespace heddle::conversion

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

Value heddle::conversion::asF32(OpBuilder &builder, Location loc,
                                Value scalar) {
  if (scalar.getType().isF32())
    return scalar;
  if (scalar.getType().isInteger())
    return arith::SIToFPOp::create(builder, loc, builder.getF32Type(), scalar);
  return arith::ExtFOp::create(builder, loc, builder.getF32Type(), scalar);
}

/// In integers, since arith.truncf would be a library call on most machines:
/// the upper half of bits + 0x7fff + (the last bit that stays). A NaN is made
/// quiet instead: rounding could make it infinite.
Value heddle::conversion::asBf16(OpBuilder &builder, Location loc, Value x) {
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
  Value rounded = arith::SelectOp::create(builder, loc, isNaN, quiet, up);
  Value upper = arith::TruncIOp::create(
      builder, loc, builder.getI16Type(),
      arith::ShRUIOp::create(builder, loc, rounded, constant(16)));
  return arith::BitcastOp::create(builder, loc, builder.getBF16Type(), upper);
}

void heddle::conversion::nest(FunctionLowering &lowering, ValueRange bounds,
                              function_ref<void(ValueRange)> body) {
  OpBuilder &builder = lowering.builder;
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Value> indices;
  for (Value bound : bounds) {
    auto loop =
        scf::ForOp::create(builder, lowering.loc(), lowering.constantIndex(0),
                           bound, lowering.constantIndex(1));
    builder.setInsertionPointToStart(loop.getBody());
    indices.push_back(loop.getInductionVar());
  }
  body(indices);
}

void heddle::conversion::forEachElement(FunctionLowering &lowering,
                                        const View &y,
                                        function_ref<Value(ValueRange)> value) {
  OpBuilder &builder = lowering.builder;
  unsigned rank = y.axes.size();
  AffineMap every = builder.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  linalg::GenericOp::create(
      builder, lowering.loc(), ValueRange(), y.memref, every, iterators,
      [&](OpBuilder &inner, Location loc, ValueRange) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(inner.getInsertionBlock());
        SmallVector<Value> at;
        for (unsigned axis = 0; axis < rank; ++axis)
          at.push_back(linalg::IndexOp::create(builder, loc, axis));
        linalg::YieldOp::create(builder, loc, value(at));
      });
}

Value heddle::conversion::fold(FunctionLowering &lowering, Value count,
                               Value init,
                               function_ref<Value(Value, Value)> step) {
  OpBuilder &builder = lowering.builder;
  auto loop =
      scf::ForOp::create(builder, lowering.loc(), lowering.constantIndex(0),
                         count, lowering.constantIndex(1), init);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value next = step(loop.getInductionVar(), loop.getRegionIterArg(0));
  scf::YieldOp::create(builder, lowering.loc(), next);
  return loop.getResult(0);
}

Value heddle::conversion::lengthOf(FunctionLowering &lowering, const View &view,
                                   unsigned axis) {
  return memref::DimOp::create(lowering.builder, lowering.loc(), view.memref,
                               axis);
}

View heddle::conversion::collapseFrom(FunctionLowering &lowering,
                                      const View &view, unsigned first,
                                      StringRef name) {
  unsigned rank = view.axes.size();
  View collapsed{view.memref, {view.axes.begin(), view.axes.begin() + first}};
  collapsed.axes.push_back(name.str());
  if (rank == first + 1)
    return collapsed;
  SmallVector<ReassociationIndices> groups;
  for (unsigned axis = 0; axis < first; ++axis)
    groups.push_back({axis});
  groups.push_back(
      llvm::to_vector_of<int64_t, 2>(llvm::seq<unsigned>(first, rank)));
  collapsed.memref = memref::CollapseShapeOp::create(
      lowering.builder, lowering.loc(), view.memref, groups);
  return collapsed;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static LogicalResult lowerConstant(nn::ConstantOp op,
                                   FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Type element = cast<RankedTensorType>(op.getType()).getElementType();
  double number = op.getValue().convertToDouble();
  TypedAttr value = isa<FloatType>(element)
                        ? TypedAttr(builder.getFloatAttr(element, number))
                        : TypedAttr(builder.getIntegerAttr(
                              element, static_cast<int64_t>(number)));
  Value scalar = arith::ConstantOp::create(builder, lowering.loc(), value);
  linalg::FillOp::create(
      builder, lowering.loc(), scalar,
      lowering.resultView(op->getOpResult(0), nullptr).memref);
  return success();
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

static LogicalResult lowerPositions(nn::PositionsOp op,
                                    FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  lowering.forRows(op, true, [&](Value row) {
    View y = lowering.resultView(op->getOpResult(0), row);
    Value before = lowering.heldBefore(row ? op.getSize() : "", row);
    forEachElement(lowering, y, [&](ValueRange at) -> Value {
      Value position = arith::AddIOp::create(builder, loc, before, at[0]);
      return arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                        position);
    });
  });
  return success();
}

Value heddle::conversion::constantTable(FunctionLowering &lowering,
                                        ArrayRef<double> values) {
  SmallVector<float> narrow(values.begin(), values.end());
  auto type = RankedTensorType::get({static_cast<int64_t>(narrow.size())},
                                    lowering.builder.getF32Type());
  return constantTable(lowering,
                       DenseElementsAttr::get(type, ArrayRef<float>(narrow)));
}

Value heddle::conversion::constantTable(FunctionLowering &lowering,
                                        DenseElementsAttr data) {
  OpBuilder &builder = lowering.builder;
  auto type = MemRefType::get(data.getType().getShape(), data.getElementType());
  auto module =
      builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  memref::GlobalOp table;
  for (auto global : module.getOps<memref::GlobalOp>())
    if (global.getInitialValue() == data)
      table = global;
  if (!table) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    unsigned number = llvm::range_size(module.getOps<memref::GlobalOp>());
    table = memref::GlobalOp::create(
        builder, lowering.loc(), "table_" + std::to_string(number),
        builder.getStringAttr("private"), type, data, /*constant=*/true,
        /*alignment=*/builder.getI64IntegerAttr(64));
  }
  return memref::GetGlobalOp::create(builder, lowering.loc(), type,
                                     table.getSymName());
}

/// Position · frequency as the angle's sine and cosine.
static std::pair<Value, Value> sineAndCosine(OpBuilder &builder, Location loc,
                                             Value position, Value frequency) {
  Value angle = arith::MulFOp::create(builder, loc,
                                      asF32(builder, loc, position), frequency);
  return {math::SinOp::create(builder, loc, angle),
          math::CosOp::create(builder, loc, angle)};
}

static LogicalResult lowerRope(nn::RopeOp op, FunctionLowering &lowering) {
  OpBuilder &builder = lowering.builder;
  Location loc = lowering.loc();
  int64_t pairs = op.getFrequencies().size();
  bool halves = op.getPairs() == nn::Pairs::Halves;
  Value table = constantTable(lowering, op.getFrequencies());
  Value magnitude = arith::ConstantOp::create(
      builder, loc,
      builder.getF32FloatAttr(op.getMagnitude().convertToDouble()));
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    View positions = lowering.view(op.getPositions(), row);
    SmallVector<Value> bounds;
    unsigned last = x.axes.size() - 1;
    for (unsigned axis = 0; axis < last; ++axis)
      bounds.push_back(lengthOf(lowering, x, axis));
    nest(lowering, bounds, [&](ValueRange lead) {
      Value position =
          memref::LoadOp::create(builder, loc, positions.memref,
                                 lead.take_front(positions.axes.size()));
      nest(lowering, lowering.constantIndex(pairs), [&](ValueRange at) {
        Value p = at[0];
        Value a = p, c = arith::AddIOp::create(builder, loc, p,
                                               lowering.constantIndex(pairs));
        if (!halves) {
          a = arith::AddIOp::create(builder, loc, p, p);
          c = arith::AddIOp::create(builder, loc, a, lowering.constantIndex(1));
        }
        auto [sine, cosine] =
            sineAndCosine(builder, loc, position,
                          memref::LoadOp::create(builder, loc, table, p));
        auto index = [&](Value element) {
          SmallVector<Value> all(lead);
          all.push_back(element);
          return all;
        };
        Value xa = memref::LoadOp::create(builder, loc, x.memref, index(a));
        Value xc = memref::LoadOp::create(builder, loc, x.memref, index(c));
        // y[a] = (x[a] cos − x[c] sin) m, y[c] = (x[c] cos + x[a] sin) m
        Value left = arith::MulFOp::create(builder, loc, xa, cosine),
              right = arith::MulFOp::create(builder, loc, xc, sine);
        Value ya = arith::SubFOp::create(builder, loc, left, right);
        left = arith::MulFOp::create(builder, loc, xc, cosine),
        right = arith::MulFOp::create(builder, loc, xa, sine);
        Value yc = arith::AddFOp::create(builder, loc, left, right);
        memref::StoreOp::create(
            builder, loc, arith::MulFOp::create(builder, loc, ya, magnitude),
            y.memref, index(a));
        memref::StoreOp::create(
            builder, loc, arith::MulFOp::create(builder, loc, yc, magnitude),
            y.memref, index(c));
      });
      int64_t depth = x.type().getDimSize(last), rest = depth - 2 * pairs;
      if (rest > 0)
        nest(lowering, lowering.constantIndex(rest), [&](ValueRange at) {
          SmallVector<Value> index(lead);
          index.push_back(arith::AddIOp::create(
              builder, loc, at[0], lowering.constantIndex(2 * pairs)));
          memref::StoreOp::create(
              builder, loc,
              memref::LoadOp::create(builder, loc, x.memref, index), y.memref,
              index);
        });
    });
  });
  return success();
}

static LogicalResult lowerSinusoid(nn::SinusoidOp op,
                                   FunctionLowering &lowering) {
  Location loc = lowering.loc();
  int64_t depth = cast<RankedTensorType>(op.getType()).getShape().back();
  SmallVector<double> frequencies;
  for (int64_t k = 0; k < depth / 2; ++k)
    frequencies.push_back(
        std::pow(op.getBase().convertToDouble(), -2.0 * k / depth));
  Value table = constantTable(lowering, frequencies);
  lowering.forRows(op, false, [&](Value row) {
    View positions = lowering.view(op.getPositions(), row),
         y = lowering.resultView(op->getOpResult(0), row);
    generic(lowering, positions, y, {},
            [&](OpBuilder &inner, ValueRange scalars) -> Value {
              Value d = linalg::IndexOp::create(inner, loc, y.axes.size() - 1);
              Value half = lowering.constantIndex(depth / 2),
                    two = lowering.constantIndex(2);
              bool halves = op.getPairs() == nn::Pairs::Halves;
              Value pair =
                  halves ? Value(arith::RemUIOp::create(inner, loc, d, half))
                         : Value(arith::DivUIOp::create(inner, loc, d, two));
              Value isSine =
                  halves ? Value(arith::CmpIOp::create(
                               inner, loc, arith::CmpIPredicate::ult, d, half))
                         : Value(arith::CmpIOp::create(
                               inner, loc, arith::CmpIPredicate::eq,
                               arith::RemUIOp::create(inner, loc, d, two),
                               lowering.constantIndex(0)));
              auto [sine, cosine] = sineAndCosine(
                  inner, loc, scalars[0],
                  memref::LoadOp::create(inner, loc, table, pair));
              return arith::SelectOp::create(inner, loc, isSine, sine, cosine);
            });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

LogicalResult heddle::conversion::lowerToLinalg(Operation *op,
                                                FunctionLowering &lowering) {
  if (isa<nn::RearrangeOp, nn::ConcatOp, nn::SplitOp, nn::TopkOp>(op))
    return lowerAxes(op, lowering);
  if (isa<nn::ConvOp, nn::PoolOp, nn::UpsampleOp, nn::BatchNormOp>(op))
    return lowerImages(op, lowering);
  LogicalResult lowered =
      llvm::TypeSwitch<Operation *, LogicalResult>(op)
          .Case([&](nn::LinearOp linear) {
            return lowerLinear(linear, lowering);
          })
          .Case([&](nn::NarrowOp narrow) {
            return lowerNarrow(narrow, lowering);
          })
          .Case([&](nn::EmbedOp embed) { return lowerEmbed(embed, lowering); })
          .Case([&](nn::ConstantOp constant) {
            return lowerConstant(constant, lowering);
          })
          .Case([&](nn::PositionsOp positions) {
            return lowerPositions(positions, lowering);
          })
          .Case([&](nn::RopeOp rope) { return lowerRope(rope, lowering); })
          .Case([&](nn::SinusoidOp sinusoid) {
            return lowerSinusoid(sinusoid, lowering);
          })
          .Default([&](Operation *) { return failure(); });
  if (succeeded(lowered) || succeeded(lowerElementwise(op, lowering)) ||
      succeeded(lowerReduction(op, lowering)))
    return success();
  return op->emitError() << "there is no lowering of " << op->getName();
}

namespace {
struct NNToLinalg : heddle::conversion::impl::NNToLinalgBase<NNToLinalg> {
  void runOnOperation() override {
    if (failed(lowerModule(getOperation(), lowerToLinalg)))
      signalPassFailure();
  }
};
} // namespace
