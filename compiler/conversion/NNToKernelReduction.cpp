//===- NNToKernelReduction.cpp - sums and maxima along an axis ------------===//
//
// reduce, softmax and normalize as loops of linalg that microkernels has vector
// code for: those that reduce an axis, by a sum or a maximum, and elementwise
// ones. topk as kernel.topk.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Emit.h"
#include "compiler/conversion/NNToKernel.h"
#include "compiler/conversion/NNToLinalg.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

namespace {
/// A tensor, or a row of it, and the axis that is reduced.
struct Reduced {
  FunctionLowering &lowering;
  View x;
  StringRef axis;

  /// y = init ∘ ∘ᵢ f(x[i], others), along the axis.
  void fold(const View &y, Value init, ArrayRef<View> others,
            function_ref<Value(Scalars, Value, Value)> combine,
            function_ref<Value(Scalars, ValueRange)> f) const {
    linalg::FillOp::create(lowering.builder, lowering.loc(), init, y.memref);
    SmallVector<View> inputs{x};
    inputs.append(others.begin(), others.end());
    generic(lowering, inputs, y, axis,
            [&](OpBuilder &inner, ValueRange scalars) {
              Scalars s{inner, lowering.loc()};
              return combine(s, scalars.back(), f(s, scalars.drop_back()));
            });
  }
  void sum(const View &y, ArrayRef<View> others,
           function_ref<Value(Scalars, ValueRange)> f) const {
    Emit e{lowering};
    fold(
        y, e.number(0), others,
        [](Scalars s, Value a, Value b) { return s.add(a, b); }, f);
  }
  void max(const View &y, Value least) const {
    fold(
        y, least, {}, [](Scalars s, Value a, Value b) { return s.max(a, b); },
        [&](Scalars s, ValueRange x) { return asF32(s.builder, s.loc, x[0]); });
  }

  /// y = f(inputs, y), elementwise.
  void map(ArrayRef<View> inputs, const View &y,
           function_ref<Value(Scalars, ValueRange)> f) const {
    generic(lowering, inputs, y, {}, [&](OpBuilder &inner, ValueRange scalars) {
      return f(Scalars{inner, lowering.loc()}, scalars);
    });
  }
};
} // namespace

/// A scratch buffer for x without the axis, of all rows or of one.
static View scratchWithout(FunctionLowering &lowering, Operation *op,
                           StringRef name, Value x, StringRef axis, Value row) {
  RankedTensorType type =
      nn::withoutAxis(cast<RankedTensorType>(x.getType()), axis);
  return lowering.viewOf(lowering.scratch(op, name, type), type, row);
}

void conversion::lowerReduceToKernel(nn::ReduceOp op,
                                     FunctionLowering &lowering) {
  lowering.forRows(
      op, acrossTokens(lowering, op.getX(), op.getAxis()), [&](Value row) {
        Emit e{lowering};
        View y = lowering.resultView(op->getOpResult(0), row);
        Reduced x{lowering, lowering.view(op.getX(), row), op.getAxis()};
        if (op.getKind() == nn::ReduceKind::Max)
          return x.max(y, e.lowest());
        x.sum(y, {}, [](Scalars s, ValueRange x) {
          return asF32(s.builder, s.loc, x[0]);
        });
        if (op.getKind() == nn::ReduceKind::Sum)
          return;
        Value count = e.real(x.x.length(lowering, x.x.find(x.axis)));
        x.map({}, y,
              [&](Scalars s, ValueRange y) { return s.div(y[0], count); });
      });
}

/// y = exp(x − m) / Σ exp(x − m), m = max x. Where all is −∞, m is finite and
/// the sum at least the smallest float: 0 everywhere.
void conversion::lowerSoftmaxToKernel(nn::SoftmaxOp op,
                                      FunctionLowering &lowering) {
  lowering.forRows(
      op, acrossTokens(lowering, op.getX(), op.getAxis()), [&](Value row) {
        Emit e{lowering};
        View y = lowering.resultView(op->getOpResult(0), row);
        Reduced x{lowering, lowering.view(op.getX(), row), op.getAxis()};
        auto scratch = [&](StringRef name) {
          return scratchWithout(lowering, op, name, op.getX(), op.getAxis(),
                                row);
        };
        View largest = scratch("largest"), scale = scratch("scale");
        auto power = [](Scalars s, ValueRange x) {
          return s.exp(s.sub(asF32(s.builder, s.loc, x[0]), x[1]));
        };
        x.max(largest, e.lowestFinite());
        x.sum(scale, {largest}, power);
        x.map({}, scale, [&](Scalars s, ValueRange sum) {
          return s.div(
              s.number(1),
              s.max(sum[0], s.number(std::numeric_limits<float>::min())));
        });
        x.map({x.x, largest, scale}, y, [&](Scalars s, ValueRange x) {
          return s.mul(power(s, x), x[2]);
        });
      });
}

/// y = x / max(√Σ x², eps)
void conversion::lowerNormalizeToKernel(nn::NormalizeOp op,
                                        FunctionLowering &lowering) {
  lowering.forRows(
      op, acrossTokens(lowering, op.getX(), op.getAxis()), [&](Value row) {
        View y = lowering.resultView(op->getOpResult(0), row);
        Reduced x{lowering, lowering.view(op.getX(), row), op.getAxis()};
        View scale =
            scratchWithout(lowering, op, "scale", op.getX(), op.getAxis(), row);
        x.sum(scale, {}, [](Scalars s, ValueRange x) {
          Value element = asF32(s.builder, s.loc, x[0]);
          return s.mul(element, element);
        });
        x.map({}, scale, [&](Scalars s, ValueRange sum) {
          return s.div(
              s.number(1),
              s.max(s.sqrt(sum[0]), s.number(op.getEps().convertToDouble())));
        });
        x.map({x.x, scale}, y, [](Scalars s, ValueRange x) {
          return s.mul(asF32(s.builder, s.loc, x[0]), x[1]);
        });
      });
}

LogicalResult conversion::lowerTopkToKernel(nn::TopkOp op,
                                            FunctionLowering &lowering) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  bool fits = type.getElementType().isF32() && type.getRank() > 1 &&
              !type.isDynamicDim(type.getRank() - 1) &&
              lowering.formOf(type) != FunctionLowering::Form::Flat;
  if (!fits)
    return failure();
  lowering.forRows(op, false, [&](Value row) {
    View x = lowering.view(op.getX(), row);
    unsigned kept = x.axes.size() - 1;
    auto result = [&](unsigned number) {
      return asMatrix(lowering,
                      lowering.resultView(op->getOpResult(number), row), kept);
    };
    kernel::TopkOp::create(lowering.builder, lowering.loc(),
                           asMatrix(lowering, x, kept), result(0), result(1));
  });
  return success();
}
