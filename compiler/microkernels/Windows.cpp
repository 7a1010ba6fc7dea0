//===- Windows.cpp - kernel.windows as vector code ------------------------===//
//
//   for vectors of places n of the panel:   corners of their windows
//     for offsets k… in the window, for channels c:
//       panel[(c, k…), n] = x[c, corner + k·dilation…], zero where outside
//
// Places in one line of the result, at stride 1, have neighbours for corners: a
// vector is what two lines of memory have where it ends one and begins the
// next. Others are gathered.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Windows.h"
#include "compiler/microkernels/Lanes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace heddle::microkernels {
namespace {

class WindowsEmitter {
public:
  WindowsEmitter(OpBuilder &builder, kernel::WindowsOp op, const Target &target)
      : op(op), v(builder, op.getLoc(), target), lanes(v),
        axes(op.getWindow().size()) {}

  void emit();

private:
  /// The windows' corners for a vector of places, an axis each: a vector, and
  /// what it has in lane 0.
  struct Corners {
    SmallVector<Value> all, first;
    /// How far lane 0's and each lane's corner lie behind the channel's start.
    Value start, offsets;
    /// Where corners of a line are neighbours, else null: whether a vector is
    /// in two lines at most, which lanes are in the first one, and where lane 0
    /// would begin if it were in the other.
    Value isWide, firstLine, nextStart;
  };
  Corners cornersOf(Value place);
  void emitPlaces(const Corners &corners, Value n);
  void emitChannels(Value from, Value to,
                    function_ref<Value(Value base)> elements);
  Value inside(const Corners &corners, ValueRange offset);

  template <typename OpTy> Value make(Value a, Value b) {
    return OpTy::create(v.builder, v.loc, a, b);
  }
  Value narrow(Value index) {
    return arith::IndexCastOp::create(v.builder, v.loc, v.builder.getI32Type(),
                                      index);
  }
  Value splat(Value index) {
    return vector::BroadcastOp::create(v.builder, v.loc, v.ints(),
                                       narrow(index));
  }
  int64_t panelColumns() { return op.getPanel().getType().getDimSize(2); }

  Value everywhere() {
    auto type = VectorType::get(v.target.lanes(), v.builder.getI1Type());
    return arith::ConstantOp::create(v.builder, v.loc,
                                     DenseElementsAttr::get(type, true));
  }

  kernel::WindowsOp op;
  VectorBuilder v;
  Lanes lanes;
  unsigned axes;
  Value image, panel, channelStride;
  /// Of the image's axes but the channels.
  SmallVector<Value> sizes, strides;
};

} // namespace

void WindowsEmitter::emit() {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(v.builder, v.loc, op.getX());
  auto mixedStrides = metadata.getConstifiedMixedStrides();
  auto asValue = [&](OpFoldResult mixed) {
    return getValueOrCreateConstantIndexOp(v.builder, v.loc, mixed);
  };
  for (unsigned axis = 0; axis < axes; ++axis) {
    Value size = memref::DimOp::create(v.builder, v.loc, op.getX(), axis + 1);
    sizes.push_back(size);
    strides.push_back(asValue(mixedStrides[axis + 1]));
  }
  image = v.addressOf(op.getX());
  panel = v.addressOf(op.getPanel());
  channelStride = asValue(mixedStrides[0]);
  v.loop(v.index(0), v.index(panelColumns()), v.target.lanes(), [&](Value n) {
    emitPlaces(cornersOf(make<arith::AddIOp>(op.getFirst(), n)), n);
  });
}

// Place number n is (n / places of all later axes, …, n mod places of the
// last).
WindowsEmitter::Corners WindowsEmitter::cornersOf(Value place) {
  Corners corners;
  Value one = place, all = lanes.risingFrom(place);
  corners.all.resize(axes);
  corners.first.resize(axes);
  for (int axis = axes - 1; axis >= 0; --axis) {
    Value count = op.getPlaces()[axis], at = one, atAll = all;
    Value pad = v.index(op.getPad()[axis]),
          stride = v.index(op.getStride()[axis]);
    if (axis > 0) {
      at = make<arith::RemUIOp>(one, count);
      atAll = make<arith::RemUIOp>(all, splat(count));
      one = make<arith::DivUIOp>(one, count);
      all = make<arith::DivUIOp>(all, splat(count));
    }
    corners.first[axis] =
        make<arith::SubIOp>(make<arith::MulIOp>(at, stride), pad);
    corners.all[axis] = make<arith::SubIOp>(
        make<arith::MulIOp>(atAll, splat(stride)), splat(pad));
  }
  for (unsigned axis = 0; axis < axes; ++axis) {
    Value moved = make<arith::MulIOp>(corners.first[axis], strides[axis]);
    Value movedAll =
        make<arith::MulIOp>(corners.all[axis], splat(strides[axis]));
    corners.start = axis ? make<arith::AddIOp>(corners.start, moved) : moved;
    corners.offsets =
        axis ? make<arith::AddIOp>(corners.offsets, movedAll) : movedAll;
  }
  if (op.getStride().back() != 1)
    return corners;
  // In a line as long as a vector, lanes are in this line or in the next one.
  int64_t lane = v.target.lanes();
  Value width = op.getPlaces().back(),
        inLine = make<arith::AddIOp>(corners.first.back(),
                                     v.index(op.getPad().back()));
  corners.isWide = arith::CmpIOp::create(
      v.builder, v.loc, arith::CmpIPredicate::uge, width, v.index(lane));
  corners.firstLine = lanes.below(make<arith::SubIOp>(width, inLine));
  Value last =
      vector::ExtractOp::create(v.builder, v.loc, corners.offsets, lane - 1);
  last = arith::IndexCastOp::create(v.builder, v.loc, v.builder.getIndexType(),
                                    last);
  corners.nextStart = make<arith::SubIOp>(last, v.index(lane - 1));
  return corners;
}

