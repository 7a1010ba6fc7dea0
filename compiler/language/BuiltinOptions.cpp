//===- BuiltinOptions.cpp - Options of built-in operations ----------------===//

#include "compiler/language/Builtins.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

const Expr *CallSite::option(StringRef name) const {
  for (const Option &option : call.options)
    if (option.name.text == name)
      return option.value.get();
  const SourceFile &file = *elaborator.scope->source.file;
  if (auto defaults = file.defaults.find(builtin.name);
      defaults != file.defaults.end())
    for (const Option *option : defaults->second)
      if (option->name.text == name)
        return option->value.get();
  return nullptr;
}

std::optional<Constant> CallSite::constantOption(StringRef name,
                                                 Constant otherwise) {
  const Expr *expr = option(name);
  if (!expr)
    return otherwise;
  Datum datum = elaborator.evaluate(*expr);
  if (const Constant *constant = std::get_if<Constant>(&datum))
    return *constant;
  if (isFaulty(datum))
    return std::nullopt;
  return fail(name + " is " + describe(datum) +
              ", needs a value known when the model is compiled");
}

std::optional<bool> CallSite::flag(StringRef name, bool otherwise) {
  std::optional<Constant> constant = constantOption(name, otherwise);
  if (!constant)
    return std::nullopt;
  if (const bool *value = std::get_if<bool>(&*constant))
    return *value;
  return fail(name + " is " + language::describe(*constant) +
              ", needs yes or no");
}

std::optional<double> CallSite::number(StringRef name, double otherwise) {
  std::optional<Constant> constant = constantOption(name, otherwise);
  if (!constant)
    return std::nullopt;
  if (std::optional<double> value = elaborator.numberOf(*constant))
    return value;
  return fail(name + " is " + describe(Datum(*constant)) + ", needs a number");
}

std::optional<SizeExpr> CallSite::sizeOption(StringRef name,
                                             SizeExpr otherwise) {
  std::optional<Constant> constant = constantOption(name, otherwise);
  return constant ? sizeOf(*constant, name) : std::nullopt;
}

std::optional<SizeExpr> CallSite::sizeOf(const Constant &constant,
                                         StringRef what) {
  if (const SizeExpr *size = std::get_if<SizeExpr>(&constant))
    return *size;
  if (const double *real = std::get_if<double>(&constant))
    if (*real == static_cast<double>(static_cast<int64_t>(*real)))
      return SizeExpr(static_cast<int64_t>(*real));
  return fail(what + " is " + language::describe(constant) +
              ", needs a whole number");
}

std::optional<Axes> CallSite::sizesAlong(const Expr &expr, StringRef what,
                                         unsigned count) {
  Axes sizes;
  if (expr.is(Expr::Kind::Pattern)) {
    if (expr.hasArrow || expr.from.size() != 1)
      return fail(what + " is " + language::describe(expr) +
                  ", needs a size for each axis");
    std::optional<Axes> all = elaborator.resolveAxes(expr.from.front());
    if (!all)
      return std::nullopt;
    sizes = std::move(*all);
  } else {
    Datum datum = elaborator.evaluate(expr);
    if (isFaulty(datum))
      return std::nullopt;
    const Constant *constant = std::get_if<Constant>(&datum);
    if (!constant)
      return fail(what + " is " + describe(datum) +
                  ", needs a value known when the model is compiled");
    std::optional<SizeExpr> size = sizeOf(*constant, what);
    if (!size)
      return std::nullopt;
    sizes.assign(count, *size);
  }
  if (sizes.size() != count)
    return fail(what + " has " + Twine(sizes.size()) +
                " sizes, needs one for each of " + Twine(count) +
                " spatial axes");
  return sizes;
}

std::optional<Axes> CallSite::sizesOption(StringRef name, unsigned count,
                                          SizeExpr otherwise) {
  if (const Expr *expr = option(name))
    return sizesAlong(*expr, name, count);
  return Axes(count, otherwise);
}

std::optional<SmallVector<int64_t>>
CallSite::wholesOption(StringRef name, unsigned count, int64_t otherwise) {
  std::optional<Axes> sizes = sizesOption(name, count, SizeExpr(otherwise));
  if (!sizes)
    return std::nullopt;
  return wholes(*sizes, name);
}

std::optional<SmallVector<int64_t>> CallSite::wholes(const Axes &sizes,
                                                     StringRef what) {
  SmallVector<int64_t> numbers;
  for (const SizeExpr &size : sizes) {
    std::optional<int64_t> number = elaborator.configuration.evaluate(size);
    if (!number)
      return fail(what + " is " + describe(size) +
                  ", needs a whole number known when the model is compiled");
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<int64_t> CallSite::whole(StringRef name, int64_t otherwise) {
  std::optional<SizeExpr> size = sizeOption(name, SizeExpr(otherwise));
  if (!size)
    return std::nullopt;
  if (std::optional<int64_t> value = elaborator.configuration.evaluate(*size))
    return value;
  return fail(name + " is " + describe(*size) +
              ", needs a whole number known when the model is compiled");
}

/// One of several words; the first is what holds if the option is not given.
std::optional<std::string> CallSite::word(StringRef name,
                                          ArrayRef<StringRef> choices) {
  std::optional<Constant> constant =
      constantOption(name, choices.front().str());
  if (!constant)
    return std::nullopt;
  if (const std::string *text = std::get_if<std::string>(&*constant))
    if (is_contained(choices, *text))
      return *text;
  return fail(name + " is " + language::describe(*constant) + ", needs " +
              join(choices, " or "));
}

} // namespace heddle::language
