//===- RouteAndScan.cpp - calls that the data choose, and recurrences -----===//

#include "compiler/conversion/Emit.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/nn/Places.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;

//===----------------------------------------------------------------------===//
// Mixture of experts
//===----------------------------------------------------------------------===//

/// Whether any element of `chosen` is `block`, from index `at` on.
static Value isChosen(Emit &e, const View &chosen, Value block,
                      SmallVector<Value> at = {}) {
  auto recurse = [&](Value index, Value soFar) {
    SmallVector<Value> next(at);
    next.push_back(index);
    Value found =
        next.size() < chosen.axes.size()
            ? isChosen(e, chosen, block, next)
            : e.compare(Emit::Predicate::eq, e.element(chosen, next), block);
    return e.either(soFar, found);
  };
  Value no = arith::ConstantIntOp::create(e.builder, e.loc, 0, 1);
  return fold(e.lowering, chosen.length(e.lowering, at.size()), no, recurse);
}

void FunctionLowering::callBlock(nn::RouteOp route, Value block, Value x,
                                 Value result) {
  Emit e{*this};
  auto [weightLine, cacheLine] = tree.lineOf(route.getCallee());
  Value weights = kernel::CalleeSlotsOp::create(
      builder, location, weightSlots,
      e.plus(slotIndex(tree.weightPlace(route)),
             e.times(block, constantIndex(weightLine))));
  Value caches =
      e.plus(cacheSlot(route), e.times(block, constantIndex(cacheLine)));
  func::CallOp::create(
      builder, location, route.getCallee(), TypeRange(),
      ValueRange{framePointer, weights, caches, calleeArena, x, result});
}

/// Every block that some token has chosen is applied to all tokens; the choices
/// of it are taken from what it gives.
void FunctionLowering::lowerRoute(nn::RouteOp route) {
  if (route.getGrouped())
    return lowerGroupedRoute(route);
  Emit e{*this};
  Value x = bufferOf(route.getX());
  View chosen = view(route.getChosen(), nullptr),
       result = resultView(route->getOpResult(0), nullptr);
  RankedTensorType type = route.getBlockResultType();
  Value given = scratch(route, "given", type);
  View tokens = viewOf(given, type, nullptr);
  nest(*this, constantIndex(route.getCount()), [&](ValueRange turn) {
    Value block = arith::IndexCastOp::create(builder, location,
                                             builder.getI32Type(), turn[0]);
    auto used = scf::IfOp::create(builder, location, isChosen(e, chosen, block),
                                  /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&used.getThenRegion().front());
    callBlock(route, turn[0], x, given);
    nest(*this, result.lengths(*this), [&](ValueRange at) {
      // result[…, choice, d] = tokens[…, d] where this block is the choice.
      SmallVector<Value> from(at.drop_back(2));
      from.push_back(at.back());
      Value mine = e.compare(Emit::Predicate::eq,
                             e.element(chosen, at.drop_back()), block);
      e.store(e.select(mine, e.load(tokens, from), e.load(result, at)), result,
              at);
    });
  });
}

namespace {
/// Choices by block. Choice number c is token · choices + choice; those of
/// block b are order[end[b − 1]] … order[end[b] − 1], rising.
struct Groups {
  View order, end;

  static Value asIndex(Emit &e, Value number) {
    return arith::IndexCastOp::create(e.builder, e.loc,
                                      e.builder.getIndexType(), number);
  }
  static Value asNumber(Emit &e, Value index) {
    return arith::IndexCastOp::create(e.builder, e.loc, e.builder.getI32Type(),
                                      index);
  }
  Value endOf(Emit &e, Value block) const {
    return asIndex(e, e.element(end, block));
  }
  Value choice(Emit &e, Value place) const {
    return asIndex(e, e.element(order, place));
  }
  void sort(Emit &e, const View &chosen, int64_t blocks) const;
};
} // namespace

