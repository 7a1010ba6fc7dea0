//===- NNToKernelConvTransposed.cpp - transposed convolutions -------------===//
//
// Place p of the result meets the offsets k of the kernel with k · d ≡ p + pad,
// modulo the stride s: of these every s/g-th, g = gcd(s, d). Places of one
// phase, p₀ + j · s, meet the same ones, so that
//
//   y[o, p₀ + j·s] = Σ_{c, t} x[c, j + t·(d/g) − pad'] · F[o, c, t]
//
// is a convolution at stride 1, F holding the offsets of the phase in falling
// order. For each phase there are products as in NNToKernelConv.cpp, whose sums
// are put where they belong:
//
//   F = the filters, phase by phase, in the arena
//   for phases:
//     parallel task in 0 .. B · groups · ceil(places / P):
//       y[o, p₀ + j·s] = (F · windows of the image)[o, j]
//   y = epilogue(y + bias)
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NNToKernelConv.h"
#include "mlir/IR/Remarks.h"
#include <numeric>

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

static constexpr auto convTransposedKernelRemarks =
    remark::RemarkOpts::name("convolution-as-product").category("nn-to-kernel");

namespace {

/// Of one axis: the places p₀ + j · s.
struct Phase {
  int64_t first;
  /// The last offset of the kernel that they meet, how far apart those are, and
  /// how many.
  int64_t lastOffset, apart, count;
  /// Of the windows that the products are made with.
  int64_t pad, dilation;
};

/// A phase of each axis.
struct Part {
  SmallVector<Phase, 2> phases;
  /// Elements of a filter, and where the first one begins.
  int64_t terms, offset;
};

class Transposed : public ConvTasks {
public:
  Transposed(nn::ConvOp op, FunctionLowering &lowering);

  StringRef refusal();
  void lower();

private:
  void lowerPart(const Part &part);
  void fillFilters(const Part &part);
  void scatter(const Part &part, Value product, Value row, Value group,
               Value first, Value count, ValueRange places);
  SmallVector<Value> placesOfPart(const Part &part, Value row);

  unsigned axes() { return op.getKernel().size(); }

  SmallVector<Part> parts;
  Value filters;
};

} // namespace

/// The phases of an axis, in the order of their first places.
static SmallVector<Phase> phasesOf(int64_t kernel, int64_t stride, int64_t pad,
                                   int64_t dilation) {
  SmallVector<Phase> phases;
  int64_t common = std::gcd(stride, dilation), apart = stride / common;
  for (int64_t first = 0; first < stride; ++first) {
    int64_t offset = 0;
    while (offset < apart && (first + pad - offset * dilation) % stride != 0)
      ++offset;
    Phase phase{first, 0, apart, 0, 0, dilation / common};
    if (offset < apart && offset < kernel) {
      phase.count = (kernel - 1 - offset) / apart + 1;
      phase.lastOffset = offset + (phase.count - 1) * apart;
      phase.pad = (phase.lastOffset * dilation - first - pad) / stride;
    }
    phases.push_back(phase);
  }
  return phases;
}

Transposed::Transposed(nn::ConvOp op, FunctionLowering &lowering)
    : ConvTasks(op, lowering) {
  parts.push_back({{}, inputs, 0});
  for (unsigned axis = 0; axis < axes(); ++axis) {
    SmallVector<Part> longer;
    for (const Part &part : parts)
      for (const Phase &phase :
           phasesOf(op.getKernel()[axis], op.getStride()[axis],
                    op.getPad()[axis], op.getDilation()[axis])) {
        longer.push_back(part);
        longer.back().phases.push_back(phase);
        longer.back().terms *= phase.count;
      }
    parts = std::move(longer);
  }
  int64_t offset = 0;
  for (Part &part : parts) {
    part.offset = offset;
    offset += part.terms * op.getOutputs();
  }
}

StringRef Transposed::refusal() {
  if (StringRef reason = ConvTasks::refusal(); !reason.empty())
    return reason;
  constexpr size_t mostParts = 64; // the code of each is written out
  if (parts.size() > mostParts)
    return "the stride has too many phases";
  for (const Part &part : parts) {
    if (part.terms == 0)
      return "the kernel leaves out places of the result";
    if ((part.terms + outputs) * panelColumns * 4 >
        lowering.tasks.convolutionStack)
      return "a panel of windows is too large for the stack";
  }
  return {};
}

