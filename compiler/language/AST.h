//===- AST.h - A model file as written --------------------------*- C++ -*-===//
//
// Plain structs, each with its place in the source. Nothing is resolved here: a
// name is a name, a size a word that starts with a capital. Sizes of axes are
// ordinary expressions made of numbers, sizes, + - * / and `..`.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_AST_H
#define HEDDLE_COMPILER_LANGUAGE_AST_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace heddle::language {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
using ExprList = std::vector<ExprPtr>;

/// A word of the source.
struct Word {
  llvm::StringRef text;
  llvm::SMLoc place;

  explicit operator bool() const { return !text.empty(); }
};

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

/// One step of a path: `layer[l]` has one index, `attn` none.
struct PathSegment {
  std::string name;
  ExprList indices;
};

/// Where weights live: `attn.layer[l]`, `"from.the.root"`, `(tied ? a.b : c)`.
struct Path {
  llvm::SMLoc place;
  llvm::StringRef source; ///< as written
  bool fromRoot = false;
  std::vector<PathSegment> segments;
  /// With a condition there are no segments, but two paths to choose from.
  ExprPtr condition;
  std::unique_ptr<Path> ifTrue, ifFalse;
};

/// `name = value` among the arguments of a call.
struct Option {
  Word name;
  ExprPtr value;
};

/// The axes of one side of a pattern: `H K | G K | G K` has three groups.
using AxisGroups = std::vector<ExprList>;

struct Expr {
  enum class Kind {
    Number,      ///< 12, 1.5
    String,      ///< "text"
    Key,         ///< .hidden_size
    Name,        ///< x
    Size,        ///< D
    Ellipsis,    ///< .. among axes: any axes
    Negate,      ///< -a
    Not,         ///< not a
    Found,       ///< found encoder.norm.weight
    Binary,      ///< a + b
    Conditional, ///< c ? a : b
    Index,       ///< a[b, c]
    As,          ///< a as [B N D]
    Where,       ///< a where condition
    Call,        ///< f@path(…)
    Pattern,     ///< D -> H K | G K
  };

  Expr(Kind kind, llvm::SMLoc place) : kind(kind), place(place) {}

  Kind kind;
  llvm::SMLoc place;
  /// As written, without brackets around it; empty of axes.
  llvm::StringRef source;
  /// Number, String (unquoted), Key (`a.b`), Name, Size, the operator of
  /// Binary, the callee of Call, the path of Found.
  std::string text;
  /// Negate, Not: a. Binary: a, b. Conditional: c, a, b. Index: a, then the
  /// indices. As: a. Where: a, condition. Call: the arguments.
  ExprList operands;
  /// As: one group, the axes. Pattern: what is read, and what it becomes.
  AxisGroups from, to;
  bool hasArrow = false;
  /// Call.
  std::unique_ptr<Path> path;
  std::vector<Option> options;

  bool is(Kind other) const { return kind == other; }
};

//===----------------------------------------------------------------------===//
// Types and statements
//===----------------------------------------------------------------------===//

/// `V[B T]`, `f32[B D]`, `[B T D]`.
struct TypeExpr {
  llvm::SMLoc place;
  /// f32, bf16, int, bool, image, audio, a size that the elements index, or
  /// empty: the compute type.
  Word element;
  ExprList axes;
};

struct Parameter {
  Word name;
  /// Absent for a size, `O`, and for a value that is known when the model is
  /// compiled, `near`: `block layer(x: [B T D], O, near)`.
  std::optional<TypeExpr> type;
  ExprPtr defaultValue;
  bool isSize = false;
};

struct Statement;
using Body = std::vector<Statement>;

struct Carried {
  Word name;
  TypeExpr type;
};

struct Statement {
  enum class Kind { Assign, Return, Yield, For, Scan, If };

  Kind kind;
  llvm::SMLoc place;
  llvm::StringRef source;  ///< as written
  std::vector<Word> names; ///< Assign: the targets. For and Scan: the variable.
  ExprList values; ///< Assign: one. Return, Yield: any. For: the bounds. If:
                   ///< the condition. Scan: the axis.
  std::vector<Carried> carried;            ///< Scan.
  bool isReversed = false, isAnew = false; ///< Scan.
  Body body, otherwise; ///< For, Scan, If; `otherwise` is If's else.
  /// What is written within the braces of both; of `else if` nothing.
  llvm::StringRef bodySource, otherwiseSource;
};

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

/// `D = .hidden_size | 512`.
struct ConfigField {
  Word name;
  llvm::StringRef source; ///< as written
  ExprList alternatives;
};

/// `.hidden_act` where config.json is spoken of, without the dot in front.
struct ConfigKey {
  std::string text;
  llvm::SMLoc place;
};

/// `assume .hidden_act in silu, swish`: the file is right for these values
/// only.
struct Assumption {
  ConfigKey key;
  ExprList values; ///< numbers, texts and words; `none` is null
};

struct DynDecl {
  Word name;
  ExprPtr min, max, step;
  Word per;
  Word same; ///< `dyn U = T`: T, and nothing else
};

struct StateDecl {
  Word name;
  TypeExpr type;
};

struct DefaultDecl {
  Word op;
  std::vector<Option> options;
};

struct WeightsRule {
  enum class Kind { Prefix, Rename, Ignore, Same, Split, Keep };

  Kind kind;
  llvm::SMLoc place;
  bool optional = false; ///< Prefix.
  Word type;             ///< Keep.
  std::vector<std::string>
      texts; ///< Prefix: one. Rename, Same: two. Ignore, Keep: patterns.
             ///< Split: the whole, then its parts.
};

/// A block or an entry.
struct Function {
  Word name;
  llvm::StringRef source; ///< as written, from `block` or `entry` on
  bool isEntry = false;
  bool isOverride = false;
  std::vector<Parameter> parameters;
  std::vector<TypeExpr> results; ///< empty: inferred
  ExprPtr condition;             ///< an entry's `when`, or null
  Body body;
};

/// `drop entry score, pool`: of what an imported file declares.
struct Dropped {
  Word name;
  bool isEntry = false;
};

struct Import {
  llvm::SMLoc place;
  std::string file;
};

struct ModelFile {
  Word model;
  std::vector<std::string> architectures;
  std::vector<Import> imports;
  std::vector<ConfigField> config;
  std::vector<Assumption> assumptions;
  std::vector<ConfigKey> ignoredKeys; ///< `ignore .pretraining_tp`
  std::vector<DynDecl> dyns;
  std::vector<Word> tokenizers;
  std::vector<StateDecl> states;
  std::vector<DefaultDecl> defaults;
  std::vector<WeightsRule> weights;
  std::vector<Function> functions; ///< in order, blocks and entries
  std::vector<Dropped> dropped;
  std::vector<Word> generate;
};

/// A part of the printed tree, and the text of the file that it is of.
struct PrintedPart {
  uint64_t offset; ///< where its line begins
  llvm::StringRef source;
};

/// The tree, one node a line, for reading: `heddle --emit=ast`.
void print(const ModelFile &file, llvm::raw_ostream &os,
           std::vector<PrintedPart> &parts);
/// An expression, and a rule about weights, as the language writes them.
std::string describe(const Expr &expr);
std::string describe(const WeightsRule &rule);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_AST_H