///   end[b] = choices of b                       for every choice
///   end[b] = choices of blocks before b         running sum
///   order[end[chosen[c]]++] = c                 for c = 0, 1, …
void Groups::sort(Emit &e, const View &chosen, int64_t blocks) const {
  FunctionLowering &lowering = e.lowering;
  Value tokens = chosen.length(lowering, 0),
        choices = chosen.length(lowering, 1);
  // end[b]++ of the block that was chosen; what it was before. Where no
  // probability is a number there is no choice either: any block.
  auto raise = [&](ValueRange at) {
    Value block = arith::MinUIOp::create(e.builder, e.loc,
                                         asIndex(e, e.element(chosen, at)),
                                         e.index(blocks - 1));
    Value before = endOf(e, block);
    e.store(asNumber(e, e.plus(before, e.index(1))), end, block);
    return before;
  };
  nest(lowering, e.index(blocks),
       [&](ValueRange block) { e.store(asNumber(e, e.index(0)), end, block); });
  nest(lowering, {tokens, choices}, [&](ValueRange at) { raise(at); });
  fold(lowering, e.index(blocks), e.index(0), [&](Value block, Value before) {
    Value count = endOf(e, block);
    e.store(asNumber(e, before), end, block);
    return e.plus(before, count);
  });
  nest(lowering, {tokens, choices}, [&](ValueRange at) {
    Value place = raise(at);
    e.store(asNumber(e, e.plus(e.times(at[0], choices), at[1])), order, place);
  });
}

/// For block b, at most as many of its choices at a time as there are tokens
/// (there are more where a token chose it twice):
///   mine[i] = x[order[first + i] / choices]
///   given = block b (mine)
///   result[order[first + i]] = given[i]
/// A block that nobody chose costs nothing. A token's result has the same bits
/// whichever tokens it is grouped with: the block treats lines alike.
void FunctionLowering::lowerGroupedRoute(nn::RouteOp route) {
  Emit e{*this};
  auto blocks = static_cast<int64_t>(route.getCount());
  View x = view(route.getX(), nullptr),
       chosen = view(route.getChosen(), nullptr),
       result = resultView(route->getOpResult(0), nullptr);
  Value tokens = chosen.length(*this, 0), choices = chosen.length(*this, 1);
  Type number = builder.getI32Type();
  auto numbers = [&](StringRef buffer, int64_t size, ValueRange lengths) {
    return scratch(route, buffer, MemRefType::get({size}, number), lengths);
  };
  Groups groups{
      {numbers("order", ShapedType::kDynamic, e.times(tokens, choices)),
       {"choice"}},
      {numbers("end", blocks, {}), {"block"}}};
  groups.sort(e, chosen, blocks);

  View results = result.collapse(*this, 0, 2, "choice");
  fold(*this, e.index(blocks), e.index(0), [&](Value block, Value begin) {
    Value end = groups.endOf(e, block);
    auto turns = scf::ForOp::create(builder, location, begin, end, tokens);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(turns.getBody());
    Value first = turns.getInductionVar();
    Value count =
        arith::MinUIOp::create(builder, location, e.minus(end, first), tokens);
    View mine{scratch(route, "mine", memoryType(route.getX().getType()), count),
              x.axes},
        given{scratch(route, "given", memoryType(route.getBlockResultType()),
                      count),
              results.axes};
    forEachElement(*this, mine, [&](ValueRange at) {
      Value choice = groups.choice(e, e.plus(first, at[0]));
      return e.element(x, {e.over(choice, choices), at[1]});
    });
    callBlock(route, block, mine.memref, given.memref);
    auto each = kernel::ParallelOp::create(
        builder, location, framePointer, count,
        e.compare(Emit::Predicate::uge, count, e.index(tasks.linesToCopy)));
    builder.setInsertionPointToStart(&each.getBody().front());
    Value line = each.getIndex();
    copy(given.at(*this, line),
         results.at(*this, groups.choice(e, e.plus(first, line))));
    return end;
  });
}

//===----------------------------------------------------------------------===//
// Recurrence
//===----------------------------------------------------------------------===//

/// A buffer for each argument of the body. What rows without a first position
/// begin with is zero.
void FunctionLowering::placeArguments(nn::ScanOp scan) {
  for (BlockArgument argument : scan.getBody().getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    Value buffer = scratch(scan, nn::argumentName(argument), type);
    mapping.map(Value(argument), buffer);
    Value zero = arith::ConstantOp::create(
        builder, location, builder.getZeroAttr(type.getElementType()));
    linalg::FillOp::create(builder, location, zero, buffer);
  }
}

