//===- KernelToLLVM.cpp - the kernel dialect for convert-to-llvm ----------===//
//
// The frame and the line of slots become pointers, ops that read them loads at
// the byte offsets of heddle_frame (runtime/abi.h), buffers memref descriptors
// over the pointers found there.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/KernelToLLVM.h"
#include "compiler/conversion/FrameLoads.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/kernel/Spans.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/IR/DialectRegistry.h"
#include "runtime/abi.h"
#include <cstddef>

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

namespace {

/// Position of a name in an array attribute of the module.
FailureOr<int64_t> numberOf(Operation *op, StringRef list, StringAttr name) {
  auto names = op->getParentOfType<ModuleOp>()->getAttrOfType<ArrayAttr>(list);
  for (auto [number, known] :
       llvm::enumerate(names ? names.getValue() : ArrayRef<Attribute>()))
    if (known == name)
      return number;
  return op->emitOpError() << "the module's " << list << " has no " << name;
}

template <typename Op> struct FramePattern : ConvertOpToLLVMPattern<Op> {
  using ConvertOpToLLVMPattern<Op>::ConvertOpToLLVMPattern;

  /// A memref over `data`: contiguous, with the dynamic sizes given.
  LogicalResult replaceByMemref(Op op, Value data, ValueRange sizes,
                                ConversionPatternRewriter &rewriter) const {
    auto type = cast<MemRefType>(op.getType());
    SmallVector<Value> lengths, strides;
    Value bytes;
    this->getMemRefDescriptorSizes(op.getLoc(), type, sizes, rewriter, lengths,
                                   strides, bytes, /*sizeInBytes=*/false);
    rewriter.replaceOp(
        op, Value(this->createMemRefDescriptor(op.getLoc(), type, data, data,
                                               lengths, strides, rewriter)));
    return success();
  }
};

struct SizePattern : FramePattern<kernel::SizeOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::SizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto number =
        numberOf(op, kernel::KernelDialect::kSizesAttr, op.getSizeAttr());
    if (failed(number))
      return failure();
    FrameLoads loads(rewriter, op.getLoc());
    Value sizes =
        loads.load(loads.pointer(),
                   loads.at(adaptor.getFrame(), offsetof(heddle_frame, sizes)));
    rewriter.replaceOp(
        op,
        loads.load(loads.word(), loads.at(sizes, *number * sizeof(int64_t))));
    return success();
  }
};

Value extentField(FrameLoads &loads, Value frame, int64_t number, size_t field,
                  Type type) {
  Value extents = loads.load(loads.pointer(),
                             loads.at(frame, offsetof(heddle_frame, extents)));
  return loads.load(type,
                    loads.at(extents, number * sizeof(heddle_extent) + field));
}

struct ExtentPattern : FramePattern<kernel::ExtentOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::ExtentOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto number = numberOf(op, kernel::KernelDialect::kMonomialsAttr,
                           op.getMonomialAttr());
    if (failed(number))
      return failure();
    FrameLoads loads(rewriter, op.getLoc());
    rewriter.replaceOp(op, extentField(loads, adaptor.getFrame(), *number,
                                       offsetof(heddle_extent, total),
                                       loads.word()));
    return success();
  }
};

struct RowStartPattern : FramePattern<kernel::RowStartOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::RowStartOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto number = numberOf(op, kernel::KernelDialect::kMonomialsAttr,
                           op.getMonomialAttr());
    if (failed(number))
      return failure();
    FrameLoads loads(rewriter, op.getLoc());
    Value rows = extentField(loads, adaptor.getFrame(), *number,
                             offsetof(heddle_extent, rows), loads.pointer());
    rewriter.replaceOp(
        op, loads.load(loads.word(),
                       loads.at(rows, 0, adaptor.getRow(), sizeof(int64_t))));
    return success();
  }
};

