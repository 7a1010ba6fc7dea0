//===- Scopes.h - What the names of a function stand for --------*- C++ -*-===//
//
// While a function's tree is walked from top to bottom: which variables are
// known, and which assignments each may hold. It follows the elaborator, whose
// Statements.cpp and Scan.cpp have the rules: a name is known from where it is
// assigned; branches leave what they assign; a loop keeps what it assigns
// first, and what was known before goes on with what its last turn has made of
// it; a scan leaves only what it yields.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_SCOPES_H
#define HEDDLE_COMPILER_LSP_SCOPES_H

#include "compiler/language/AST.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace heddle::lsp {

/// What variables may hold: each value is what one place assigns, or any of
/// several that meet behind a branch or at the start of a loop.
class Values {
public:
  /// 0 is no value.
  unsigned add(llvm::StringRef assigned);
  unsigned addMeeting(unsigned value);
  void meet(unsigned meeting, unsigned value);
  /// In the order of the text, if it is one text.
  std::vector<llvm::StringRef> assignmentsOf(unsigned value) const;

private:
  struct Value {
    llvm::StringRef assigned; ///< empty: others meet
    llvm::SmallVector<unsigned, 2> others;
  };
  std::vector<Value> values;
};

struct Variable {
  /// The loop or scan that it is known in alone; empty: all of the function.
  llvm::StringRef scope;
  unsigned value = 0;
};

class Scopes {
public:
  explicit Scopes(Values &values) : values(values) {}

  /// Forgets all.
  void enterFunction(const language::Function &function);

  /// Null: no variable has the name here.
  const Variable *find(llvm::StringRef name) const;
  Variable assign(llvm::StringRef name);

  using Walk = llvm::function_ref<void()>;
  void branch(Walk body, Walk otherwise);
  /// The body begins with what the loop itself gives names: its variable.
  void loop(const language::Statement &statement, Walk body);
  void scan(const language::Statement &statement, Walk body);

private:
  /// A statement that is being walked.
  struct Frame {
    llvm::StringRef source;
    /// Those of its names that outlive it.
    llvm::StringSet<> yielded;
  };
  llvm::StringRef homeOf(llvm::StringRef name) const;
  Variable declare(llvm::StringRef name, llvm::StringRef scope);
  void set(llvm::StringRef name, const Variable &variable);
  std::vector<std::pair<llvm::StringRef, Variable>> takeBack(size_t count);

  Values &values;
  llvm::StringMap<Variable> variables;
  /// What was set, with what was there before; texts are those of the source.
  std::vector<std::pair<llvm::StringRef, std::optional<Variable>>> changes;
  std::vector<Frame> frames;
};

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_SCOPES_H
