//===- SpelledAttention.cpp - attention written in primitives -------------===//
//
// From a softmax up to what its scores are made of, and down to the product of
// its weights with the values. What is added to all scores of a query changes
// no weight and is left out.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/SpelledAttention.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace heddle;
using namespace heddle::nn;
using namespace heddle::transforms;

static ArrayRef<StringAttr> namesOf(Value value) {
  return axesOf(value).getNames();
}

static bool hasAxis(Value value, StringAttr axis) {
  return llvm::is_contained(namesOf(value), axis);
}

/// The number that a tensor holds everywhere.
static std::optional<double> constantOf(Value value) {
  FloatAttr number;
  if (!matchPattern(value, m_Constant(&number)))
    return std::nullopt;
  return number.getValueAsDouble();
}

namespace {

class Matcher {
public:
  explicit Matcher(SoftmaxOp softmax) : softmax(softmax) {}

  bool match() {
    return findScores() && findValues() && checkAxes() && checkMasks() &&
           checkScalings() && checkBiases();
  }

  SpelledAttention parts;
  std::string why;

private:
  bool refuse(const Twine &text) {
    why = text.str();
    return false;
  }

  bool isSource(Operation *op);
  bool leadsToSource(Value value, unsigned steps);
  bool findScores();
  bool addStep(Operation *op, Value other);
  bool addFactor(Operation *op, Value other);
  bool findSource(Operation *op);
  bool keepsAxes(RearrangeOp order);
  bool findProduct(DotOp dot);
  bool findSum(ReduceOp sum);
  bool addToScore(Value value);
  bool addLeaf(Value value);
  bool findValues();
  bool checkAxes();
  bool checkMasks();
  bool checkScalings();
  bool checkBiases();

