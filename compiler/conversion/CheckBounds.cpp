//===- CheckBounds.cpp - no read and no write outside a buffer ------------===//
//
// Enters: loops over memrefs. Leaves: the same, and before every access a call
// of heddle_check_bounds (runtime/abi.h), which ends the process where an index
// is outside of its dimension. Dimensions are believed only as far as they are
// checked themselves: views against what they are views of, parts of the arena
// against its bytes, rows of caches against their capacity. Weights have the
// shapes that the packed file has been checked for. What a caller passes, and
// whether parts of the arena overlap, is not seen here.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/FrameLoads.h"
#include "compiler/conversion/Passes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "runtime/abi.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cstddef>

namespace heddle::conversion {
#define GEN_PASS_DEF_CHECKBOUNDS
#include "compiler/conversion/Passes.h.inc"
} // namespace heddle::conversion

using namespace mlir;
using namespace heddle;

namespace {

class Checker {
public:
  Checker(ModuleOp module, func::FuncOp check)
      : module(module), check(check), builder(module.getContext()) {}

  /// Whether all that was seen can be checked.
  bool isWhole() const { return whole; }

  void run(Operation *op) {
    loc = op->getLoc();
    builder.setInsertionPoint(op);
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](memref::LoadOp load) {
          checkAccess(load, load.getMemRef(), load.getIndices());
        })
        .Case([&](memref::StoreOp store) {
          checkAccess(store, store.getMemRef(), store.getIndices());
        })
        .Case([&](memref::SubViewOp view) { checkView(view); })
        .Case([&](memref::ReinterpretCastOp view) { checkRow(view); })
        .Case([&](kernel::ArenaOp arena) { checkArena(arena); })
        .Case([&](kernel::CacheRowOp row) { checkCache(row); });
  }

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value asIndex(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(builder, loc, value);
  }
  Value plus(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value times(Value a, Value b) {
    return arith::MulIOp::create(builder, loc, a, b);
  }
  Value productOf(ArrayRef<OpFoldResult> sizes) {
    Value product = index(1);
    for (OpFoldResult size : sizes)
      product = times(product, asIndex(size));
    return product;
  }

  Value toIndex(Value word) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      word);
  }

  /// index < length
  void below(Operation *op, StringRef what, Value index, Value length) {
    func::CallOp::create(builder, loc, check,
                         ValueRange{index, length, nameOf(op, what)});
  }
  /// end ≤ length
  void upTo(Operation *op, StringRef what, Value end, Value length) {
    below(op, what, end, plus(length, index(1)));
  }

  /// `m.heddle:3:7: load`, as a string of the program.
  Value nameOf(Operation *op, StringRef what) {
    std::string text;
    llvm::raw_string_ostream os(text);
    if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>())
      os << place.getFilename().getValue() << ":" << place.getLine() << ":"
         << place.getColumn() << ": ";
    os << what << '\0';
    LLVM::GlobalOp &global = names[text];
    if (!global) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
      global = LLVM::GlobalOp::create(
          builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
          "place_" + std::to_string(names.size()), builder.getStringAttr(text));
    }
    return LLVM::AddressOfOp::create(builder, loc, global);
  }

  void checkAccess(Operation *op, Value memref, ValueRange indices) {
    for (auto [axis, at] : llvm::enumerate(indices))
      below(op, isa<memref::LoadOp>(op) ? "read" : "write", at,
            memref::DimOp::create(builder, loc, memref, axis));
  }

  void refuse(Operation *view, StringRef why) {
    view->emitOpError() << why << ": its bounds cannot be checked";
    whole = false;
  }

  void checkView(memref::SubViewOp view) {
    for (auto [axis, offset, size, stride] :
         llvm::enumerate(view.getMixedOffsets(), view.getMixedSizes(),
                         view.getMixedStrides())) {
      if (!isConstantIntValue(stride, 1))
        return refuse(view, "leaves elements out");
      upTo(view, "view", plus(asIndex(offset), asIndex(size)),
           memref::DimOp::create(builder, loc, view.getSource(), axis));
    }
  }

  /// A dense part of what has one dimension.
  void checkRow(memref::ReinterpretCastOp view) {
    if (auto source = dyn_cast<MemRefType>(view.getSource().getType());
        !source || source.getRank() != 1)
      return refuse(view, "is of what has not one dimension");
    upTo(view, "row",
         plus(asIndex(view.getMixedOffsets().front()),
              productOf(view.getMixedSizes())),
         memref::DimOp::create(builder, loc, view.getSource(), 0));
  }

  void checkArena(kernel::ArenaOp arena) {
    auto type = cast<MemRefType>(arena.getType());
    int64_t bytes = (type.getElementTypeBitWidth() + 7) / 8;
    Value count = index(bytes);
    unsigned dynamic = 0;
    for (int64_t size : type.getShape())
      count = times(count, ShapedType::isDynamic(size)
                               ? Value(arena.getSizes()[dynamic++])
                               : index(size));
    conversion::FrameLoads loads(builder, loc);
    Value all =
        loads.load(loads.word(), loads.at(loads.pointerTo(arena.getFrame()),
                                          offsetof(heddle_frame, arena_bytes)));
    upTo(arena, "arena", plus(arena.getOffset(), count), toIndex(all));
  }

  void checkCache(kernel::CacheRowOp row) {
    conversion::FrameLoads loads(builder, loc);
    Value views =
        loads.load(loads.pointer(), loads.at(loads.pointerTo(row.getFrame()),
                                             offsetof(heddle_frame, caches)));
    Value slot =
        arith::IndexCastOp::create(builder, loc, loads.word(), row.getSlot());
    Value capacity = toIndex(loads.load(
        loads.word(), loads.at(views, offsetof(heddle_cache_view, capacity),
                               slot, sizeof(heddle_cache_view))));
    auto type = cast<MemRefType>(row.getType());
    if (type.getRank() > 0 && type.isDynamicDim(0))
      upTo(row, "cache", row.getSizes().front(), capacity);
  }

  ModuleOp module;
  func::FuncOp check;
  OpBuilder builder;
  bool whole = true;
  Location loc = builder.getUnknownLoc();
  llvm::StringMap<LLVM::GlobalOp> names;
};

struct CheckBounds : conversion::impl::CheckBoundsBase<CheckBounds> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<Operation *> accesses;
    module.walk([&](Operation *op) {
      if (isa<memref::LoadOp, memref::StoreOp, memref::SubViewOp,
              memref::ReinterpretCastOp, kernel::ArenaOp, kernel::CacheRowOp>(
              op))
        accesses.push_back(op);
    });
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    Type index = builder.getIndexType();
    auto type = builder.getFunctionType(
        {index, index, LLVM::LLVMPointerType::get(&getContext())}, {});
    auto check = func::FuncOp::create(builder, module.getLoc(),
                                      "heddle_check_bounds", type);
    check.setPrivate();
    Checker checker(module, check);
    for (Operation *op : accesses)
      checker.run(op);
    if (!checker.isWhole())
      signalPassFailure();
  }
};

} // namespace
