//===- Norm.cpp - kernel.norm as vector code ------------------------------===//
//
// Two or three passes over a line that is in the first-level cache: its mean,
// the mean square of what is left, the result. A sum has `chains` vectors in
// flight, added at the end: its order depends on the length of a line alone.
//
// A mean μ that is large beside the distances from it is rounded to some of
// their digits. What is missing is the mean of x − μ:
//   δ = Σ (x − μ) / N,   σ² = Σ (x − μ)² / N − δ²,
//   y = ((x − μ) − δ) / √(σ² + ε) · (offset + w) + b
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/Norm.h"
#include "compiler/microkernels/Tasks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
#include <functional>

using namespace mlir;

namespace heddle::microkernels {
namespace {

class NormEmitter {
public:
  NormEmitter(OpBuilder &builder, kernel::NormOp op, const Target &target,
              SymbolTable &symbols)
      : v(builder, op.getLoc(), target), target(target), op(op),
        symbols(symbols), size(op.getX().getType().getDimSize(1)),
        xStride(stridesOf(op.getX())[0]), yStride(stridesOf(op.getY())[0]),
        residualStride(op.getResidual() ? stridesOf(op.getResidual())[0] : 0) {}

  void emit();

private:
  static constexpr int64_t chains = 4;

  std::string name();
  func::FuncOp taskFunction();
  /// Addresses; null where there is no such operand.
  struct Line {
    Value x, weight, bias, residual, y;
  };
  void emitLine(const Line &line);
  /// A line's result at a column, `normalised` being (x − μ − δ) / √(σ² + ε).
  Value emitResult(const Line &line, Value normalised, Value column,
                   int64_t lanes);

  /// Calls `body` for every vector of a line: in a loop `chains` at a time,
  /// then for what is left, with how many of its lanes count. `carried` goes
  /// through all calls, as many values a chain.
  SmallVector<Value>
  eachVector(ValueRange carried,
             function_ref<SmallVector<Value>(Value column, int64_t lanes,
                                             ValueRange carried)>
                 body);
  /// Σ f(x[n]) / N for each of several f, in every lane.
  SmallVector<Value> meansOf(Value x, ArrayRef<std::function<Value(Value)>> fs);

