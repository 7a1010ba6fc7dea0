//===- ObserveInputs.cpp - which inputs the weights of products meet ------===//
//
// Enters: functions of the kernel dialect, whose first argument is the frame.
// Leaves: the same, and before every product of f32 with a weight of a slot a
// call of heddle_observe_inputs (runtime/observe.h), which is given its inputs.
// That is how weights are calibrated: what matters of a weight's rounding is
// how large the inputs are that it meets.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"

namespace heddle::transforms {
#define GEN_PASS_DEF_OBSERVEINPUTS
#include "compiler/transforms/Passes.h.inc"
} // namespace heddle::transforms

using namespace mlir;
using namespace heddle;

static constexpr auto observeInputsRemarks =
    remark::RemarkOpts::name("observed-inputs")
        .category("kernel-observe-inputs");

namespace {

/// The weight that a product's panels are all or some of; null: none.
kernel::WeightOp weightOf(kernel::MatmulOp product) {
  Operation *op = product.getWeight().getDefiningOp();
  while (isa_and_nonnull<memref::SubViewOp, memref::CastOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return dyn_cast_or_null<kernel::WeightOp>(op);
}

/// The frame of the function that an op is in; null: it has none.
Value frameOf(Operation *op) {
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || function.getNumArguments() == 0)
    return Value();
  Value first = function.getArgument(0);
  return isa<kernel::FrameType>(first.getType()) ? first : Value();
}

struct ObserveInputs
    : heddle::transforms::impl::ObserveInputsBase<ObserveInputs> {
  void runOnOperation() override {
    SmallVector<kernel::MatmulOp> products;
    getOperation().walk(
        [&](kernel::MatmulOp product) { products.push_back(product); });
    // Products of one weight's panels and the same inputs are one.
    llvm::DenseSet<std::pair<Operation *, Value>> seen;
    for (kernel::MatmulOp product : products) {
      StringRef reason = refusal(product);
      if (!reason.empty())
        remark::missed(product.getLoc(), observeInputsRemarks)
            << remark::add("inputs of a product not observed")
            << remark::reason("{0}", reason);
      else if (seen.insert({weightOf(product), product.getX()}).second)
        observe(product);
    }
  }

private:
  static StringRef refusal(kernel::MatmulOp product) {
    if (!product.getX().getType().getElementType().isF32())
      return "they are no f32";
    if (!weightOf(product))
      return "its weight is computed";
    return frameOf(product) ? "" : "its function has no frame";
  }

  /// memref<?x?xf32> of any place and strides.
  MemRefType inputsType() {
    constexpr int64_t any = ShapedType::kDynamic;
    return MemRefType::get(
        {any, any}, Float32Type::get(&getContext()),
        StridedLayoutAttr::get(&getContext(), any, {any, any}));
  }

  /// heddle_observe_inputs, declared at the first call.
  func::FuncOp observer() {
    StringRef name = "heddle_observe_inputs";
    if (auto known = getOperation().lookupSymbol<func::FuncOp>(name))
      return known;
    auto builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto type = builder.getFunctionType({kernel::FrameType::get(&getContext()),
                                         kernel::SlotsType::get(&getContext()),
                                         builder.getIndexType(), inputsType()},
                                        {});
    auto function =
        func::FuncOp::create(builder, getOperation().getLoc(), name, type);
    function.setPrivate();
    return function;
  }

  void observe(kernel::MatmulOp product) {
    func::FuncOp function = observer();
    OpBuilder builder(product);
    kernel::WeightOp weight = weightOf(product);
    Value inputs = memref::CastOp::create(builder, product.getLoc(),
                                          inputsType(), product.getX());
    func::CallOp::create(builder, product.getLoc(), function,
                         ValueRange{frameOf(product), weight.getWeights(),
                                    weight.getSlot(), inputs});
  }
};

} // namespace
