//===- Symbols.h - What every name of a program means -----------*- C++ -*-===//
//
// A program's trees enter; what leaves is every place where something is called
// by its name, with what that is. Names are looked up as the elaborator does.
// A variable is one wherever it is known (Scopes.h), however often it is
// assigned; which of the assignments a place reads is known besides.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LSP_SYMBOLS_H
#define HEDDLE_COMPILER_LSP_SYMBOLS_H

#include "compiler/language/Lexer.h"
#include "compiler/language/Program.h"
#include "compiler/lsp/Scopes.h"
#include "llvm/ADT/DenseMap.h"

namespace heddle::lsp {

enum class SymbolKind {
  Unknown,
  Model,
  Block,
  Entry,
  Size,
  Value, ///< of config, with a small letter
  State,
  Variable,  ///< parameters and loops' variables too
  Key,       ///< of config.json: `rope_scaling.factor`
  File,      ///< an import
  Operation, ///< built in
  Option,    ///< of an operation, which is the owner
  Word,      ///< gelu, halves, yes, f32; b, h, i, j of where and bias
  Path,      ///< of weights, as written
};

struct Symbol {
  SymbolKind kind = SymbolKind::Unknown;
  std::string name;
  /// Where it is known, if that is not everywhere: `block layer`, `linear`.
  std::string owner;
  /// Of a variable that a loop or a scan keeps: where in its file that begins,
  /// counted from 1.
  size_t scope = 0;

  bool operator==(const Symbol &) const = default;
};

enum class Role { Declaration, Write, Read };

struct Occurrence {
  llvm::StringRef text; ///< the part of a file
  Symbol symbol;
  Role role = Role::Read;
  const language::Function *function = nullptr; ///< that it stands in
  const language::Expr *call = nullptr; ///< that an option or a path is of
  unsigned value = 0; ///< of a variable, which Symbols::assignmentsOf tells
  llvm::StringRef scope = {}; ///< the loop or scan that keeps it, or empty
  bool isOfPair = false;      ///< within `where` or `bias`
};

/// Names that one function knows beside those of the program.
struct Locals {
  const language::SourceFile *file = nullptr;
  llvm::StringSet<> parameters, variables, sizes;
};

class Symbols {
public:
  explicit Symbols(const language::Program &program);

  /// Everything, file by file, in the order of the text.
  llvm::ArrayRef<Occurrence> all() const { return occurrences; }
  /// The smallest that the place is in, or behind which it stands; null: none.
  const Occurrence *at(const char *place) const;

  /// The function whose text the place is in; null: none.
  const language::Function *functionAt(const char *place) const;
  /// The names whose assignments may have given a variable what it is there.
  std::vector<llvm::StringRef> assignmentsOf(const Occurrence &at) const {
    return values.assignmentsOf(at.value);
  }
  const Locals &localsOf(const language::Function &function) const {
    return locals.find(&function)->second;
  }

  /// What a word means somewhere in a function, or outside of all.
  Symbol nameIn(const language::Function *function, llvm::StringRef name) const;
  Symbol sizeIn(const language::Function *function, llvm::StringRef name) const;
  Symbol calleeIn(const language::Function *function,
                  llvm::StringRef name) const;

private:
  friend class SymbolReader;

  void collectLocals();
  /// One of the function's own.
  Symbol localIn(const language::Function &function, SymbolKind kind,
                 llvm::StringRef name, llvm::StringRef scope = "") const;
  /// What a call means by a name, which as a name alone means `value`.
  Symbol callee(llvm::StringRef name, const Symbol &value) const;

  const language::Program &program;
  Values values;
  std::vector<Occurrence> occurrences;
  llvm::DenseMap<const language::Function *, Locals> locals;
};

/// Names that `where` and `bias` give the positions of a pair.
bool isPairName(llvm::StringRef name);

/// As messages speak of it: `block`, `size`.
llvm::StringRef nameOf(SymbolKind kind);

} // namespace heddle::lsp

#endif // HEDDLE_COMPILER_LSP_SYMBOLS_H
