//===- IndexBounds.cpp - Whether indices stay within their axes -----------===//

#include "compiler/language/IndexBounds.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

//===----------------------------------------------------------------------===//
// Numbers, as far as they are known
//===----------------------------------------------------------------------===//

/// What is beyond 64 bits is not known, as is what comes of it.
static int64_t saturated(__int128 number) {
  return number <= INT64_MIN   ? INT64_MIN
         : number >= INT64_MAX ? INT64_MAX
                               : static_cast<int64_t>(number);
}

static bool isKnown(int64_t bound) {
  return bound != INT64_MIN && bound != INT64_MAX;
}

static int64_t sum(int64_t a, int64_t b, int64_t unknown) {
  return isKnown(a) && isKnown(b) ? saturated(__int128(a) + b) : unknown;
}

static IndexRange sumOf(const IndexRange &a, const IndexRange &b) {
  IndexRange result{
      sum(a.from, b.from, INT64_MIN), sum(a.to, b.to, INT64_MAX), {}};
  auto shift = [&](const IndexRange &from, const IndexRange &by) {
    if (isKnown(by.to))
      for (const SizeExpr &size : from.below)
        result.below.push_back(size + SizeExpr(by.to));
  };
  shift(a, b);
  shift(b, a);
  return result;
}

static IndexRange negated(const IndexRange &a) {
  auto negate = [](int64_t bound, int64_t unknown) {
    return isKnown(bound) ? -bound : unknown;
  };
  return IndexRange::of(negate(a.to, INT64_MIN), negate(a.from, INT64_MAX));
}

/// Of products of all bounds, or of quotients rounded down.
static IndexRange
hullOf(const IndexRange &a, const IndexRange &b,
       llvm::function_ref<__int128(__int128 a, __int128 b)> combine) {
  if (!isKnown(a.from) || !isKnown(a.to) || !isKnown(b.from) || !isKnown(b.to))
    return {};
  __int128 least = combine(a.from, b.from), most = least;
  for (int64_t x : {a.from, a.to})
    for (int64_t y : {b.from, b.to}) {
      least = std::min(least, combine(x, y));
      most = std::max(most, combine(x, y));
    }
  return IndexRange::of(saturated(least), saturated(most));
}

