//===- Pairs.cpp - what is said about pairs of a query and a key ----------===//

#include "dialects/nn/Pairs.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;
using Predicate = arith::CmpIPredicate;

static Value queryOf(Region &region) { return region.getArgument(2); }
static Value keyOf(Region &region) { return region.getArgument(3); }

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static bool dependsOnKey(Region &region, Value value) {
  if (value == keyOf(region))
    return true;
  Operation *op = value.getDefiningOp();
  return op && region.isAncestor(op->getParentRegion()) &&
         llvm::any_of(op->getOperands(), [&](Value operand) {
           return dependsOnKey(region, operand);
         });
}

/// a ± b, or nothing where the constants do not fit.
static std::optional<KeyBound> combine(KeyBound a, const KeyBound &b,
                                       bool isSubtracted) {
  bool isTooLarge = isSubtracted
                        ? llvm::SubOverflow(a.constant, b.constant, a.constant)
                        : llvm::AddOverflow(a.constant, b.constant, a.constant);
  if (isTooLarge)
    return std::nullopt;
  for (const KeyBound::Term &term : b.terms)
    a.terms.push_back({term.value, term.isSubtracted != isSubtracted});
  return a;
}

namespace {
/// factor · j + rest, where nothing of rest depends on the key j.
struct LinearInKey {
  int factor;
  KeyBound rest;
};
} // namespace

static std::optional<LinearInKey> linearInKey(Region &region, Value value) {
  if (value == keyOf(region))
    return LinearInKey{1, {}};
  LinearInKey number{0, {}};
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    number.rest.constant = *constant;
    return number;
  }
  Operation *op = value.getDefiningOp();
  bool isSum = isa_and_present<arith::AddIOp, arith::SubIOp>(op) &&
               region.isAncestor(op->getParentRegion());
  if (!isSum && dependsOnKey(region, value))
    return std::nullopt;
  if (!isSum) {
    number.rest.terms.push_back({value, false});
    return number;
  }
  bool isSubtracted = isa<arith::SubIOp>(op);
  auto a = linearInKey(region, op->getOperand(0)),
       b = linearInKey(region, op->getOperand(1));
  if (!a || !b)
    return std::nullopt;
  auto rest = combine(a->rest, b->rest, isSubtracted);
  if (!rest)
    return std::nullopt;
  return LinearInKey{
      isSubtracted ? a->factor - b->factor : a->factor + b->factor, *rest};
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// j with the sides of a comparison exchanged.
static Predicate mirrored(Predicate predicate) {
  switch (predicate) {
  case Predicate::slt:
    return Predicate::sgt;
  case Predicate::sle:
    return Predicate::sge;
  case Predicate::sgt:
    return Predicate::slt;
  case Predicate::sge:
    return Predicate::sle;
  default:
    return predicate;
  }
}

/// Of positions, which are not negative, an unsigned comparison says the same.
static Predicate signedOf(arith::CmpIOp compare) {
  if (!isa<BlockArgument>(compare.getLhs()) ||
      !isa<BlockArgument>(compare.getRhs()))
    return compare.getPredicate();
  switch (compare.getPredicate()) {
  case Predicate::ult:
    return Predicate::slt;
  case Predicate::ule:
    return Predicate::sle;
  case Predicate::ugt:
    return Predicate::sgt;
  case Predicate::uge:
    return Predicate::sge;
  default:
    return compare.getPredicate();
  }
}

//  a·j + r ⋚ b·j + s, a − b = 1:  j ⋚ s − r;   a − b = −1:  r − s ⋚ j
static KeyRange keysOfComparison(Region &region, arith::CmpIOp compare) {
  if (!compare.getLhs().getType().isIndex())
    return {};
  auto left = linearInKey(region, compare.getLhs()),
       right = linearInKey(region, compare.getRhs());
  if (!left || !right || std::abs(left->factor - right->factor) != 1)
    return {};
  Predicate predicate = signedOf(compare);
  if (left->factor < right->factor) {
    std::swap(left, right);
    predicate = mirrored(predicate);
  }
  KeyBound one;
  one.constant = 1;
  auto bound = combine(right->rest, left->rest, /*isSubtracted=*/true);
  auto behind = bound ? combine(*bound, one, false) : std::nullopt;
  if (!behind)
    return {};
  switch (predicate) {
  case Predicate::slt:
    return {{}, bound, true};
  case Predicate::sle:
    return {{}, behind, true};
  case Predicate::sgt:
    return {behind, {}, true};
  case Predicate::sge:
    return {bound, {}, true};
  case Predicate::eq:
    return {bound, behind, true};
  default:
    return {};
  }
}

using Bound = std::optional<KeyBound>;

static Bound chooseOf(KeyBound::Kind kind, Bound a, Bound b) {
  KeyBound chosen;
  chosen.kind = kind;
  chosen.others.push_back(std::move(*a));
  chosen.others.push_back(std::move(*b));
  return chosen;
}

static Bound ofBoth(KeyBound::Kind kind, Bound a, Bound b) {
  if (a && b)
    return chooseOf(kind, std::move(a), std::move(b));
  return a ? std::move(a) : std::move(b);
}