/// frame->inputs[n] or frame->outputs[n].
template <typename Op, size_t field> struct ArgumentPattern : FramePattern<Op> {
  using FramePattern<Op>::FramePattern;
  LogicalResult
  matchAndRewrite(Op op, typename Op::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FrameLoads loads(rewriter, op.getLoc());
    Value table =
        loads.load(loads.pointer(), loads.at(adaptor.getFrame(), field));
    Value data = loads.load(loads.pointer(),
                            loads.at(table, op.getNumber() * sizeof(void *)));
    return this->replaceByMemref(op, data, adaptor.getSizes(), rewriter);
  }
};

struct ArenaPattern : FramePattern<kernel::ArenaOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::ArenaOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FrameLoads loads(rewriter, op.getLoc());
    Value arena =
        loads.load(loads.pointer(),
                   loads.at(adaptor.getFrame(), offsetof(heddle_frame, arena)));
    return replaceByMemref(op, loads.at(arena, 0, adaptor.getOffset(), 1),
                           adaptor.getSizes(), rewriter);
  }
};

struct EntrySlotsPattern : FramePattern<kernel::EntrySlotsOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::EntrySlotsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FrameLoads loads(rewriter, op.getLoc());
    Value table =
        loads.load(loads.pointer(), loads.at(adaptor.getFrame(),
                                             offsetof(heddle_frame, weights)));
    rewriter.replaceOp(op, loads.at(table, op.getFirst() * sizeof(void *)));
    return success();
  }
};

struct CalleeSlotsPattern : FramePattern<kernel::CalleeSlotsOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::CalleeSlotsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FrameLoads loads(rewriter, op.getLoc());
    rewriter.replaceOp(op, loads.at(adaptor.getWeights(), 0, adaptor.getFirst(),
                                    sizeof(void *)));
    return success();
  }
};

struct WeightPattern : FramePattern<kernel::WeightOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::WeightOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FrameLoads loads(rewriter, op.getLoc());
    Value data = loads.load(
        loads.pointer(),
        loads.at(adaptor.getWeights(), 0, adaptor.getSlot(), sizeof(void *)));
    return replaceByMemref(op, data, {}, rewriter);
  }
};

/// caches[slot].data + caches[slot].rows[row] · capacity · bytes of a position;
/// what lies between the positions and the last axis lies outside of them.
struct CacheRowPattern : FramePattern<kernel::CacheRowOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::CacheRowOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<MemRefType>(op.getType());
    int64_t positionBytes = type.getElementTypeBitWidth() / 8;
    for (int64_t size :
         type.getShape().drop_front(type.isDynamicDim(0) ? 1 : 0)) {
      if (ShapedType::isDynamic(size))
        return rewriter.notifyMatchFailure(op,
                                           "only the positions may be dynamic");
      positionBytes *= size;
    }
    FrameLoads loads(rewriter, op.getLoc());
    Location loc = op.getLoc();
    Value views =
        loads.load(loads.pointer(), loads.at(adaptor.getFrame(),
                                             offsetof(heddle_frame, caches)));
    Value view =
        loads.at(views, 0, adaptor.getSlot(), sizeof(heddle_cache_view));
    Value data = loads.load(loads.pointer(),
                            loads.at(view, offsetof(heddle_cache_view, data)));
    Value capacity = loads.load(
        loads.word(), loads.at(view, offsetof(heddle_cache_view, capacity)));
    Value rows = loads.load(loads.pointer(),
                            loads.at(view, offsetof(heddle_cache_view, rows)));
    Value row = loads.load(
        loads.word(), loads.at(rows, 0, adaptor.getRow(), sizeof(int64_t)));
    Value position = LLVM::MulOp::create(rewriter, loc, row, capacity);
    data = loads.at(data, 0, position, positionBytes);
    if (type.getLayout().isIdentity())
      return replaceByMemref(op, data, adaptor.getSizes(), rewriter);
    auto [sizes, strides] = shapeOf(type, adaptor.getSizes(), capacity, loads);
    rewriter.replaceOp(op,
                       Value(createMemRefDescriptor(loc, type, data, data,
                                                    sizes, strides, rewriter)));
    return success();
  }

