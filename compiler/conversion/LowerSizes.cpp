//===- LowerSizes.cpp - sizes as the code computes them -------------------===//

#include "compiler/conversion/FunctionLowering.h"
#include "dialects/kernel/Kernel.h"
#include <numeric>

using namespace mlir;
using namespace heddle;
using namespace heddle::conversion;
using nn::SizeExpr;

Value FunctionLowering::constantIndex(int64_t value) {
  return arith::ConstantIndexOp::create(builder, location, value);
}

/// Σ coefficient · term, in whole numbers: terms over one denominator.
Value FunctionLowering::evaluate(
    const SizeExpr &expr, function_ref<Value(const SizeExpr::Term &)> valueOf) {
  // Within what a product of a few sizes of axes can have.
  constexpr int64_t most = int64_t(1) << 31;
  int64_t denominator = 1;
  for (const SizeExpr::Term &term : expr.terms()) {
    if (term.denominator <= most)
      denominator = std::lcm(denominator, term.denominator);
    if (term.denominator > most || denominator > most)
      return refuse("the size " + expr.str() + " has too fine fractions"),
             constantIndex(0);
  }
  Value sum;
  for (const SizeExpr::Term &term : expr.terms()) {
    Value value = term.factors.empty() ? constantIndex(1) : valueOf(term);
    int64_t factor;
    if (llvm::MulOverflow(term.numerator, denominator / term.denominator,
                          factor))
      refuse("the size " + expr.str() + " is too large");
    if (factor != 1)
      value = arith::MulIOp::create(builder, location, value,
                                    constantIndex(factor));
    sum = sum ? arith::AddIOp::create(builder, location, sum, value) : value;
  }
  if (!sum)
    return constantIndex(0);
  if (denominator != 1)
    sum = arith::DivUIOp::create(builder, location, sum,
                                 constantIndex(denominator));
  return sum;
}

Value FunctionLowering::total(const SizeExpr &expr) {
  return evaluate(expr, [&](const SizeExpr::Term &term) -> Value {
    if (tokenCount && nn::monomialOf(term) == tokenMonomial)
      return tokenCount;
    return kernel::ExtentOp::create(builder, location, framePointer,
                                    nn::monomialOf(term));
  });
}

Value FunctionLowering::rowStart(const SizeExpr &expr, Value row) {
  return evaluate(expr, [&](const SizeExpr::Term &term) -> Value {
    bool ragged =
        llvm::any_of(term.factors, [&](const SizeExpr::Factor &factor) {
          return sizes.isRagged(factor.first);
        });
    if (ragged)
      return kernel::RowStartOp::create(builder, location, framePointer,
                                        nn::monomialOf(term), row);
    // Every row is as large as the others: so many of those before this one.
    Value product = row;
    for (const auto &[name, power] : term.factors) {
      if (name == sizes.rows())
        continue;
      if (power < 0)
        refuse("the size " + expr.str() + " has no whole value by itself");
      Value size =
          kernel::SizeOp::create(builder, location, framePointer, name);
      for (int i = 0; i < power; ++i)
        product = arith::MulIOp::create(builder, location, product, size);
    }
    return product;
  });
}

Value FunctionLowering::axisLength(const SizeExpr &axis, Value row) {
  return evaluate(sizes.known(axis), [&](const SizeExpr::Term &term) -> Value {
    Value product;
    for (const auto &[name, power] : term.factors) {
      if (power < 0)
        refuse("the size " + axis.str() + " has no whole value by itself");
      Value size;
      if (row && sizes.isRagged(name)) {
        std::string lines =
            (SizeExpr::name(sizes.rows()) * SizeExpr::name(name)).str();
        Value next =
            arith::AddIOp::create(builder, location, row, constantIndex(1));
        Value begin = kernel::RowStartOp::create(builder, location,
                                                 framePointer, lines, row);
        Value end = kernel::RowStartOp::create(builder, location, framePointer,
                                               lines, next);
        size = arith::SubIOp::create(builder, location, end, begin);
      } else if (tokenCount && name == tokenMonomial) {
        size = tokenCount;
      } else {
        size = kernel::SizeOp::create(builder, location, framePointer, name);
      }
      for (int i = 0; i < power; ++i)
        product = product
                      ? arith::MulIOp::create(builder, location, product, size)
                      : size;
    }
    return product;
  });
}

Value FunctionLowering::heldBefore(StringRef axis, Value row) {
  for (nn::SizeOp size : sizes.dynamicSizes())
    if (sizes.grownFrom(size.getSymName()) == axis && !axis.empty()) {
      Value seen = axisLength(SizeExpr::name(size.getSymName()), row);
      Value given = axisLength(SizeExpr::name(axis), row);
      return arith::SubIOp::create(builder, location, seen, given);
    }
  return constantIndex(0);
}
