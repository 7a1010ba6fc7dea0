//===- View.cpp - a memref with a name for every dimension ----------------===//

#include "compiler/conversion/View.h"
#include "compiler/conversion/FunctionLowering.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

int View::find(StringRef axis) const {
  auto at = llvm::find(axes, axis);
  return at == axes.end() ? -1 : at - axes.begin();
}

Value View::length(FunctionLowering &lowering, unsigned axis) const {
  return memref::DimOp::create(lowering.builder, lowering.loc(), memref, axis);
}

SmallVector<Value> View::lengths(FunctionLowering &lowering,
                                 unsigned count) const {
  SmallVector<Value> lengths;
  for (unsigned axis = 0; axis < count; ++axis)
    lengths.push_back(length(lowering, axis));
  return lengths;
}

OpFoldResult View::mixedLength(FunctionLowering &lowering,
                               unsigned axis) const {
  return memref::getMixedSize(lowering.builder, lowering.loc(), memref, axis);
}

View View::part(FunctionLowering &lowering, ArrayRef<OpFoldResult> first,
                ArrayRef<OpFoldResult> size,
                std::optional<unsigned> dropped) const {
  SmallVector<OpFoldResult> strides(first.size(),
                                    lowering.builder.getIndexAttr(1));
  View part{{}, axes};
  SmallVector<int64_t> shape;
  std::tie(shape, std::ignore) = decomposeMixedValues(size);
  if (dropped) {
    shape.erase(shape.begin() + *dropped);
    part.axes.erase(part.axes.begin() + *dropped);
  }
  auto partType = memref::SubViewOp::inferRankReducedResultType(
      shape, type(), first, size, strides);
  part.memref = memref::SubViewOp::create(lowering.builder, lowering.loc(),
                                          cast<MemRefType>(partType), memref,
                                          first, size, strides);
  return part;
}

View View::slice(FunctionLowering &lowering, int64_t first,
                 int64_t count) const {
  if (type().getDimSize(0) == count)
    return *this;
  OpBuilder &builder = lowering.builder;
  SmallVector<OpFoldResult> begin(axes.size(), builder.getIndexAttr(0)),
      size = getAsIndexOpFoldResult(builder.getContext(), type().getShape());
  begin.front() = builder.getIndexAttr(first);
  size.front() = builder.getIndexAttr(count);
  return part(lowering, begin, size);
}

View View::at(FunctionLowering &lowering, OpFoldResult index,
              ArrayRef<OpFoldResult> lengths) const {
  SmallVector<OpFoldResult> first(axes.size(),
                                  lowering.builder.getIndexAttr(0)),
      size(lengths);
  first.front() = index;
  size.insert(size.begin(), lowering.builder.getIndexAttr(1));
  return part(lowering, first, size, /*dropped=*/0);
}

View View::at(FunctionLowering &lowering, OpFoldResult index) const {
  SmallVector<OpFoldResult> lengths;
  for (unsigned axis = 1; axis < axes.size(); ++axis)
    lengths.push_back(mixedLength(lowering, axis));
  return at(lowering, index, lengths);
}

View View::head(FunctionLowering &lowering, Value head) const {
  OpBuilder &builder = lowering.builder;
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  return part(lowering, {zero, OpFoldResult(head), zero},
              {mixedLength(lowering, 0), one,
               builder.getIndexAttr(type().getDimSize(2))},
              /*dropped=*/1);
}

View View::collapse(FunctionLowering &lowering, unsigned begin, unsigned end,
                    StringRef name) const {
  View collapsed = *this;
  collapsed.axes.erase(collapsed.axes.begin() + begin,
                       collapsed.axes.begin() + end);
  collapsed.axes.insert(collapsed.axes.begin() + begin, name.str());
  if (end == begin + 1)
    return collapsed;
  SmallVector<ReassociationIndices> groups;
  for (unsigned axis = 0; axis < begin; ++axis)
    groups.push_back({axis});
  groups.push_back(
      llvm::to_vector_of<int64_t, 2>(llvm::seq<unsigned>(begin, end)));
  for (unsigned axis = end; axis < axes.size(); ++axis)
    groups.push_back({axis});
  collapsed.memref = memref::CollapseShapeOp::create(
      lowering.builder, lowering.loc(), memref, groups);
  return collapsed;
}

void heddle::conversion::generic(
    FunctionLowering &lowering, ArrayRef<View> inputs, View output,
    ArrayRef<StringRef> reduced,
    function_ref<Value(OpBuilder &, ValueRange)> body) {
  OpBuilder &builder = lowering.builder;
  SmallVector<std::string> loops(output.axes.begin(), output.axes.end());
  for (StringRef axis : reduced)
    loops.push_back(axis.str());
  // Of loops called alike, as in [T T], axes take the next one in their order.
  auto mapOf = [&](const View &view) {
    SmallVector<AffineExpr> results;
    llvm::SmallBitVector taken(loops.size());
    unsigned next = 0;
    auto takeFrom = [&](unsigned first, StringRef axis) {
      while (first < loops.size() && (taken[first] || loops[first] != axis))
        ++first;
      return first;
    };
    for (StringRef axis : view.axes) {
      unsigned at = takeFrom(next, axis);
      if (at == loops.size())
        at = takeFrom(0, axis);
      if (at == loops.size()) {
        lowering.refuse("the axis " + axis +
                        " is neither in the result nor reduced");
        results.push_back(builder.getAffineConstantExpr(0));
        continue;
      }
      taken.set(at);
      next = at + 1;
      results.push_back(builder.getAffineDimExpr(at));
    }
    return AffineMap::get(loops.size(), 0, results, builder.getContext());
  };
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  for (const View &input : inputs) {
    maps.push_back(mapOf(input));
    operands.push_back(input.memref);
  }
  maps.push_back(mapOf(output));
  SmallVector<utils::IteratorType> iterators(output.axes.size(),
                                             utils::IteratorType::parallel);
  iterators.append(reduced.size(), utils::IteratorType::reduction);
  linalg::GenericOp::create(
      builder, lowering.loc(), operands, output.memref, maps, iterators,
      [&](OpBuilder &inner, Location loc, ValueRange scalars) {
        Value value = body(inner, scalars);
        linalg::YieldOp::create(inner, loc, value);
      });
}