  VectorBuilder v;
  const Target &target;
  kernel::NormOp op;
  SymbolTable &symbols;
  int64_t size, xStride, yStride, residualStride;
};

} // namespace

std::string NormEmitter::name() {
  std::string text = op.getCentered() ? "layer_norm_" : "rms_norm_";
  text += std::to_string(size);
  if (xStride != size || yStride != size)
    text += "_x" + std::to_string(xStride) + "_y" + std::to_string(yStride);
  if (!op.getWeight())
    text += "_plain";
  if (op.getBias())
    text += "_bias";
  if (op.getResidual())
    text += "_plus" + std::to_string(residualStride);
  // Functions of different numbers differ.
  auto add = [&](const APFloat &number) {
    SmallString<16> digits;
    number.toString(digits);
    text += "_" + digits.str().str();
  };
  if (!op.getOffset().isZero())
    add(op.getOffset());
  add(op.getEps());
  return text;
}

//  tasks = ceil(M / lines of a task)
void NormEmitter::emit() {
  func::FuncOp function = taskFunction();
  Value lines = memref::DimOp::create(v.builder, v.loc, op.getX(), 0);
  SmallVector<Value> operands = {v.addressOf(op.getX())};
  for (Value operand : {op.getWeight(), op.getBias(), op.getResidual()})
    if (operand)
      operands.push_back(v.addressOf(operand));
  operands.append({v.addressOf(op.getY()), lines});
  Value tasks = arith::CeilDivUIOp::create(v.builder, v.loc, lines,
                                           v.index(tuning::normLines));
  // A line costs about ten operations an element.
  emitTasks(v, tasks, {lines, 10 * size}, [&](Value task) {
    operands.push_back(task);
    func::CallOp::create(v.builder, v.loc, function, operands);
  });
}

/// @norm(x[, weight][, bias][, residual], y, lines, task)
func::FuncOp NormEmitter::taskFunction() {
  if (auto existing = symbols.lookup<func::FuncOp>(name()))
    return existing;
  OpBuilder::InsertionGuard guard(v.builder);
  auto pointer = LLVM::LLVMPointerType::get(v.builder.getContext());
  SmallVector<Type> types(op->getNumOperands(), pointer);
  types.append(2, v.builder.getIndexType());
  func::FuncOp function = v.beginFunction(symbols, name(), types);
  ValueRange arguments = function.getArguments();
  auto next = [&](Value operand) -> Value {
    if (!operand)
      return {};
    Value argument = arguments.front();
    arguments = arguments.drop_front();
    return argument;
  };
  Line line = {next(op.getX()), next(op.getWeight()), next(op.getBias()),
               next(op.getResidual()), next(op.getY())};
  Value lines = arguments[0], task = arguments[1];
  Value first =
      arith::MulIOp::create(v.builder, v.loc, task, v.index(tuning::normLines));
  Value last =
      arith::MinUIOp::create(v.builder, v.loc,
                             arith::AddIOp::create(v.builder, v.loc, first,
                                                   v.index(tuning::normLines)),
                             lines);
  auto loop = scf::ForOp::create(v.builder, v.loc, first, last, v.index(1));
  func::ReturnOp::create(v.builder, v.loc);
  v.builder.setInsertionPointToStart(loop.getBody());
  auto lineOf = [&](Value base, int64_t stride) {
    return v.advance(base, arith::MulIOp::create(v.builder, v.loc,
                                                 loop.getInductionVar(),
                                                 v.index(stride)));
  };
  line.x = lineOf(line.x, xStride);
  if (line.residual)
    line.residual = lineOf(line.residual, residualStride);
  line.y = lineOf(line.y, yStride);
  emitLine(line);
  return function;
}

SmallVector<Value> NormEmitter::eachVector(
    ValueRange carried,
    function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body) {
  int64_t lanes = target.lanes(), step = chains * lanes;
  int64_t whole = size / step * step, width = carried.size() / chains;
  SmallVector<Value> values(carried);
  if (whole) {
    auto loop = scf::ForOp::create(v.builder, v.loc, v.index(0), v.index(whole),
                                   v.index(step), values);
    OpBuilder::InsertionGuard guard(v.builder);
    v.builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> updated;
    for (int64_t chain = 0; chain < chains; ++chain) {
      Value column = arith::AddIOp::create(
          v.builder, v.loc, loop.getInductionVar(), v.index(chain * lanes));
      llvm::append_range(updated, body(column, lanes,
                                       ValueRange(loop.getRegionIterArgs())
                                           .slice(chain * width, width)));
    }
    if (!updated.empty())
      scf::YieldOp::create(v.builder, v.loc, updated);
    values.assign(loop.getResults().begin(), loop.getResults().end());
  }
  for (int64_t column = whole, chain = 0; column < size;
       column += lanes, ++chain) {
    SmallVector<Value> next =
        body(v.index(column), std::min(lanes, size - column),
             ValueRange(values).slice(chain * width, width));
    llvm::copy(next, values.begin() + chain * width);
  }
  return values;
}

SmallVector<Value>
NormEmitter::meansOf(Value x, ArrayRef<std::function<Value(Value)>> fs) {
  SmallVector<Value> zeros(chains * fs.size(), v.splat(0));
  SmallVector<Value> sums =
      eachVector(zeros, [&](Value column, int64_t lanes, ValueRange carried) {
        Value element = v.loadFirst(v.advance(x, column), lanes);
        SmallVector<Value> next;
        // f(0) need not be 0 in the lanes behind the end.
        for (auto [f, sum] : llvm::zip_equal(fs, carried))
          next.push_back(v.add(sum, v.onlyFirst(f(element), lanes)));
        return next;
      });
  SmallVector<Value> means;
  for (size_t number = 0; number < fs.size(); ++number) {
    auto chain = [&](int64_t i) { return sums[i * fs.size() + number]; };
    Value sum = v.add(v.add(chain(0), chain(1)), v.add(chain(2), chain(3)));
    means.push_back(
        v.div(v.sumOfLanes(sum), v.splat(static_cast<float>(size))));
  }
  return means;
}

//  y[n] = normalised · (offset + weight[n]) + bias[n] + residual[n]
Value NormEmitter::emitResult(const Line &line, Value normalised, Value column,
                              int64_t lanes) {
  auto load = [&](Value base) {
    return v.loadFirst(v.advance(base, column), lanes);
  };
  double offset = op.getOffset().convertToDouble();
  Value result = normalised, factor;
  if (line.weight) {
    factor = load(line.weight);
    if (offset != 0)
      factor = v.add(v.splat(static_cast<float>(offset)), factor);
  }
  if (factor && line.bias)
    result = v.mulAdd(result, factor, load(line.bias));
  else if (factor)
    result = v.mul(result, factor);
  else if (line.bias)
    result = v.add(result, load(line.bias));
  return line.residual ? v.add(load(line.residual), result) : result;
}

void NormEmitter::emitLine(const Line &line) {
  Value x = line.x, mean, rest, variance;
  auto squared = [&](Value value) { return v.mul(value, value); };
  if (op.getCentered()) {
    mean = meansOf(x, {[](Value element) { return element; }}).front();
    auto roughly = [&](Value element) { return v.sub(element, mean); };
    SmallVector<Value> moments = meansOf(
        x, {roughly, [&](Value element) { return squared(roughly(element)); }});
    rest = moments[0];
    // Rounding may leave less than nothing of equal elements; a NaN stays one.
    variance = arith::MaximumFOp::create(
        v.builder, v.loc, v.sub(moments[1], squared(rest)), v.splat(0));
  } else {
    variance = meansOf(x, {squared}).front();
  }
  auto distance = [&](Value element) {
    return mean ? v.sub(v.sub(element, mean), rest) : element;
  };
  Value eps = v.splat(static_cast<float>(op.getEps().convertToDouble()));
  Value root =
      LLVM::SqrtOp::create(v.builder, v.loc, v.add(variance, eps)).getResult();
  Value scale = v.div(v.splat(1), root);
  eachVector({}, [&](Value column, int64_t lanes, ValueRange) {
    Value element = v.loadFirst(v.advance(x, column), lanes);
    Value normalised = v.mul(distance(element), scale);
    v.storeFirst(emitResult(line, normalised, column, lanes),
                 v.advance(line.y, column), lanes);
    return SmallVector<Value>();
  });
}

void lowerNorm(RewriterBase &rewriter, kernel::NormOp op, const Target &target,
               SymbolTable &symbols) {
  rewriter.setInsertionPoint(op);
  NormEmitter(rewriter, op, target, symbols).emit();
  rewriter.eraseOp(op);
}

} // namespace heddle::microkernels