/// F[o][c, t…] = W[c][o][last offset − t · apart …], for all groups.
void Transposed::fillFilters(const Part &part) {
  View weight = lowering.view(op.getWeight(), nullptr);
  SmallVector<Value> bounds{e.index(op.getGroups()), e.index(outputs),
                            e.index(inputs)};
  for (const Phase &phase : part.phases)
    bounds.push_back(e.index(phase.count));
  nest(lowering, bounds, [&](ValueRange at) {
    Value place = at[0];
    for (auto [index, bound] : llvm::drop_begin(llvm::zip(at, bounds)))
      place = e.plus(e.times(place, bound), index);
    SmallVector<Value> from{e.plus(e.times(at[0], bounds[2]), at[2]), at[1]};
    for (auto [phase, t] : llvm::zip(part.phases, at.drop_front(3)))
      from.push_back(
          e.minus(e.index(phase.lastOffset), e.times(t, e.index(phase.apart))));
    memref::StoreOp::create(e.builder, e.loc, e.load(weight, from), filters,
                            e.plus(place, e.index(part.offset)));
  });
}

/// ceil((places of the axis − first) / stride), an axis each.
SmallVector<Value> Transposed::placesOfPart(const Part &part, Value row) {
  SmallVector<Value> counts;
  for (auto [length, phase, stride] :
       llvm::zip_equal(lengthsOf(row), part.phases, op.getStride()))
    counts.push_back(e.over(e.plus(length, e.index(stride - 1 - phase.first)),
                            e.index(stride)));
  return counts;
}

/// y[o, p₀ + j·s …] = product[o, n], j… being place number `first` + n.
void Transposed::scatter(const Part &part, Value product, Value row,
                         Value group, Value first, Value count,
                         ValueRange places) {
  View y = placesAt(lowering.resultView(op->getOpResult(0), row),
                    e.times(group, e.index(outputs)), outputs, e.index(0),
                    placesOf(row));
  SmallVector<Value> lengths = lengthsOf(row);
  nest(lowering, count, [&](ValueRange n) {
    Value rest = e.plus(first, n[0]), to = e.index(0), distance = e.index(1);
    for (int axis = axes() - 1; axis >= 0; --axis) {
      Value j = axis ? e.rest(rest, places[axis]) : rest;
      if (axis)
        rest = e.over(rest, places[axis]);
      Value p = e.plus(e.times(j, e.index(op.getStride()[axis])),
                       e.index(part.phases[axis].first));
      to = e.plus(to, e.times(p, distance));
      distance = e.times(distance, lengths[axis]);
    }
    nest(lowering, e.index(outputs), [&](ValueRange o) {
      Value sum = memref::LoadOp::create(e.builder, e.loc, product,
                                         ValueRange{o[0], n[0]});
      memref::StoreOp::create(e.builder, e.loc, sum, y.memref,
                              ValueRange{o[0], to});
    });
  });
}

void Transposed::lowerPart(const Part &part) {
  SmallVector<int64_t> window, pad, dilation, ones(axes(), 1);
  for (const Phase &phase : part.phases) {
    window.push_back(phase.count);
    pad.push_back(phase.pad);
    dilation.push_back(phase.dilation);
  }
  auto countOf = [&](Value row) {
    Value all = e.index(1);
    for (Value count : placesOfPart(part, row))
      all = e.times(all, count);
    return all;
  };
  forShares(countOf, panelColumns,
            [&](Value row, Value group, Value first, Value count) {
              SmallVector<Value> places = placesOfPart(part, row);
              Value offset =
                  e.plus(e.times(group, e.index(outputs * part.terms)),
                         e.index(part.offset));
              Value product =
                  productOf(denseAt(filters, offset, {outputs, part.terms}),
                            imageOf(row, group), first, places, window, ones,
                            pad, dilation);
              scatter(part, product, row, group, first, count, places);
            });
}

void Transposed::lower() {
  filters = lowering.scratch(
      op, "filters", e.index(op.getWeight().getType().getNumElements()));
  for (const Part &part : parts)
    fillFilters(part);
  for (const Part &part : parts)
    lowerPart(part);
  if (!op.getBias() && !op.hasEpilogue())
    return;
  forShares([&](Value) { return e.index(outputs); }, 1,
            [&](Value row, Value group, Value first, Value) {
              Value places = placesOf(row);
              Value channel = e.plus(e.times(group, e.index(outputs)), first);
              View y = lowering.resultView(op->getOpResult(0), row);
              finish(placesAt(y, channel, 1, e.index(0), places), row, channel,
                     e.index(0), places);
            });
}

LogicalResult conversion::lowerTransposedConv(nn::ConvOp op,
                                              FunctionLowering &lowering) {
  Transposed conv(op, lowering);
  if (StringRef reason = conv.refusal(); !reason.empty()) {
    remark::missed(op.getLoc(), convTransposedKernelRemarks)
        << "convolution is not a product" << remark::reason("{0}", reason);
    return failure();
  }
  conv.lower();
  return success();
}
