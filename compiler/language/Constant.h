//===- Constant.h - Values known when the model is compiled -----*- C++ -*-===//
//
// What a configuration value, an option or a condition can be. Whole numbers
// and sizes are the same kind: an expression over size names, so that `D / H`
// keeps its meaning; a number is one without names.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_CONSTANT_H
#define HEDDLE_COMPILER_LANGUAGE_CONSTANT_H

#include "dialects/nn/SizeExpr.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <variant>

namespace llvm::json {
class Value;
} // namespace llvm::json

namespace heddle::language {

using nn::SizeExpr;

/// `none`: explicitly nothing.
struct None {
  bool operator==(const None &) const = default;
};

/// A key that config.json lacks or gives as null. Whatever is computed from it
/// is absent too; `|` then tries the next.
struct Absent {
  std::string key;
  bool operator==(const Absent &) const = default;
};

/// An object or array of config.json, such as rope_scaling. Lives as long as
/// the configuration.
struct Json {
  const llvm::json::Value *value = nullptr;
  std::string key; ///< `.rope_scaling`
  bool operator==(const Json &) const = default;
};

/// A string is text in quotes, or a word: gelu, halves.
using Constant =
    std::variant<None, Absent, bool, double, SizeExpr, std::string, Json>;

template <typename T> bool holds(const Constant &constant) {
  return std::holds_alternative<T>(constant);
}

/// As a message shows it: `12`, `D/H`, `yes`, `"gelu"`.
std::string describe(const Constant &constant);

/// The same for equal constants alone.
std::string identify(const Constant &constant);

/// Gives a size its value; nullopt for sizes known at run time.
using SizeValues =
    llvm::function_ref<std::optional<int64_t>(llvm::StringRef name)>;

/// The number, if it is one and known now.
std::optional<double> asNumber(const Constant &constant, SizeValues sizes);

/// Applies one of + - * / ^ == != <= >= < > to constants. Sums, differences,
/// products and quotients of sizes stay symbolic where they can. On failure
/// `why` says what is wrong, as in `cannot divide by a sum of sizes`.
std::optional<Constant> combine(llvm::StringRef op, const Constant &lhs,
                                const Constant &rhs, SizeValues sizes,
                                std::string &why);

/// config.json's value as a constant: null is absent, a whole number a size
/// without names.
Constant fromJson(const llvm::json::Value &value, llvm::StringRef key);

/// Whether a list has the element, or words between bars have the word. Nothing
/// where it is neither.
std::optional<bool> hasElement(const Constant &list, const Constant &element);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_CONSTANT_H
