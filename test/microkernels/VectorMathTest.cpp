//===- VectorMathTest.cpp - errors of the vector functions ----------------===//
//
// Runs each function over floats of every exponent and sign, and holds it to
// the bound that VectorMath.h states.
//
//===----------------------------------------------------------------------===//

#include "compiler/microkernels/VectorMath.h"
#include "TargetTest.h"
#include "dialects/scalar/Scalar.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace heddle;
using namespace heddle::test;
using namespace mlir;

namespace {

using Emit = Value (*)(microkernels::VectorBuilder &, Value);

/// y[i] = f(x[i]), i in 0 .. n, n a multiple of 16.
class Function {
public:
  Function(Emit emit, const std::string &target) {
    auto context = createContext();
    OpBuilder builder(context.get());
    Location loc = builder.getUnknownLoc();
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    builder.setInsertionPointToStart(module->getBody());
    auto pointer = LLVM::LLVMPointerType::get(context.get());
    auto function = func::FuncOp::create(
        builder, loc, "f",
        builder.getFunctionType({pointer, pointer, builder.getIndexType()},
                                {}));
    builder.setInsertionPointToStart(function.addEntryBlock());
    microkernels::Target machine = *microkernels::Target::named(target);
    microkernels::VectorBuilder v(builder, loc, machine);
    Value count = function.getArgument(2);
    auto loop = scf::ForOp::create(builder, loc, v.index(0), count,
                                   v.index(machine.lanes()));
    func::ReturnOp::create(builder, loc);
    builder.setInsertionPointToStart(loop.getBody());
    Value i = loop.getInductionVar();
    Value x = v.loadVector(v.advance(function.getArgument(0), i));
    v.store(emit(v, x), v.advance(function.getArgument(1), i));
    program = Program::compile(std::move(context), std::move(module), target);
    address = reinterpret_cast<void (*)(const float *, float *, int64_t)>(
        program->find("f"));
  }

  std::vector<float> operator()(std::vector<float> x) const {
    size_t count = x.size();
    x.resize((count + 15) / 16 * 16);
    std::vector<float> y(x.size());
    address(x.data(), y.data(), x.size());
    y.resize(count);
    return y;
  }
  float operator()(float x) const { return (*this)(std::vector{x})[0]; }

private:
  std::unique_ptr<Program> program;
  void (*address)(const float *, float *, int64_t);
};

float fromBits(uint32_t bits) {
  float number;
  std::memcpy(&number, &bits, 4);
  return number;
}

/// Every 1009th float: all exponents, both signs, 4 million numbers.
std::vector<float> floatsOfEverySize() {
  std::vector<float> numbers;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 1009)
    if (float number = fromBits(bits); std::isfinite(number))
      numbers.push_back(number);
  return numbers;
}

/// |found − expected| in units of the distance of floats at `magnitude`, which
/// is a normal number.
double errorInUlp(float found, double expected, double magnitude) {
  float rounded = static_cast<float>(expected);
  if (std::isinf(rounded) || std::isinf(found))
    return rounded == found ? 0 : std::numeric_limits<double>::infinity();
  int exponent;
  std::frexp(magnitude, &exponent);
  return std::fabs(found - expected) / std::ldexp(1.0, exponent - 24);
}

constexpr double smallest = std::numeric_limits<float>::min(); // normal

class VectorMathTest : public testing::TestWithParam<std::string> {
protected:
  enum class UlpOf { Result, Argument };

  template <typename Reference>
  void expectWithin(double ulp, Emit emit, Reference reference,
                    UlpOf unit = UlpOf::Result, double zeroBelow = 0,
                    float largest = std::numeric_limits<float>::max()) {
    Function f(emit, GetParam());
    std::vector<float> x = floatsOfEverySize(), y = f(x);
    double worst = 0, worstAt = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::fabs(x[i]) > largest)
        continue;
      double expected = reference(static_cast<double>(x[i]));
      if (std::fabs(expected) < zeroBelow && y[i] == 0)
        continue;
      double size = unit == UlpOf::Result ? expected : x[i];
      double error =
          errorInUlp(y[i], expected, std::fmax(std::fabs(size), smallest));
      if (!(error <= worst)) { // a NaN counts
        worst = error;
        worstAt = x[i];
      }
    }
    EXPECT_LE(worst, ulp) << "at " << worstAt;
    RecordProperty("ulp", std::to_string(worst));
    EXPECT_TRUE(std::isnan(f(NAN)));
  }
};

template <typename Op> Value emitOf(microkernels::VectorBuilder &v, Value x) {
  Value number =
      arith::ConstantOp::create(v.builder, v.loc, v.builder.getF32FloatAttr(0));
  auto op = Op::create(v.builder, v.loc, number);
  Value result = microkernels::functionOf(op)->emit(v, x);
  op.erase();
  return result;
}

