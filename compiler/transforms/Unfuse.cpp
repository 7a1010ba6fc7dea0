//===- Unfuse.cpp - what only the fast path can read, undone --------------===//
//
// Enters: an nn module. Leaves: no grouped nn.route, no layout on any weight,
// and caches that keep all positions, in f32 where they were in 8 bits: what
// they get is rounded as it was. Products keep their epilogues, which the
// reference computes as they stand.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/kernel/KeptRow.h"
#include "dialects/nn/NN.h"
#include "mlir/IR/BuiltinOps.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_UNFUSE
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle::nn;

namespace {

/// x as rows of !nn.dynamic<row> stand for it (kernel::KeptRow):
///
///   M = max |x|, 2^−100 at least
///   (x · (127 / M) + c − c) · (M / 127), with c = 1.5 · 2^23 as the rounder
Value rounded(OpBuilder &builder, Value x) {
  using heddle::kernel::KeptRow;
  Location loc = x.getLoc();
  auto type = cast<RankedTensorType>(x.getType());
  AxesAttr axes = axesOf(type);
  StringRef last = axes.axisName(axes.rank() - 1);
  RankedTensorType row = withoutAxis(type, last);
  auto number = [&](double value) -> Value {
    auto none = AxesAttr::get(builder.getContext(), {}, StringAttr());
    return ConstantOp::create(builder, loc,
                              tensorOf({}, builder.getF32Type(), none),
                              builder.getF64FloatAttr(value));
  };
  Value largest = ReduceOp::create(builder, loc, row, ReduceKind::Max,
                                   Value(AbsOp::create(builder, loc, type, x)),
                                   builder.getStringAttr(last));
  Value least = number(KeptRow::leastMagnitude);
  auto truth = row.clone(builder.getI1Type());
  Value isLess =
      CompareOp::create(builder, loc, truth, CompareKind::Less, largest, least);
  largest = SelectOp::create(builder, loc, row, isLess, least, largest);
  Value limit = number(KeptRow::largest), rounder = number(0x1.8p23);
  Value inverse = DivOp::create(builder, loc, row, limit, largest),
        scale = DivOp::create(builder, loc, row, largest, limit);
  Value scaled = MulOp::create(builder, loc, type, x, inverse);
  Value up = AddOp::create(builder, loc, type, scaled, rounder);
  Value whole = SubOp::create(builder, loc, type, up, rounder);
  return MulOp::create(builder, loc, type, whole, scale);
}

RankedTensorType inF32(Type type) {
  return cast<RankedTensorType>(type).clone(
      Float32Type::get(type.getContext()));
}

bool isInBytes(Type type) {
  return isa<DynamicType>(cast<RankedTensorType>(type).getElementType());
}

void widen(CacheAppendOp append) {
  append.removeWindowAttr();
  if (!isInBytes(append.getType()))
    return;
  OpBuilder builder(append);
  append.getXMutable().assign(rounded(builder, append.getX()));
  append.getResult().setType(inF32(append.getType()));
}

void widen(StateOp state, ModuleOp module) {
  if (!isInBytes(state.getType()))
    return;
  module.walk([&](StateWriteOp write) {
    OpBuilder builder(write);
    if (write.getState() == state.getSymName())
      write.getValueMutable().assign(rounded(builder, write.getValue()));
  });
  module.walk([&](StateReadOp read) {
    if (read.getState() == state.getSymName())
      read.getResult().setType(inF32(read.getType()));
  });
  state.setType(inF32(state.getType()));
}

struct Unfuse : heddle::transforms::impl::UnfuseBase<Unfuse> {
  void runOnOperation() override {
    getOperation()->walk([&](Operation *op) {
      if (auto weight = dyn_cast<WeightOp>(op))
        weight.removeLayoutAttr();
      if (auto route = dyn_cast<RouteOp>(op))
        route.setGrouped(false);
      if (auto append = dyn_cast<CacheAppendOp>(op))
        widen(append);
    });
    if (auto module = dyn_cast<ModuleOp>(getOperation()))
      for (StateOp state : module.getOps<StateOp>())
        widen(state, module);
  }
};

} // namespace