static __int128 floorDivide(__int128 a, __int128 b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/// Either of them.
static IndexRange unionOf(const IndexRange &a, const IndexRange &b) {
  IndexRange result =
      IndexRange::of(std::min(a.from, b.from), std::max(a.to, b.to));
  for (const SizeExpr &size : a.below)
    if (is_contained(b.below, size))
      result.below.push_back(size);
  return result;
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// In sizes that have a value, or bounds, of their own.
SizeExpr IndexBounds::expand(const SizeExpr &axis) const {
  return sizes.known(axis);
}

IndexRange IndexBounds::lengths(const SizeExpr &axis) const {
  IndexRange total = IndexRange::of(0, 0);
  for (const SizeExpr::Term &term : axis.terms()) {
    IndexRange product = IndexRange::of(1, 1);
    auto multiply = [&](const IndexRange &by) {
      product =
          hullOf(product, by, [](__int128 a, __int128 b) { return a * b; });
    };
    for (const auto &[name, power] : term.factors) {
      const DynSize *dyn = configuration.findDyn(name);
      if (!dyn || power < 0)
        return {};
      for (int i = 0; i < power; ++i)
        multiply(IndexRange::of(dyn->min, dyn->max));
    }
    multiply(IndexRange::of(term.numerator, term.numerator));
    product =
        hullOf(product, IndexRange::of(term.denominator, term.denominator),
               floorDivide);
    total = sumOf(total, product);
  }
  return total;
}

/// Sizes are 1 or more, so that a sum of such without a minus is not negative.
/// What has grown holds at least what was added to it.
bool IndexBounds::isAtMost(const SizeExpr &size, const SizeExpr &axis) const {
  auto isSum = [](const SizeExpr &expr) {
    return all_of(expr.terms(), [](const SizeExpr::Term &term) {
      return term.numerator > 0;
    });
  };
  if (isSum(axis - size))
    return true;
  auto added = axis.substitute([&](StringRef name) -> std::optional<SizeExpr> {
    StringRef from = sizes.grownFrom(name);
    return from.empty() ? std::nullopt : std::optional(SizeExpr::name(from));
  });
  return succeeded(added) && isSum(*added - size);
}

IndexRange IndexBounds::within(const SizeExpr &axis) {
  SizeExpr size = expand(axis);
  return {0, sum(lengths(size).to, -1, INT64_MAX), {size}};
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// The row, the head, or a position of a query or key. Queries are counted from
/// the start of the session: where one of the sizes grows by theirs, they are
/// positions of that.
IndexRange IndexBounds::rangeOfArgument(BlockArgument argument) {
  Operation *op = argument.getOwner()->getParentOp();
  unsigned number = argument.getArgNumber();
  SmallVector<SizeExpr, 4> axes; // rows, heads, queries, keys
  if (auto attention = dyn_cast<nn::AttentionOp>(op)) {
    nn::AxesAttr q = nn::axesOf(attention.getQ());
    axes = {q.expr(0), q.expr(2), q.expr(1),
            nn::axesOf(attention.getK()).expr(1)};
  } else {
    auto mask = cast<nn::MaskOp>(op);
    nn::AxesAttr x = nn::axesOf(mask.getX());
    unsigned last = x.rank() - 1;
    axes = {x.expr(0), last > 2 ? x.expr(2) : SizeExpr(1), x.expr(1),
            x.expr(last)};
  }
  SizeExpr axis = axes[number];
  if (number == 2)
    if (std::optional<StringRef> name = axis.asName())
      for (nn::SizeOp size : sizes.dynamicSizes())
        if (sizes.grownFrom(size.getSymName()) == *name)
          axis = SizeExpr::name(size.getSymName());
  return within(axis);
}

static bool isSameIndex(Value a, Value b) {
  if (a == b)
    return true;
  Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
  return x && y && x->getName() == y->getName() &&
         x->getAttrDictionary() == y->getAttrDictionary() &&
         x->getNumOperands() == y->getNumOperands() &&
         x->getNumOperands() > 0 &&
         all_of(zip(x->getOperands(), y->getOperands()), [](auto operands) {
           return isSameIndex(std::get<0>(operands), std::get<1>(operands));
         });
}

void IndexBounds::refine(IndexRange &range, Value index) {
  for (size_t number = 0; number < facts.size(); ++number) {
    IndexFact fact = facts[number];
    bool isLess = isSameIndex(index, fact.lhs),
         isMore = isSameIndex(index, fact.rhs);
    if (isLess == isMore)
      continue;
    // What is said of the other side must not lean on this one.
    facts[number] = {Value(), Value(), false};
    IndexRange other = rangeOf(isLess ? fact.rhs : fact.lhs);
    facts[number] = fact;
    int64_t step = fact.orEqual ? 0 : 1;
    if (isMore) {
      range.from = std::max(range.from, sum(other.from, step, INT64_MIN));
      continue;
    }
    range.to = std::min(range.to, sum(other.to, -step, INT64_MAX));
    for (const SizeExpr &size : other.below)
      range.below.push_back(size - SizeExpr(step));
  }
}

void IndexBounds::suppose(Value condition, bool holds) {
  Operation *op = condition.getDefiningOp();
  if (holds ? isa_and_present<arith::AndIOp>(op)
            : isa_and_present<arith::OrIOp>(op)) {
    suppose(op->getOperand(0), holds);
    return suppose(op->getOperand(1), holds);
  }
  auto compare = dyn_cast_if_present<arith::CmpIOp>(op);
  if (!compare || !compare.getLhs().getType().isIndex())
    return;
  Value a = compare.getLhs(), b = compare.getRhs();
  using P = arith::CmpIPredicate;
  P predicate = holds ? compare.getPredicate()
                      : arith::invertPredicate(compare.getPredicate());
  switch (predicate) {
  case P::slt:
    return facts.push_back({a, b, false});
  case P::sle:
    return facts.push_back({a, b, true});
  case P::sgt:
    return facts.push_back({b, a, false});
  case P::sge:
    return facts.push_back({b, a, true});
  case P::eq:
    facts.push_back({a, b, true});
    return facts.push_back({b, a, true});
  default:
    return;
  }
}

IndexRange IndexBounds::rangeOfChoice(arith::SelectOp choice) {
  auto under = [&](bool holds, Value value) {
    size_t before = facts.size();
    suppose(choice.getCondition(), holds);
    IndexRange range = rangeOf(value);
    facts.resize(before, IndexFact{});
    return range;
  };
  return unionOf(under(true, choice.getTrueValue()),
                 under(false, choice.getFalseValue()));
}

IndexRange IndexBounds::rangeOf(Value index) {
  if (!index)
    return {};
  IndexRange range;
  Operation *op = index.getDefiningOp();
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    range = rangeOfArgument(argument);
  } else if (std::optional<int64_t> number = getConstantIntValue(index)) {
    return IndexRange::of(*number, *number);
  } else if (auto add = dyn_cast<arith::AddIOp>(op)) {
    range = sumOf(rangeOf(add.getLhs()), rangeOf(add.getRhs()));
  } else if (auto sub = dyn_cast<arith::SubIOp>(op)) {
    range = sumOf(rangeOf(sub.getLhs()), negated(rangeOf(sub.getRhs())));
    for (const IndexFact &fact : facts) {
      // Of j ≤ i follows 0 ≤ i − j.
      if (fact.lhs == sub.getRhs() && fact.rhs == sub.getLhs())
        range.from = std::max<int64_t>(range.from, fact.orEqual ? 0 : 1);
      if (fact.lhs == sub.getLhs() && fact.rhs == sub.getRhs())
        range.to = std::min<int64_t>(range.to, fact.orEqual ? 0 : -1);
    }
  } else if (auto mul = dyn_cast<arith::MulIOp>(op)) {
    range = hullOf(rangeOf(mul.getLhs()), rangeOf(mul.getRhs()),
                   [](__int128 a, __int128 b) { return a * b; });
  } else if (auto div = dyn_cast<arith::FloorDivSIOp>(op)) {
    IndexRange by = rangeOf(div.getRhs());
    if (by.from > 0)
      range = hullOf(rangeOf(div.getLhs()), by, floorDivide);
  } else if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    range = rangeOfChoice(choice);
  } else if (auto bucket = dyn_cast<nn::BucketOp>(op)) {
    range = IndexRange::of(0, bucket.getCount() - 1);
  } else if (auto cast = dyn_cast<arith::IndexCastOp>(op)) {
    auto lookup = cast.getIn().getDefiningOp<nn::LookupOp>();
    StringAttr over =
        lookup ? nn::axesOf(lookup.getTensor()).getOver() : StringAttr();
    if (over && !over.empty())
      if (auto axis = SizeExpr::parse(over.getValue()); succeeded(axis))
        range = within(*axis);
  }
  refine(range, index);
  return range;
}

//===----------------------------------------------------------------------===//
// Lookups
//===----------------------------------------------------------------------===//

std::string IndexBounds::whyOutside(nn::LookupOp lookup, unsigned axis) {
  auto type = cast<RankedTensorType>(lookup.getTensor().getType());
  nn::AxesAttr axes = nn::axesOf(type);
  Value index = lookup.getIndices()[axis];
  auto row = dyn_cast<BlockArgument>(lookup.getIndices()[0]);
  bool isOfThisRow = row && row.getArgNumber() == 0;
  bool hasLengths = any_of(seq<unsigned>(0, type.getRank()), [&](unsigned i) {
    return sizes.isRagged(axes.expr(i));
  });
  if (hasLengths && !isOfThisRow)
    return axis > 0 ? ""
                    : ("the rows of [" + Twine(axes.str()) +
                       "] have lengths of their own, needs b as the first "
                       "index")
                          .str();
  IndexRange range = rangeOf(index);
  SizeExpr size = expand(axes.expr(axis));
  int64_t shortest = std::max<int64_t>(lengths(size).from, 1);
  bool isBelow = range.to < shortest;
  for (const SizeExpr &bound : range.below)
    isBelow |= isAtMost(bound, size);
  if (range.from >= 0 && isBelow)
    return "";
  std::string found = "any whole number";
  if (isKnown(range.from) && isKnown(range.to))
    found = (Twine(range.from) + " to " + Twine(range.to)).str();
  std::string length = axes.axisName(axis).str();
  if (std::optional<int64_t> known = size.asConstant())
    length = std::to_string(*known);
  else if (IndexRange all = lengths(size); isKnown(all.from))
    length += ", which may be " + std::to_string(shortest);
  return "the index is " + found + ", needs 0 or more and less than " + length;
}

/// Whether anything but an angle is computed from these positions, here or in
/// what is called with them.
static bool areIndices(nn::PositionsOp positions, ModuleOp module) {
  SmallVector<Value> values{positions.getResult()};
  SmallPtrSet<Value, 8> seen;
  while (!values.empty()) {
    for (OpOperand &use : values.pop_back_val().getUses()) {
      if (isa<nn::RopeOp, nn::SinusoidOp>(use.getOwner()))
        continue;
      auto call = dyn_cast<nn::CallOp>(use.getOwner());
      if (!call)
        return true;
      auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
      BlockArgument argument = callee.getArgument(use.getOperandNumber());
      if (seen.insert(argument).second)
        values.push_back(argument);
    }
  }
  return false;
}

std::string IndexBounds::whyOutside(nn::PositionsOp positions) {
  StringAttr over = nn::axesOf(positions.getResult()).getOver();
  FailureOr<SizeExpr> axis = failure();
  if (over && !over.empty())
    axis = SizeExpr::parse(over.getValue());
  if (failed(axis))
    return "";
  if (!areIndices(positions, positions->getParentOfType<ModuleOp>()))
    return "";
  int64_t room = expand(*axis).asConstant().value_or(0);
  for (nn::SizeOp size : sizes.dynamicSizes()) {
    StringRef name = size.getSymName();
    if (sizes.grownFrom(name) != positions.getSize())
      continue;
    if (int64_t most = configuration.findDyn(name)->max; most > room)
      return ("positions: there are " + Twine(most) + " of " + name +
              ", to which a cache grows from " + positions.getSize() +
              ", which is more than " + over.getValue())
          .str();
  }
  return "";
}

} // namespace heddle::language
