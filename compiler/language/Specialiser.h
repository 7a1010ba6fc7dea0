//===- Specialiser.h - A model file for one config.json ---------*- C++ -*-===//

#ifndef HEDDLE_COMPILER_LANGUAGE_SPECIALISER_H
#define HEDDLE_COMPILER_LANGUAGE_SPECIALISER_H

#include "compiler/language/Configuration.h"
#include "compiler/language/Program.h"
#include "compiler/language/SourceEdits.h"

namespace heddle::language {

/// Writes expressions and bodies as they stand in the source, but with what
/// config.json decides decided: keys are their values, branches that cannot
/// happen are gone.
class Specialiser {
public:
  explicit Specialiser(Configuration &configuration)
      : configuration(configuration) {}

  /// An expression outside of blocks.
  std::string written(const Expr &expr) { return written(expr, {}); }
  /// A block or an entry. `defaults`: options that a call of an operation gets
  /// where it does not give them itself.
  using Defaults =
      llvm::StringMap<std::vector<std::pair<std::string, std::string>>>;
  std::string written(const Function &function, const Defaults &defaults);

  /// The value, if config.json decides it.
  std::optional<Constant> decided(const Expr &expr) {
    return decided(expr, {});
  }

  /// Keys of config.json that what was written still has.
  const llvm::StringSet<> &keysKept() const { return kept; }

private:
  using Names = llvm::StringSet<>;

  bool isKnown(const Expr &expr, const Names &locals);
  std::optional<Constant> decided(const Expr &expr, const Names &locals);
  std::optional<bool> condition(const Expr &expr, const Names &locals);
  std::string written(const Expr &expr, const Names &locals);
  std::string writtenKey(const Expr &key);
  std::string choice(const Expr &expr, const Expr &taken, const Names &locals);

  void edit(const Expr &expr, const Names &locals, SourceEdits &edits);
  void edit(const Path &path, const Names &locals, SourceEdits &edits);
  void edit(const Body &body, const Names &locals, SourceEdits &edits);
  void editIf(const Statement &statement, bool isElseIf, const Names &locals,
              SourceEdits &edits);
  void addDefaults(const Expr &call, SourceEdits &edits);

  Configuration &configuration;
  const Defaults *defaults = nullptr;
  llvm::StringSet<> kept;
};

/// A value as the language writes it; empty: it has no way to.
std::string literalOf(const llvm::json::Value &value);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_SPECIALISER_H
