//===- Windows.cpp - kernel.windows as vector code ------------------------===//
//
//   for vectors of places n of the panel:   corners of their windows
//     for offsets k… in the window, for channels c:
//       panel[(c, k…), n] = x[c, corner + k·dilation…], zero where outside
//
// Places in one line of the result, at stride 1, have neighbours for corners: a
// vector is what two lines of memory have where it ends one and begins the
// next. At stride 2 they are every second element. Others are gathered.
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
    /// Where corners of a line are two apart, else null: whether the vector is
    /// in one line.
    Value isOneLine;
  };
  Corners cornersOf(Value place);
  void emitPlaces(const Corners &corners, Value n);
  void emitTwoLines(const Corners &corners, Value from, Value to, Value mask);
  void emitEverySecond(const Corners &corners, Value from, Value to);
  void emitChannels(Value from, Value to,
                    function_ref<Value(Value base)> elements);
  Value inside(const Corners &corners, ValueRange offset);
  Value areEndsInside(const Corners &corners, ValueRange offset);

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
  int64_t lane = v.target.lanes();
  if (op.getStride().back() == 2) {
    // (place in the line + lanes) · 2 ≤ places of a line · 2
    Value end = make<arith::AddIOp>(corners.first.back(),
                                    v.index(op.getPad().back() + 2 * lane));
    corners.isOneLine = arith::CmpIOp::create(
        v.builder, v.loc, arith::CmpIPredicate::ule, end,
        make<arith::MulIOp>(op.getPlaces().back(), v.index(2)));
  }
  if (op.getStride().back() != 1)
    return corners;
  // In a line as long as a vector, lanes are in this line or in the next one.
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

/// The same of lanes in one line, two apart, by the first and the last of them.
Value WindowsEmitter::areEndsInside(const Corners &corners, ValueRange offset) {
  Value inside;
  auto require = [&](Value at, Value size) {
    Value in = arith::CmpIOp::create(v.builder, v.loc,
                                     arith::CmpIPredicate::ult, at, size);
    inside = inside ? make<arith::AndIOp>(inside, in) : in;
  };
  Value at;
  for (unsigned axis = 0; axis < axes; ++axis) {
    at = make<arith::AddIOp>(corners.first[axis], offset[axis]);
    require(at, sizes[axis]);
  }
  require(make<arith::AddIOp>(at, v.index(2 * (v.target.lanes() - 1))),
          sizes.back());
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
  auto gather = [&](Value base) {
    return lanes.gather(base, v.builder.getF32Type(), corners.offsets, mask);
  };
  Value isDense = corners.isWide;
  if (corners.isOneLine)
    isDense =
        make<arith::AndIOp>(corners.isOneLine, areEndsInside(corners, offset));
  if (!isDense)
    return emitChannels(from, to, gather);
  auto either = scf::IfOp::create(v.builder, v.loc, isDense, /*withElse=*/true);
  v.builder.setInsertionPointToStart(either.thenBlock());
  if (corners.isWide)
    emitTwoLines(corners, from, to, mask);
  else
    emitEverySecond(corners, from, to);
  v.builder.setInsertionPointToStart(either.elseBlock());
  emitChannels(from, to, gather);
}

void WindowsEmitter::emitTwoLines(const Corners &corners, Value from, Value to,
                                  Value mask) {
  Type f32 = v.builder.getF32Type();
  Value ofFirst = make<arith::AndIOp>(mask, corners.firstLine);
  Value ofNext = make<arith::AndIOp>(
      mask, make<arith::XOrIOp>(corners.firstLine, everywhere()));
  emitChannels(from, to, [&](Value base) -> Value {
    Value a = lanes.load(v.advance(base, corners.start), f32, ofFirst);
    Value b = lanes.load(v.advance(base, corners.nextStart), f32, ofNext);
    return arith::SelectOp::create(v.builder, v.loc, corners.firstLine, a, b);
  });
}

/// Of 2·lanes − 1 neighbours, all of them inside.
void WindowsEmitter::emitEverySecond(const Corners &corners, Value from,
                                     Value to) {
  int64_t lane = v.target.lanes();
  SmallVector<int64_t> every;
  for (int64_t i = 0; i < lane; ++i)
    every.push_back(i < lane / 2 ? 2 * i : 2 * i + 1);
  emitChannels(from, to, [&](Value base) -> Value {
    Value start = v.advance(base, corners.start);
    return vector::ShuffleOp::create(v.builder, v.loc, v.loadVector(start),
                                     v.loadVector(v.advance(start, lane - 1)),
                                     every);
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