static Bound ofEither(KeyBound::Kind kind, Bound a, Bound b) {
  return a && b ? chooseOf(kind, std::move(a), std::move(b)) : Bound();
}

KeyRange nn::keysThatSatisfy(Region &region, Value condition) {
  using Kind = KeyBound::Kind;
  Operation *op = condition.getDefiningOp();
  if (auto compare = dyn_cast_if_present<arith::CmpIOp>(op))
    return keysOfComparison(region, compare);
  if (!isa_and_present<arith::AndIOp, arith::OrIOp>(op))
    return {};
  KeyRange a = keysThatSatisfy(region, op->getOperand(0)),
           b = keysThatSatisfy(region, op->getOperand(1));
  bool areExact = a.isExact && b.isExact;
  // Two ranges together are one if both begin or both end nowhere.
  bool isAnd = isa<arith::AndIOp>(op);
  bool isOne = isAnd || (!a.from && !b.from) || (!a.to && !b.to);
  auto join = isAnd ? ofBoth : ofEither;
  return {join(isAnd ? Kind::Largest : Kind::Least, std::move(a.from),
               std::move(b.from)),
          join(isAnd ? Kind::Least : Kind::Largest, std::move(a.to),
               std::move(b.to)),
          areExact && isOne};
}

static void split(Value condition, SmallVectorImpl<Value> &parts) {
  auto both = condition.getDefiningOp<arith::AndIOp>();
  if (!both)
    return parts.push_back(condition);
  split(both.getLhs(), parts);
  split(both.getRhs(), parts);
}

SmallVector<Value> nn::conditionsOf(Region &mask) {
  SmallVector<Value> conditions;
  if (!mask.empty())
    split(mask.front().getTerminator()->getOperand(0), conditions);
  return conditions;
}

//===----------------------------------------------------------------------===//
// What is admitted
//===----------------------------------------------------------------------===//

Attribute nn::constantOf(Region &region) {
  Attribute constant;
  if (!region.empty())
    matchPattern(region.front().getTerminator()->getOperand(0),
                 m_Constant(&constant));
  return constant;
}

bool nn::admitsAll(Region &mask) {
  auto boolean = dyn_cast_or_null<IntegerAttr>(constantOf(mask));
  return mask.empty() || (boolean && boolean.getValue().isOne());
}

/// Whether a bound is the query's position + 1 or less, for all that is known.
static bool isAtMostBehind(const KeyBound &bound, Value query) {
  auto isAtMost = [&](const KeyBound &other) {
    return isAtMostBehind(other, query);
  };
  switch (bound.kind) {
  case KeyBound::Kind::Least:
    return llvm::any_of(bound.others, isAtMost);
  case KeyBound::Kind::Largest:
    return llvm::all_of(bound.others, isAtMost);
  case KeyBound::Kind::Sum:
    return bound.terms.size() == 1 && bound.terms.front().value == query &&
           !bound.terms.front().isSubtracted && bound.constant <= 1;
  }
  llvm_unreachable("all kinds are listed");
}

bool nn::admitsLaterKey(Region &mask) {
  return !llvm::any_of(conditionsOf(mask), [&](Value condition) {
    KeyRange keys = keysThatSatisfy(mask, condition);
    return keys.to && isAtMostBehind(*keys.to, queryOf(mask));
  });
}

/// W where a bound is i − W + 1 or more, for all that is known.
static std::optional<int64_t> windowOf(const KeyBound &from, Value query) {
  if (from.kind == KeyBound::Kind::Sum) {
    bool isBehind = from.terms.size() == 1 &&
                    from.terms.front().value == query &&
                    !from.terms.front().isSubtracted && from.constant <= 0 &&
                    from.constant > std::numeric_limits<int32_t>::min();
    return isBehind ? std::optional(1 - from.constant) : std::nullopt;
  }
  bool isLargest = from.kind == KeyBound::Kind::Largest;
  std::optional<int64_t> window;
  for (const KeyBound &other : from.others) {
    std::optional<int64_t> one = windowOf(other, query);
    if (!one && !isLargest)
      return std::nullopt;
    if (one && window)
      one = isLargest ? std::min(*one, *window) : std::max(*one, *window);
    window = one ? one : window;
  }
  return window;
}

std::optional<int64_t> nn::windowOf(Region &mask) {
  std::optional<int64_t> window;
  for (Value condition : conditionsOf(mask)) {
    KeyRange keys = keysThatSatisfy(mask, condition);
    auto one = keys.from ? ::windowOf(*keys.from, queryOf(mask)) : std::nullopt;
    if (one)
      window = window ? std::min(*window, *one) : one;
  }
  return window;
}

bool nn::dependsOnDistance(Region &region) {
  Value row = region.getArgument(0), query = queryOf(region),
        key = keyOf(region);
  auto isDistance = [&](Operation *user) {
    auto minus = dyn_cast<arith::SubIOp>(user);
    return minus && minus.getLhs() == key && minus.getRhs() == query;
  };
  return row.use_empty() && llvm::all_of(query.getUsers(), isDistance) &&
         llvm::all_of(key.getUsers(), isDistance);
}