/// Emits for each row that has as many positions of `axis`, with the one that
/// is its turn in this step.
void FunctionLowering::forLivingRows(
    nn::ScanOp scan, Value step, const nn::SizeExpr &axis,
    function_ref<void(Value row, Value position)> emit) {
  forEachRow([&](Value row) {
    Value length = axisLength(axis, row);
    Value lives = arith::CmpIOp::create(
        builder, location, arith::CmpIPredicate::ult, step, length);
    auto branch = scf::IfOp::create(builder, location, lives,
                                    /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&branch.getThenRegion().front());
    if (!scan.getReversed())
      return emit(row, step);
    Value after =
        arith::AddIOp::create(builder, location, step, constantIndex(1));
    emit(row, arith::SubIOp::create(builder, location, length, after));
  });
}

/// One position of all rows: slices in, the body, slices out, and the next
/// carried values in the place of the last.
LogicalResult FunctionLowering::lowerScanStep(nn::ScanOp scan, Value step,
                                              const nn::SizeExpr &axis) {
  Block &body = scan.getBody().front();
  auto carried = body.getArguments().drop_front(scan.getInputs().size());
  ValueRange yielded = body.getTerminator()->getOperands();
  auto next = yielded.take_front(carried.size());
  forLivingRows(scan, step, axis, [&](Value row, Value position) {
    for (auto [number, input] : llvm::enumerate(scan.getInputs()))
      copy(view(input, row).at(*this, position),
           view(body.getArgument(number), row));
  });
  if (failed(lowerBlock(body)))
    return failure();
  forLivingRows(scan, step, axis, [&](Value row, Value position) {
    for (auto [result, value] : llvm::zip_equal(
             scan->getOpResults(), yielded.drop_front(carried.size())))
      copy(view(value, row), resultView(result, row).at(*this, position));
  });
  SmallVector<Value> aside = setAside(scan, next, carried);
  forLivingRows(scan, step, axis, [&](Value row, Value) {
    for (auto [argument, value, buffer] :
         llvm::zip_equal(carried, next, aside)) {
      auto type = cast<RankedTensorType>(argument.getType());
      if (value != argument)
        copy(buffer ? viewOf(buffer, type, row) : view(value, row),
             view(argument, row));
    }
  });
  return success();
}

/// What a session keeps of each row, for each carried value.
void FunctionLowering::forKept(
    nn::ScanOp scan, function_ref<void(View kept, View carried)> emit) {
  Value slot = cacheSlot(scan);
  auto carried =
      scan.getBody().getArguments().drop_front(scan.getInputs().size());
  forEachRow([&](Value row) {
    for (auto [number, argument] : llvm::enumerate(carried)) {
      Value place =
          arith::AddIOp::create(builder, location, slot, constantIndex(number));
      emit(keptRow(place, scan.getPathAttr(),
                   cast<RankedTensorType>(argument.getType()), row),
           view(argument, row));
    }
  });
}

/// One step for all rows at a time. A row that has no such position takes part
/// with what it had last, and what comes of it is dropped.
LogicalResult FunctionLowering::lowerScan(nn::ScanOp scan) {
  Value anything = scan.getInputs().empty() ? Value(scan.getResult(0))
                                            : scan.getInputs().front();
  auto whole = cast<RankedTensorType>(anything.getType());
  if (!sizes.hasRows(whole)) {
    refuse("needs the rows of the batch as its first axis");
    return failure();
  }
  nn::SizeExpr axis = sizes.axis(whole, 1);
  placeArguments(scan);
  for (OpResult result : scan->getOpResults())
    resultView(result, nullptr);
  bool isKept = scan.isKept();
  if (isKept)
    forKept(scan, [&](View kept, View carried) { copy(kept, carried); });
  auto steps = scf::ForOp::create(builder, location, constantIndex(0),
                                  axisLength(axis, nullptr), constantIndex(1));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(steps.getBody());
    if (failed(lowerScanStep(scan, steps.getInductionVar(), axis)))
      return failure();
  }
  if (isKept)
    forKept(scan, [&](View kept, View carried) { copy(carried, kept); });
  return success();
}