  SoftmaxOp softmax;
  /// By what is multiplied, from here to the softmax, or to the cap.
  double factor = 1;
  bool isCapped = false;
  /// Whether what has fewer axes than the softmax may be a source of scores.
  bool mayBeRepeated = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// From the softmax up
//===----------------------------------------------------------------------===//

/// The longest chain from a source to the softmax that is looked through.
static constexpr unsigned mostStepsToSource = 12;

/// Whether scores may come from here: a contraction, for every query and key.
bool Matcher::isSource(Operation *op) {
  if (!isa_and_nonnull<DotOp, ReduceOp>(op))
    return false;
  Value result = op->getResult(0);
  bool isRepeated = axesOf(result).rank() != axesOf(softmax.getX()).rank();
  if ((isRepeated && !mayBeRepeated) || !hasAxis(result, parts.keys) ||
      !hasAxis(result, parts.queries))
    return false;
  auto reduce = dyn_cast<ReduceOp>(op);
  return !reduce || (reduce.getKind() == ReduceKind::Sum &&
                     reduce.getX().getDefiningOp<ElementwiseOpInterface>());
}

bool Matcher::leadsToSource(Value value, unsigned steps) {
  Operation *op = value.getDefiningOp();
  if (isSource(op))
    return true;
  if (!op || steps == 0)
    return false;
  if (isa<MaskOp, TanhOp, NegOp, DivOp, RearrangeOp>(op))
    return leadsToSource(op->getOperand(0), steps - 1);
  return isa<MulOp, AddOp, SubOp>(op) &&
         llvm::any_of(op->getOperands(), [&](Value operand) {
           return leadsToSource(operand, steps - 1);
         });
}

bool Matcher::findScores() {
  auto names = namesOf(softmax.getX());
  parts.keys = softmax.getAxisAttr();
  if (names.size() < 3 || names.size() > 5)
    return false;
  parts.rows = names[0];
  parts.queries = names[1];
  for (StringAttr name : names.drop_front(2))
    if (name != parts.keys)
      parts.heads.push_back(name);
  Value value = softmax.getX();
  if (!leadsToSource(value, mostStepsToSource)) {
    mayBeRepeated = true;
    return leadsToSource(value, mostStepsToSource)
               ? refuse("the scores are repeated along another axis")
               : false;
  }
  if (parts.queries == parts.keys)
    return refuse("the softmax is not over the positions of the keys");
  for (unsigned steps = mostStepsToSource;; --steps) {
    if (!value.hasOneUse())
      return refuse("the scores have another user");
    Operation *op = value.getDefiningOp();
    if (isSource(op))
      return findSource(op);
    if (auto order = dyn_cast<RearrangeOp>(op)) {
      value = order.getX();
      if (!keepsAxes(order))
        return refuse("axes of the scores are merged, added or renamed");
      continue;
    }
    // The last operand that scores come from; a bias may be a product too.
    bool isFirst = op->getNumOperands() == 1 ||
                   !leadsToSource(op->getOperand(1), steps - 1);
    value = op->getOperand(isFirst ? 0 : 1);
    Value other =
        op->getNumOperands() > 1 ? op->getOperand(isFirst ? 1 : 0) : Value();
    if (value.getType() != op->getResult(0).getType())
      return refuse("the scores are repeated along another axis");
    if (isa<SubOp>(op) && !isFirst) { // other − scores
      if (!addStep(op, other))
        return false;
      factor = -factor;
    } else if (!addStep(op, other)) {
      return false;
    }
  }
}

/// Whether the scores come out with their axes in another order. What is done
/// to them before finds its axes by their names, which must not change then.
bool Matcher::keepsAxes(RearrangeOp order) {
  auto before = namesOf(order.getX()), after = namesOf(order.getResult());
  bool isRenaming = false;
  for (auto [axis, name] : llvm::enumerate(after)) {
    if (order.getSource(axis).size() != 1)
      return false;
    isRenaming |= before[order.getSource(axis).front()] != name;
  }
  return !isRenaming || isSource(order.getX().getDefiningOp());
}

/// One op between the source and the softmax, which combines the scores with
/// `other`.
bool Matcher::addStep(Operation *op, Value other) {
  if (auto mask = dyn_cast<MaskOp>(op)) {
    if (isCapped)
      return refuse("the scores are masked before they are capped");
    if (factor <= 0 || !parts.scalings.empty())
      return refuse("masked scores are scaled by what is not one positive "
                    "number");
    parts.masks.push_back(mask);
    return true;
  }
  if (isa<NegOp>(op)) {
    factor = -factor;
    return true;
  }
  if (isa<TanhOp>(op)) {
    if (isCapped)
      return refuse("the scores are capped twice");
    if (factor <= 0 || !parts.scalings.empty())
      return refuse("capped scores are scaled by what is not one positive "
                    "number");
    parts.cap = std::exchange(factor, 1);
    isCapped = true;
    return true;
  }
  if (isa<MulOp, DivOp>(op))
    return addFactor(op, other);
  // Scores of one query that change alike leave their softmax as it is.
  if (isCapped)
    return refuse("the bias is added before the scores are capped");
  if (!hasAxis(other, parts.keys))
    return true;
  if (!parts.scalings.empty())
    return refuse("the bias is added before the scores are scaled by a tensor");
  bool isSubtracted = isa<SubOp>(op) && other == op->getOperand(1);
  parts.biases.push_back({other, isSubtracted ? -factor : factor});
  return true;
}

bool Matcher::addFactor(Operation *op, Value other) {
  bool divides = isa<DivOp>(op);
  if (std::optional<double> number = constantOf(other)) {
    if (*number == 0)
      return refuse("the scores are scaled by zero");
    factor *= divides ? 1 / *number : *number;
    return true;
  }
  if (hasAxis(other, parts.keys))
    return refuse("the scores of each key are scaled by a tensor");
  parts.scalings.push_back({other, divides});
  return true;
}

//===----------------------------------------------------------------------===//
// What scores come from
//===----------------------------------------------------------------------===//

bool Matcher::findSource(Operation *op) {
  // c · tanh(s · q·k) is what a scale of s · c gives under the cap c.
  parts.scale = factor * parts.cap.value_or(1);
  if (auto dot = dyn_cast<DotOp>(op))
    return findProduct(dot);
  return findSum(cast<ReduceOp>(op));
}

bool Matcher::findProduct(DotOp dot) {
  parts.q = dot.getA();
  parts.k = dot.getB();
  if (namesOf(parts.q).back() != dot.getAxisAttr() ||
      namesOf(parts.k).back() != dot.getAxisAttr())
    return refuse("the scores are no product over the depth");
  return true;
}

/// Σ_d f(q[d], k[d], vector[d]): tensors of queries and keys both are f's.
bool Matcher::findSum(ReduceOp sum) {
  if (!addToScore(sum.getX()))
    return false;
  for (Operation *step : parts.score)
    for (Operation *user : step->getUsers())
      if (user != sum && !parts.score.contains(user))
        return refuse("what is summed up to scores has another user");
  if (!parts.q || !parts.k)
    return refuse("the scores are no sum over both queries and keys");
  if (namesOf(parts.q).back() != sum.getAxisAttr() ||
      namesOf(parts.k).back() != sum.getAxisAttr() ||
      (parts.vector && namesOf(parts.vector).back() != sum.getAxisAttr()))
    return refuse("the scores are no sum over the depth");
  return true;
}

bool Matcher::addToScore(Value value) {
  if (parts.score.contains(value.getDefiningOp()))
    return true;
  if (constantOf(value))
    return axesOf(value).rank() == 0
               ? true
               : refuse("the sum of the scores reads a tensor of one number");
  bool isOfBoth = hasAxis(value, parts.queries) && hasAxis(value, parts.keys);
  if (!isOfBoth)
    return addLeaf(value);
  auto op = value.getDefiningOp<ElementwiseOpInterface>();
  if (!op)
    return refuse("what is summed up to scores is not computed by elements");
  for (Value operand : op->getOperands())
    if (!addToScore(operand))
      return false;
  parts.score.insert(op);
  return true;
}

bool Matcher::addLeaf(Value value) {
  if (!isa<FloatType>(getElementTypeOrSelf(value)))
    return refuse("the sum of the scores reads what are no real numbers");
  Value &place = hasAxis(value, parts.queries) ? parts.q
                 : hasAxis(value, parts.keys)  ? parts.k
                                               : parts.vector;
  if (place && place != value)
    return refuse("the sum of the scores reads several tensors of queries, of "
                  "keys or of neither");
  place = value;
  return true;
}

//===----------------------------------------------------------------------===//
// From the softmax down
//===----------------------------------------------------------------------===//

bool Matcher::findValues() {
  Value p = softmax.getResult();
  if (!p.hasOneUse())
    return refuse("the weights of the values have another user");
  parts.values = dyn_cast<DotOp>(*p.user_begin());
  if (!parts.values || parts.values.getAxis() != softmax.getAxis())
    return refuse("the weights are not multiplied with values over " +
                  softmax.getAxis());
  if (parts.values.getA() != p)
    return refuse("the values stand before their weights");
  parts.v = parts.values.getB();
  return true;
}

//===----------------------------------------------------------------------===//
// What attention takes
//===----------------------------------------------------------------------===//

/// q [rows, T, heads…, K], k and v [rows, S, heads…, …]: of query heads there
/// may be two axes, of key heads the first of them, or none.
bool Matcher::checkAxes() {
  auto q = namesOf(parts.q), k = namesOf(parts.k), v = namesOf(parts.v);
  if (q.size() != parts.heads.size() + 3 || k.size() < 3 ||
      k.size() != v.size() || k.size() > q.size())
    return refuse("query, key and value need rows, positions, heads if any, "
                  "and depth");
  if (q[1] != parts.queries || k[1] != parts.keys || v[1] != parts.keys)
    return refuse("the softmax is not over the positions of the keys");
  auto keyHeads = k.drop_front(2).drop_back();
  if (q[0] != parts.rows || q[0] != k[0] || q[0] != v[0] ||
      keyHeads != v.drop_front(2).drop_back() ||
      q.drop_front(2).take_front(keyHeads.size()) != keyHeads)
    return refuse("query, key and value differ in rows or heads");
  if (keyHeads.size() > 1 || (q.size() == 5 && keyHeads.size() != 1))
    return refuse("there are several axes of key heads");
  if (parts.vector &&
      namesOf(parts.vector) != q.take_back(namesOf(parts.vector).size()))
    return refuse("what the scores read beside query and key is no vector "
                  "over the depth");
  for (Value operand : {parts.q, parts.k, parts.v}) {
    auto sizes = cast<RankedTensorType>(operand.getType()).getShape();
    if (llvm::any_of(sizes.drop_front(2), ShapedType::isDynamic))
      return refuse("heads and depth are known only at run time");
  }
  return true;
}

bool Matcher::checkMasks() {
  for (MaskOp mask : parts.masks) {
    if (mask.getQueryAttr() != parts.queries || mask.getKeyAttr() != parts.keys)
      return refuse("the mask is not over queries and keys");
    if (parts.heads.size() > 1 && !mask.getMask().getArgument(1).use_empty())
      return refuse("the mask asks for the head, of which there are two axes");
  }
  return true;
}

bool Matcher::checkScalings() {
  for (auto &scaling : parts.scalings) {
    auto names = namesOf(scaling.tensor);
    if (!getElementTypeOrSelf(scaling.tensor).isF32() ||
        llvm::any_of(names, [&](StringAttr name) {
          return !hasAxis(parts.q, name) || name == namesOf(parts.q).back();
        }))
      return refuse("the scores are scaled by what queries have no axes of");
    // What f makes of scaled queries is another matter.
    if (!parts.score.empty())
      return refuse("the scores are scaled by a tensor, and no product");
  }
  return true;
}

/// A region looks a bias up by position. Of queries, these are counted from the
/// start of the session, and a tensor from the start of the call.
bool Matcher::checkBiases() {
  for (auto &bias : parts.biases) {
    auto type = cast<RankedTensorType>(bias.tensor.getType());
    if (!type.getElementType().isF32())
      return refuse("the bias is not f32");
    bool isOfQueries = hasAxis(bias.tensor, parts.queries);
    auto module = softmax->getParentOfType<ModuleOp>();
    auto continues = module.walk([&](CacheAppendOp append) {
      return append.getFrom() == parts.queries.getValue()
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (isOfQueries && continues.wasInterrupted())
      return refuse("the bias is of the queries of one call, and a session "
                    "goes on");
    if (!type.hasStaticShape() && namesOf(bias.tensor).front() != parts.rows)
      return refuse("the bias has sizes known only at run time");
  }
  return true;
}

std::optional<SpelledAttention> transforms::findAttention(SoftmaxOp softmax,
                                                          std::string &why) {
  Matcher matcher(softmax);
  if (matcher.match())
    return matcher.parts;
  why = matcher.why;
  return std::nullopt;
}
