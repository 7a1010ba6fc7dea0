//===- Builtins.h - The built-in operations ---------------------*- C++ -*-===//
//
// A table of operations, one function each. A CallSite is one call of one of
// them: it gives the function its checked arguments, options and weights.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_BUILTINS_H
#define HEDDLE_COMPILER_LANGUAGE_BUILTINS_H

#include "compiler/language/Elaborator.h"

namespace heddle::language {

/// What a built-in returns: nullopt after an error it has reported.
using Built = std::optional<Data>;

struct Builtin {
  llvm::StringLiteral name;
  Built (*build)(CallSite &);
  unsigned minArguments, maxArguments;
  bool hasPath;                ///< has weights, or a cache, that live at a path
  llvm::StringLiteral options; ///< names, separated by blanks
  /// What config.json calls it as an activation, likewise; empty: nothing.
  llvm::StringLiteral inConfig = "";
  /// Where the reference has it.
  llvm::StringLiteral topic = "built-in-operations";
};

const Builtin *findBuiltin(llvm::StringRef name);
/// An activation by the name that config.json files use for it, such as
/// gelu_new.
const Builtin *findActivation(llvm::StringRef name);
llvm::SmallVector<llvm::StringRef> builtinNames();
/// Reports operations and options that do not exist.
void checkDefault(const DefaultDecl &decl, Elaborator &elaborator);

class CallSite {
public:
  CallSite(Elaborator &elaborator, const Expr &call, const Builtin &builtin,
           const Expr *where)
      : elaborator(elaborator), builder(elaborator.builder), call(call),
        builtin(builtin), where(where) {}

  Data run();

  //===--------------------------------------------------------------------===//
  // Errors
  //===--------------------------------------------------------------------===//

  /// Reports `linear: message` at the call.
  std::nullopt_t fail(const llvm::Twine &message);
  template <typename T> std::string describe(const T &what) const {
    return elaborator.describe(what);
  }

  //===--------------------------------------------------------------------===//
  // Arguments; every getter reports what does not fit
  //===--------------------------------------------------------------------===//

  unsigned argumentCount() const { return call.operands.size(); }
  bool isPattern(unsigned index) const {
    return call.operands[index]->is(Expr::Kind::Pattern);
  }
  const Datum &argument(unsigned index) const { return arguments[index]; }
  std::optional<Tensor> tensor(unsigned index);
  std::optional<Tensor> realTensor(unsigned index);
  std::optional<Tensor> intTensor(unsigned index);
  /// A size that is one of the tensor's axes; gives its position.
  std::optional<unsigned> axisOf(const Tensor &tensor, unsigned index);
  std::optional<int64_t> wholeArgument(unsigned index);
  /// `D -> H K | G K`: the groups on either side.
  struct Groups {
    llvm::SmallVector<Axes> from, to;
  };
  std::optional<Groups> groups(unsigned index);
  /// `T -> S`: one axis becomes another.
  std::optional<std::pair<SizeExpr, SizeExpr>> replacement(unsigned index);

  //===--------------------------------------------------------------------===//
  // Options: as given, else as in the file's `default`, else `otherwise`
  //===--------------------------------------------------------------------===//

  const Expr *option(llvm::StringRef name) const;
  std::optional<Constant> constantOption(llvm::StringRef name,
                                         Constant otherwise);
  std::optional<bool> flag(llvm::StringRef name, bool otherwise);
  std::optional<double> number(llvm::StringRef name, double otherwise);
  std::optional<SizeExpr> sizeOption(llvm::StringRef name, SizeExpr otherwise);
  std::optional<int64_t> whole(llvm::StringRef name, int64_t otherwise);
  /// One for each of `count` axes, or one for all of them: `kernel = 3 5`,
  /// `kernel = 3`.
  std::optional<Axes> sizesOption(llvm::StringRef name, unsigned count,
                                  SizeExpr otherwise);
  std::optional<llvm::SmallVector<int64_t>>
  wholesOption(llvm::StringRef name, unsigned count, int64_t otherwise);
  std::optional<Axes> sizesAlong(const Expr &expr, llvm::StringRef what,
                                 unsigned count);
  std::optional<llvm::SmallVector<int64_t>> wholes(const Axes &sizes,
                                                   llvm::StringRef what);
  std::optional<std::string> word(llvm::StringRef name,
                                  llvm::ArrayRef<llvm::StringRef> choices);

  //===--------------------------------------------------------------------===//
  // Building
  //===--------------------------------------------------------------------===//

  /// Reports a missing path.
  bool requirePath();
  std::optional<PathText> path();
  /// The weight `path.suffix`.
  std::optional<Tensor> weight(llvm::StringRef suffix, const Axes &axes);
  mlir::RankedTensorType typeOf(const Shape &shape) {
    return elaborator.typeOf(shape, call.place);
  }
  /// Creates an op with one tensor as its result.
  template <typename Op, typename... Args>
  Built build(const Shape &shape, Args &&...args) {
    mlir::RankedTensorType type = typeOf(shape);
    if (!type)
      return std::nullopt;
    Tensor tensor{
        Op::create(builder, location(), type, std::forward<Args>(args)...),
        shape};
    return Data{tensor};
  }
  mlir::Location location() { return elaborator.locationOf(call.place); }
  bool fillRegion(mlir::Region &region, const Expr &expr, bool predicate) {
    return elaborator.fillPairRegion(region, expr, predicate);
  }

  Elaborator &elaborator;
  mlir::OpBuilder &builder;
  const Expr &call;
  const Builtin &builtin;
  const Expr *where; ///< the condition of `attention(…) where …`

private:
  bool checkForm();
  std::optional<SizeExpr> sizeOf(const Constant &constant,
                                 llvm::StringRef what);

  Data arguments;
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_BUILTINS_H