private:
  /// Sizes [S, G…, K] and strides of what lies as [G…, capacity, K].
  static std::pair<SmallVector<Value>, SmallVector<Value>>
  shapeOf(MemRefType type, ValueRange dynamic, Value capacity,
          FrameLoads &loads) {
    SmallVector<Value> sizes = {dynamic.front()};
    for (int64_t size : type.getShape().drop_front())
      sizes.push_back(loads.constant(size));
    SmallVector<Value> strides(sizes.size());
    strides.back() = loads.constant(1);
    strides.front() = sizes.back();
    Value stride = loads.multiply(capacity, sizes.back());
    for (size_t axis = sizes.size() - 2; axis > 0; --axis) {
      strides[axis] = stride;
      stride = loads.multiply(stride, sizes[axis]);
    }
    return {sizes, strides};
  }
};

/// caches[slot].capacity
struct CacheCapacityPattern : FramePattern<kernel::CacheCapacityOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::CacheCapacityOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    static_assert(HEDDLE_RING_UNIT == kernel::ringKeys);
    FrameLoads loads(rewriter, op.getLoc());
    Value views =
        loads.load(loads.pointer(), loads.at(adaptor.getFrame(),
                                             offsetof(heddle_frame, caches)));
    Value view =
        loads.at(views, 0, adaptor.getSlot(), sizeof(heddle_cache_view));
    rewriter.replaceOp(
        op, loads.load(loads.word(),
                       loads.at(view, offsetof(heddle_cache_view, capacity))));
    return success();
  }
};

/// frame->mark(frame, site): always there, so that no branch is needed.
struct MarkPattern : FramePattern<kernel::MarkOp> {
  using FramePattern::FramePattern;
  LogicalResult
  matchAndRewrite(kernel::MarkOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    FrameLoads loads(rewriter, loc);
    Value frame = adaptor.getFrame();
    Value mark = loads.load(loads.pointer(),
                            loads.at(frame, offsetof(heddle_frame, mark)));
    Value site = LLVM::ConstantOp::create(rewriter, loc, rewriter.getI32Type(),
                                          op.getSiteAttr());
    auto type =
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(getContext()),
                                    {frame.getType(), site.getType()});
    LLVM::CallOp::create(rewriter, loc, type, ValueRange{mark, frame, site});
    rewriter.eraseOp(op);
    return success();
  }
};

struct KernelToLLVM : ConvertToLLVMPatternInterface {
  using ConvertToLLVMPatternInterface::ConvertToLLVMPatternInterface;

  void populateConvertToLLVMConversionPatterns(
      ConversionTarget &target, LLVMTypeConverter &converter,
      RewritePatternSet &patterns) const override {
    target.addIllegalDialect<kernel::KernelDialect>();
    addFrameConversions(converter);
    patterns
        .add<SizePattern, ExtentPattern, RowStartPattern,
             ArgumentPattern<kernel::InputOp, offsetof(heddle_frame, inputs)>,
             ArgumentPattern<kernel::OutputOp, offsetof(heddle_frame, outputs)>,
             ArenaPattern, EntrySlotsPattern, CalleeSlotsPattern, WeightPattern,
             CacheRowPattern, CacheCapacityPattern, MarkPattern>(converter);
  }
};

} // namespace

void conversion::addFrameConversions(LLVMTypeConverter &converter) {
  auto pointer = LLVM::LLVMPointerType::get(&converter.getContext());
  converter.addConversion([=](kernel::FrameType) { return pointer; });
  converter.addConversion([=](kernel::SlotsType) { return pointer; });
}

void conversion::registerConvertKernelToLLVMInterface(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, kernel::KernelDialect *dialect) {
    dialect->addInterfaces<KernelToLLVM>();
  });
}