const float infinity = std::numeric_limits<float>::infinity();

TEST_P(VectorMathTest, Exp) {
  expectWithin(1.1, microkernels::emitExp,
               [](double x) { return std::exp(x); });
  Function f(microkernels::emitExp, GetParam());
  EXPECT_EQ(f(infinity), infinity);
  EXPECT_EQ(f(-infinity), 0.f);
  EXPECT_EQ(f(0.f), 1.f);
}

TEST_P(VectorMathTest, Exp2) {
  expectWithin(1.4, microkernels::emitExp2,
               [](double x) { return std::exp2(x); });
  Function f(microkernels::emitExp2, GetParam());
  EXPECT_EQ(f(infinity), infinity);
  EXPECT_EQ(f(-infinity), 0.f);
  EXPECT_EQ(f(0.f), 1.f);
}

TEST_P(VectorMathTest, Tanh) {
  expectWithin(2.5, microkernels::emitTanh,
               [](double x) { return std::tanh(x); });
  Function f(microkernels::emitTanh, GetParam());
  EXPECT_EQ(f(infinity), 1.f);
  EXPECT_EQ(f(-infinity), -1.f);
  EXPECT_TRUE(std::signbit(f(-0.f)));
}

TEST_P(VectorMathTest, Sigmoid) {
  expectWithin(
      2.5, microkernels::emitSigmoid,
      [](double x) { return 1 / (1 + std::exp(-x)); }, UlpOf::Result,
      /*zeroBelow=*/std::ldexp(1, -126));
  Function f(microkernels::emitSigmoid, GetParam());
  EXPECT_EQ(f(infinity), 1.f);
  EXPECT_EQ(f(-infinity), 0.f);
}

TEST_P(VectorMathTest, Erf) {
  expectWithin(1.5, microkernels::emitErf,
               [](double x) { return std::erf(x); });
  Function f(microkernels::emitErf, GetParam());
  EXPECT_EQ(f(infinity), 1.f);
  EXPECT_EQ(f(-infinity), -1.f);
}

Value emitSine(microkernels::VectorBuilder &v, Value x) {
  return microkernels::emitSineAndCosine(v, x).sine;
}

Value emitCosine(microkernels::VectorBuilder &v, Value x) {
  return microkernels::emitSineAndCosine(v, x).cosine;
}

// Beyond 4e8 there is no answer.
TEST_P(VectorMathTest, SineAndCosine) {
  expectWithin(
      0.51, emitSine, [](double x) { return std::sin(x); }, UlpOf::Result, 0,
      4e8f);
  expectWithin(
      0.51, emitCosine, [](double x) { return std::cos(x); }, UlpOf::Result, 0,
      4e8f);
  EXPECT_TRUE(std::isnan(Function(emitSine, GetParam())(5e8f)));
  EXPECT_TRUE(std::isnan(Function(emitCosine, GetParam())(infinity)));
  EXPECT_EQ(Function(emitSine, GetParam())(0.f), 0.f);
  EXPECT_EQ(Function(emitCosine, GetParam())(0.f), 1.f);
}

TEST_P(VectorMathTest, Relu) {
  expectWithin(0, emitOf<scalar::ReluOp>,
               [](double x) { return std::fmax(x, 0); });
}

TEST_P(VectorMathTest, Gelu) {
  expectWithin(
      2.5, emitOf<scalar::GeluOp>,
      [](double x) { return x / 2 * std::erfc(-x / std::sqrt(2.0)); },
      UlpOf::Argument);
  Function f(emitOf<scalar::GeluOp>, GetParam());
  EXPECT_EQ(f(infinity), infinity);
  EXPECT_EQ(f(-infinity), 0.f);
}

TEST_P(VectorMathTest, GeluTanh) {
  expectWithin(
      2, emitOf<scalar::GeluTanhOp>,
      [](double x) {
        double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
        return x / (1 + std::exp(-2 * u));
      },
      UlpOf::Argument);
  EXPECT_EQ(Function(emitOf<scalar::GeluTanhOp>, GetParam())(infinity),
            infinity);
}

TEST_P(VectorMathTest, Silu) {
  expectWithin(
      3, emitOf<scalar::SiluOp>,
      [](double x) { return x / (1 + std::exp(-x)); }, UlpOf::Result,
      /*zeroBelow=*/std::ldexp(1, -119));
  EXPECT_EQ(Function(emitOf<scalar::SiluOp>, GetParam())(infinity), infinity);
}

INSTANTIATE_TEST_SUITE_P(Targets, VectorMathTest,
                         testing::ValuesIn(runnableTargets()), targetTestName);

} // namespace
