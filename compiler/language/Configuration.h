//===- Configuration.h - The values and sizes of a model --------*- C++ -*-===//
//
// Evaluates `config { … }` against config.json and `--set`, and `dyn`
// declarations against `--dim`. A field may use any other; each is evaluated
// when first asked for.
//
// Sizes come in three kinds:
//   D = .hidden_size       a value of its own; an axis D matches D only
//   K = D / H              a definition; an axis K is D/H, so that H K is D
//   dyn T in 1..N per B    known at run time
//   dyn U = T              as long as T, and yet another axis
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_CONFIGURATION_H
#define HEDDLE_COMPILER_LANGUAGE_CONFIGURATION_H

#include "compiler/language/ConfigKeys.h"
#include "compiler/language/Constant.h"
#include "compiler/language/Language.h"
#include "compiler/language/Program.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include <deque>

namespace heddle::language {

/// Larger sizes are mistakes; with this bound products of a few sizes still fit
/// in 64 bits.
constexpr int64_t largestSize = (int64_t(1) << 31) - 1;

/// A size known at run time.
struct DynSize {
  int64_t min = 1, max = 1, step = 1;
  /// The bound as written, if it is a size: positions along T are indices into
  /// N.
  std::optional<SizeExpr> bound;
  /// The size whose every row has its own value, or empty.
  llvm::StringRef per;
  /// The size of which this is a second name, or empty.
  llvm::StringRef same;
};

class Configuration {
public:
  /// Without a config.json every key is absent.
  Configuration(const Program &program, const ModelOptions &options,
                Diagnostics &diagnostics);

  /// A config value; nullopt if there is none of that name or it is faulty.
  std::optional<Constant> find(llvm::StringRef name);
  bool hasField(llvm::StringRef name) const {
    return fields.contains(name) || name == "arch";
  }

  /// What a size of the model stands for, definitions expanded; nullopt if it
  /// is not declared or faulty.
  std::optional<SizeExpr> findSize(llvm::StringRef name);
  bool isDeclared(llvm::StringRef size) const {
    return fields.contains(size) || dyns.contains(size);
  }
  llvm::SMLoc declarationOf(llvm::StringRef name) const;
  /// Names of all sizes, in order of declaration.
  const std::vector<std::string> &sizeNames() const { return order; }
  const DynSize *findDyn(llvm::StringRef name) const;

  /// The value of a size name of an expanded expression; nullopt for those
  /// known at run time.
  std::optional<int64_t> valueOf(llvm::StringRef name) const;
  std::optional<int64_t> evaluate(const SizeExpr &size) const;
  bool isDynamic(const SizeExpr &size) const;
  /// Whether it is a whole number for all values that sizes known at run time
  /// can have.
  bool isWhole(const SizeExpr &size) const;

  /// T for a second name of it, and any other size as it is.
  SizeExpr firstName(const SizeExpr &size) const;

  /// The expression as the model file would write it: `K` for D/H, `G*K` for
  /// D*G/H.
  SizeExpr written(const SizeExpr &size) const;

  /// A condition that stands outside of config: an entry's `when`. What is
  /// absent is no condition, and holds; nullopt after an error.
  std::optional<bool> evaluateCondition(const Expr &expr);

  /// The value of an expression within config; a key that config.json lacks is
  /// Absent, and nullopt a reported error.
  std::optional<Constant> evaluate(const Expr &expr);

  /// ` (.hidden_act)`, where a field has its value from a key; for messages.
  std::string originOf(llvm::StringRef name) const;

  /// What the model does with the keys of config.json.
  ConfigKeys keys;

  /// Words and names closest to a misspelt one, for messages.
  std::vector<llvm::StringRef> names() const;

private:
  struct Field {
    const ConfigField *decl = nullptr;
    std::optional<std::string> given; ///< --set
    enum { Waiting, Running, Done, Faulty } progress = Waiting;
    Constant value;
    llvm::StringRef key; ///< that gave the value, or empty
  };

  void checkOverrides();
  void evaluateField(llvm::StringRef name, Field &field);
  std::optional<Constant> firstPresent(llvm::StringRef name, Field &field);
  bool finishSize(llvm::StringRef name, Field &field);
  void declareDyn(const DynDecl &decl);
  void declareSecondName(const DynDecl &decl);
  void narrowDyn(llvm::StringRef text, const DynDecl &decl, DynSize &dyn);
  std::optional<int64_t> wholeNumber(const Expr &expr, llvm::StringRef what);

  std::optional<Constant> evaluateKey(const Expr &expr);
  std::optional<Constant> evaluateFound(const Expr &expr);
  std::optional<Constant> evaluateIndex(const Expr &expr);
  std::optional<Constant> evaluateName(const Expr &expr);
  std::optional<Constant> evaluateBinary(const Expr &expr);
  std::optional<Constant> evaluateCall(const Expr &expr);
  std::optional<Constant> evaluateHas(const Expr &expr);
  std::optional<Constant> evaluateLog(const Expr &expr);
  std::optional<bool> evaluateCondition(const Expr &expr, bool &absent);

  const Program &program;
  const ModelOptions &options;
  const llvm::json::Object *json;
  Diagnostics &diagnostics;
  llvm::StringMap<Field> fields;
  llvm::StringMap<DynSize> dyns;
  llvm::StringMap<int64_t> values;
  llvm::MapVector<llvm::StringRef, SizeExpr> definitions;
  llvm::StringMap<std::string> dimOverrides;
  unsigned chain = 0; ///< fields being evaluated, each for the one before
  bool isChainTooLong = false;
  std::string arch;
  std::vector<std::string> order;
  std::deque<llvm::json::Value> givenJson; ///< keeps values of --set alive
};

/// Names with a meaning of their own as values: activations, `halves`,
/// `in_out`, ….
bool isWord(llvm::StringRef name);
/// The name among `candidates` that a misspelt one may mean, as `; did you mean
/// X`, or nothing.
std::string suggest(llvm::StringRef misspelt,
                    llvm::ArrayRef<llvm::StringRef> candidates);
/// An element of a list of config.json; reports an index without one.
std::optional<Constant> elementOf(const Json &list, int64_t index,
                                  llvm::SMLoc place, Diagnostics &diagnostics);
/// A literal number; reports one that does not fit.
std::optional<Constant> numberOf(const Expr &literal, Diagnostics &diagnostics);

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_CONFIGURATION_H
