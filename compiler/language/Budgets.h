//===- Budgets.h - How much work a model file may ask for -------*- C++ -*-===//
//
// A short text can ask for any amount of work, and a long one can nest as deep
// as it is long. Every bound on that is here; what goes beyond is a mistake in
// the model, reported at its place. Models come nowhere near: the deepest of
// examples/ calls blocks four deep, and a mixture of 256 experts in 61 layers
// uses some 50,000 weights.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_BUDGETS_H
#define HEDDLE_COMPILER_LANGUAGE_BUDGETS_H

#include <cstdint>

namespace heddle::language::budgets {

/// Operators, brackets and calls within each other, elements side by side, and
/// branches of an `if`: the parser and all that walks its tree recurse so deep.
constexpr unsigned nesting = 200;
/// Bodies within bodies.
constexpr unsigned bodies = 64;
/// Files that import each other, the blocks and the config values of a chain.
constexpr unsigned chain = 64;

/// Iterations of one loop that is unrolled.
constexpr int64_t unrolled = 4096;
/// Expressions evaluated, over all functions and iterations.
constexpr int64_t evaluations = 1000000;
/// Inputs of an entry, and sizes known at run time: the interface of programs
/// has no more (runtime/abi.h).
constexpr unsigned inputs = 32;
constexpr unsigned dyns = 8;
/// What a program can be asked to do: each is a function of its library.
constexpr unsigned entries = 1024;

} // namespace heddle::language::budgets

#endif // HEDDLE_COMPILER_LANGUAGE_BUDGETS_H