/// Where 0 ≤ corner + offset < size along every axis.
Value WindowsEmitter::inside(const Corners &corners, ValueRange offset) {
  Value inside;
  for (unsigned axis = 0; axis < axes; ++axis) {
    Value at = make<arith::AddIOp>(corners.all[axis], splat(offset[axis]));
    // Unsigned, what lies in front is larger than any size.
    Value in = arith::CmpIOp::create(
        v.builder, v.loc, arith::CmpIPredicate::ult, at, splat(sizes[axis]));
    inside = inside ? make<arith::AndIOp>(inside, in) : in;
  }
  return inside;
}

/// All rows of one vector of places, which begins at column n: offset by
/// offset, as which lanes are inside is the same for all channels.
void WindowsEmitter::emitPlaces(const Corners &corners, Value n) {
  OpBuilder::InsertionGuard guard(v.builder);
  SmallVector<Value> offset;
  Value row = v.index(0), moved = v.index(0);
  for (unsigned axis = 0; axis < axes; ++axis) {
    Value size = v.index(op.getWindow()[axis]);
    auto loop =
        scf::ForOp::create(v.builder, v.loc, v.index(0), size, v.index(1));
    v.builder.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    row = make<arith::AddIOp>(make<arith::MulIOp>(row, size), k);
    offset.push_back(make<arith::MulIOp>(k, v.index(op.getDilation()[axis])));
    moved = make<arith::AddIOp>(
        moved, make<arith::MulIOp>(offset.back(), strides[axis]));
  }
  Value mask = inside(corners, offset), from = v.advance(image, moved);
  Value to = v.advance(
      panel, make<arith::AddIOp>(
                 n, make<arith::MulIOp>(row, v.index(panelColumns()))));
  if (!corners.isWide)
    return emitChannels(from, to, [&](Value base) {
      return lanes.gather(base, v.builder.getF32Type(), corners.offsets, mask);
    });
  auto either = scf::IfOp::create(v.builder, v.loc, corners.isWide,
                                  /*withElse=*/true);
  v.builder.setInsertionPointToStart(either.thenBlock());
  Value ofFirst = make<arith::AndIOp>(mask, corners.firstLine);
  Value ofNext = make<arith::AndIOp>(
      mask, make<arith::XOrIOp>(corners.firstLine, everywhere()));
  emitChannels(from, to, [&](Value base) -> Value {
    Type f32 = v.builder.getF32Type();
    Value a = lanes.load(v.advance(base, corners.start), f32, ofFirst);
    Value b = lanes.load(v.advance(base, corners.nextStart), f32, ofNext);
    return arith::SelectOp::create(v.builder, v.loc, corners.firstLine, a, b);
  });
  v.builder.setInsertionPointToStart(either.elseBlock());
  emitChannels(from, to, [&](Value base) {
    return lanes.gather(base, v.builder.getF32Type(), corners.offsets, mask);
  });
}

/// One row of each channel.
void WindowsEmitter::emitChannels(Value from, Value to,
                                  function_ref<Value(Value)> elements) {
  int64_t channels = op.getX().getType().getDimSize(0);
  int64_t rowsOfChannel = op.getPanel().getType().getDimSize(1) / channels;
  v.loop(v.index(0), v.index(channels), 1, [&](Value channel) {
    Value row =
        make<arith::MulIOp>(channel, v.index(rowsOfChannel * panelColumns()));
    v.store(
        elements(v.advance(from, make<arith::MulIOp>(channel, channelStride))),
        v.advance(to, row));
  });
}

void lowerWindows(RewriterBase &rewriter, kernel::WindowsOp op,
                  const Target &target) {
  rewriter.setInsertionPoint(op);
  WindowsEmitter(rewriter, op, target).emit();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
