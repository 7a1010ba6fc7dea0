//===- Windows.cpp - kernel.windows as vector code ------------------------===//
//
//   for vectors of places n of the panel:   corners of their windows
//     for channels c, for offsets k… in the window:
//       panel[(c, k…), n] = x[c, corner + k…], zero where that is outside
//
// Places in one line of the result, at stride 1, have neighbours for corners,
// so that they are a vector in memory; others are gathered.
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
    /// Whether corners are neighbours; null where they cannot be.
    Value neighbours;
  };
  Corners cornersOf(Value place);
  void emitChannel(const Corners &corners, Value image, Value column);
  Value inside(const Corners &corners, ValueRange window);

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

  kernel::WindowsOp op;
  VectorBuilder v;
  Lanes lanes;
  unsigned axes;
  /// Of the image's axes but the channels.
  SmallVector<Value> sizes, strides, places;
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
    // (size + 2·pad − window) / stride + 1 places
    Value free = make<arith::AddIOp>(
        size, v.index(2 * op.getPad() - op.getWindow()[axis]));
    places.push_back(make<arith::AddIOp>(
        make<arith::DivUIOp>(free, v.index(op.getStride())), v.index(1)));
  }
  Value image = v.addressOf(op.getX()), panel = v.addressOf(op.getPanel());
  Value channelStride = asValue(mixedStrides[0]);
  int64_t channels = op.getX().getType().getDimSize(0);
  int64_t rowsOfChannel = op.getPanel().getType().getDimSize(1) / channels;
  v.loop(v.index(0), v.index(panelColumns()), v.target.lanes(), [&](Value n) {
    Corners corners = cornersOf(make<arith::AddIOp>(op.getFirst(), n));
    v.loop(v.index(0), v.index(channels), 1, [&](Value channel) {
      Value row =
          make<arith::MulIOp>(channel, v.index(rowsOfChannel * panelColumns()));
      emitChannel(corners,
                  v.advance(image, make<arith::MulIOp>(channel, channelStride)),
                  v.advance(panel, make<arith::AddIOp>(row, n)));
    });
  });
}

// Place number n is (n / places of all later axes, …, n mod places of the
// last).
WindowsEmitter::Corners WindowsEmitter::cornersOf(Value place) {
  Corners corners;
  Value one = place, all = lanes.risingFrom(place);
  Value pad = v.index(op.getPad()), stride = v.index(op.getStride());
  corners.all.resize(axes);
  corners.first.resize(axes);
  for (int axis = axes - 1; axis >= 0; --axis) {
    Value count = places[axis], at = one, atAll = all;
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
  if (op.getStride() == 1) {
    // All of the vector is in the line of its first place.
    Value inLine = make<arith::AddIOp>(corners.first.back(), pad);
    Value end = make<arith::AddIOp>(inLine, v.index(v.target.lanes()));
    corners.neighbours = arith::CmpIOp::create(
        v.builder, v.loc, arith::CmpIPredicate::ule, end, places.back());
  }
  return corners;
}

/// Where 0 ≤ corner + window < size along every axis.
Value WindowsEmitter::inside(const Corners &corners, ValueRange window) {
  Value inside;
  for (unsigned axis = 0; axis < axes; ++axis) {
    Value at = make<arith::AddIOp>(corners.all[axis], splat(window[axis]));
    // Unsigned, what lies in front is larger than any size.
    Value in = arith::CmpIOp::create(
        v.builder, v.loc, arith::CmpIPredicate::ult, at, splat(sizes[axis]));
    inside = inside ? make<arith::AndIOp>(inside, in) : in;
  }
  return inside;
}

/// The rows of one channel, for one vector of places: `column` is its place in
/// the first of them.
void WindowsEmitter::emitChannel(const Corners &corners, Value image,
                                 Value column) {
  OpBuilder::InsertionGuard guard(v.builder);
  SmallVector<Value> window;
  Value row = v.index(0), moved = v.index(0);
  for (unsigned axis = 0; axis < axes; ++axis) {
    Value size = v.index(op.getWindow()[axis]);
    auto loop =
        scf::ForOp::create(v.builder, v.loc, v.index(0), size, v.index(1));
    v.builder.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    window.push_back(k);
    row = make<arith::AddIOp>(make<arith::MulIOp>(row, size), k);
    moved = make<arith::AddIOp>(moved, make<arith::MulIOp>(k, strides[axis]));
  }
  Value mask = inside(corners, window);
  Value base = v.advance(image, moved);
  Value place =
      v.advance(column, make<arith::MulIOp>(row, v.index(panelColumns())));
  Type f32 = v.builder.getF32Type();
  auto gather = [&] {
    v.store(lanes.gather(base, f32, corners.offsets, mask), place);
  };
  if (!corners.neighbours)
    return gather();
  auto either = scf::IfOp::create(v.builder, v.loc, corners.neighbours,
                                  /*withElse=*/true);
  v.builder.setInsertionPointToStart(either.thenBlock());
  v.store(lanes.load(v.advance(base, corners.start), f32, mask), place);
  v.builder.setInsertionPointToStart(either.elseBlock());
  gather();
}

void lowerWindows(RewriterBase &rewriter, kernel::WindowsOp op,
                  const Target &target) {
  rewriter.setInsertionPoint(op);
  WindowsEmitter(rewriter, op, target).emit();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
