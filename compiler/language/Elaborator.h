//===- Elaborator.h - AST to checked nn module ------------------*- C++ -*-===//
//
// One typed traversal of the program: it follows calls from the entries, checks
// every operation's axes and emits its nn op. A block becomes one function for
// every kind of argument it is called with, so that a layer called in a loop is
// one function.
//
// A function that fails has reported why and returns nullopt, or a Faulty
// datum.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_ELABORATOR_H
#define HEDDLE_COMPILER_LANGUAGE_ELABORATOR_H

#include "compiler/language/Configuration.h"
#include "compiler/language/Datum.h"
#include "compiler/language/Program.h"
#include "dialects/nn/SizeTable.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include <functional>

namespace heddle::language {

class CallSite;

/// A path of weights as nn ops take it: `layer.{0}` with the value of {0}.
struct PathText {
  std::string text;
  bool absolute = false;
  llvm::SmallVector<mlir::Value, 2> indices;
  /// Indices chosen by the data: `experts[e]`; they take the last number.
  std::optional<Tensor> route;

  std::string joined(llvm::StringRef suffix) const {
    return text.empty()     ? suffix.str()
           : suffix.empty() ? text
                            : text + "." + suffix.str();
  }
};

class Elaborator {
public:
  Elaborator(mlir::MLIRContext *context, const Program &program,
             Configuration &configuration, Diagnostics &diagnostics);

  /// The whole module; it is to be thrown away if errors were reported.
  mlir::OwningOpRef<mlir::ModuleOp> run();

  //===--------------------------------------------------------------------===//
  // For the built-in operations
  //===--------------------------------------------------------------------===//

  mlir::OpBuilder builder;
  Configuration &configuration;
  Diagnostics &diagnostics;

  /// Is told what a name, a parameter or a call is worth where it stands, for
  /// tools that show it; null: nobody listens. What stands in a block is told
  /// for every kind of arguments.
  std::function<void(llvm::SMLoc place, llvm::ArrayRef<Datum> values)> onValue;

  void error(llvm::SMLoc place, const llvm::Twine &message);
  mlir::Location locationOf(llvm::SMLoc place);

  Datum evaluate(const Expr &expr);
  /// The same, or a LoopValue.
  Datum evaluateByTurn(const Expr &expr);
  std::optional<PathText> evaluatePath(const Path &path);
  std::optional<SizeExpr> resolveAxis(const Expr &expr);
  std::optional<Shape> resolveType(const TypeExpr &type);
  /// What elements a type has, without its axes.
  std::optional<Shape> elementShape(const TypeExpr &type);
  std::optional<Axes> resolveAxes(llvm::ArrayRef<ExprPtr> exprs);

  /// Null, after an error at `place`, if a size is not positive or not whole.
  mlir::RankedTensorType typeOf(const Shape &shape, llvm::SMLoc place);
  /// Whole or fractional number known now.
  std::optional<double> numberOf(const Constant &constant) const;
  /// The same value everywhere, as a tensor without axes, or of the given
  /// shape.
  Datum constantTensor(double value, const Shape &shape, llvm::SMLoc place);
  /// The same of a number for each turn; nothing where it is no number, or a
  /// fraction while the shape is of whole numbers.
  std::optional<Tensor> numberByTurn(const LoopValue &value, const Shape &shape,
                                     llvm::SMLoc place);
  std::optional<SizeExpr> movedBound(llvm::StringRef op, const Datum &indices,
                                     const Datum &distance) const;
  Datum elementwise(llvm::StringRef op, Tensor lhs, Tensor rhs,
                    std::optional<SizeExpr> over, llvm::SMLoc place);
  /// Fills a region over row, head, query and key position with the value of
  /// `expr`; `predicate` asks for an i1. Without heads there is no h.
  bool fillPairRegion(mlir::Region &region, const Expr &expr, bool predicate,
                      bool hasHeads = true);

  std::string describe(const Axes &axes) const;
  std::string describe(const Shape &shape) const;
  std::string describe(const Datum &datum) const;
  std::string describe(const SizeExpr &size) const {
    return configuration.written(size).str();
  }
  /// Why two axes differ, as `; K is declared at f:1:2, both are 64`, or
  /// nothing.
  std::string explainMismatch(const SizeExpr &found,
                              const SizeExpr &needed) const;

private:
  void tell(llvm::SMLoc place, llvm::ArrayRef<Datum> values) {
    if (onValue)
      onValue(place, values);
  }

  /// A block as specialised for one kind of arguments.
  struct Specialisation {
    bool running = true;
    mlir::func::FuncOp function;
    /// Tensors among them stand for the function's results, in order; their
    /// values are null.
    Data results;
  };

  /// The function being elaborated, and the names that are known in it.
  struct Scope {
    FunctionInFile source;
    mlir::func::FuncOp function;
    llvm::StringMap<SizeExpr> sizes; ///< generic sizes and size parameters
    llvm::StringMap<Datum> variables;
    llvm::StringMap<Tensor> states; ///< read or set so far
    std::optional<Data> returned;
    llvm::SmallVector<mlir::Value> loops; ///< that stay loops, around this
    unsigned scans = 0;                   ///< enclosing scans
    unsigned scansSoFar = 0;
    llvm::SMLoc calledAt;
  };

  // Elaborator.cpp
  void declareSizes();
  void declareStates();
  void attachModuleAttributes();
  void checkDeclarations();
  mlir::func::FuncOp startFunction(const FunctionInFile &source,
                                   llvm::ArrayRef<mlir::Type> arguments);
  void finishFunction(const Data &results, llvm::SMLoc place);
  std::string uniqueSymbol(llvm::StringRef name);
  void removeUncalledFunctions();

  // Entries.cpp
  bool holdsCondition(const Function &entry);
  void elaborateEntry(const FunctionInFile &entry);
  void checkEntryResults(const Function &entry);
  void checkSizesGiven(const Function &entry, const nn::SizeTable &sizes,
                       const mlir::SymbolTable &functions);
  void checkNotKept(const Function &entry, const nn::SizeTable &sizes,
                    const mlir::SymbolTable &functions);

  // BlockCalls.cpp
  Data callBlock(const Expr &call, const FunctionInFile &block);
  std::optional<Data> blockArguments(const Expr &call, const Function &block);
  std::optional<Datum> filledWith(const Datum &value, const Shape &shape,
                                  llvm::SMLoc place);
  bool bindParameter(const Function &block, const Parameter &parameter,
                     Datum &argument, Scope &callee, llvm::SMLoc place);
  bool bindAxes(const Function &block, const Parameter &parameter,
                const Tensor &argument, Scope &callee, llvm::SMLoc place);
  bool isGeneric(const Expr &axis, const Scope &callee) const;
  Specialisation &specialise(const FunctionInFile &block, Data &arguments,
                             Scope &callee, llvm::SMLoc place);
  void checkBlockResults(const Function &block, const Data &results);
  Data emitCall(const Specialisation &callee, const Data &arguments,
                const PathText &path, llvm::SMLoc place);
  Data emitRoute(const Specialisation &callee, const Data &arguments,
                 const PathText &path, llvm::SMLoc place);

  // Statements.cpp
  bool isSpent(llvm::SMLoc place);
  void elaborate(const Body &body);
  void elaborate(const Statement &statement);
  void elaborateAssign(const Statement &statement);
  void assign(const Word &name, const Datum &value);
  void setState(const Word &name, const StateDecl &state, const Datum &value);
  void elaborateReturn(const Statement &statement);
  void elaborateIf(const Statement &statement);
  void elaborateFor(const Statement &statement);
  bool elaborateRolled(const Statement &statement, LoopRun &run);
  void elaborateUnrolled(const Statement &statement, int64_t from, int64_t to);
  std::optional<int64_t> wholeNumber(const Expr &expr);
  std::optional<int64_t> wholeNumber(const Datum &datum, const Expr &expr);

  // Scan.cpp
  struct Scan;
  void elaborateScan(const Statement &statement);
  bool bindScanInputs(Scan &scan);
  bool bindCarried(Scan &scan);
  void collectYielded(Scan &scan);
  std::string pathOfScan();
  bool emitScan(Scan &scan);

  // Shapes.cpp
  bool checkRows(const Shape &shape, llvm::SMLoc place);
  /// Of what lasts longer than a call: every axis by the size that has a range.
  bool checkFirstNames(const Shape &shape, llvm::SMLoc place);

  // Expressions.cpp
  Data evaluateAll(const Expr &expr);
  bool isOfFunction(llvm::SMLoc place) const;
  const Datum *findVariable(const Expr &expr) const;
  Datum evaluateName(const Expr &expr);
  const LoopIndex *loopIndex(const Expr &expr) const;
  Datum evaluateIndex(const Expr &expr);
  Datum evaluateWhere(const Expr &expr);
  Datum evaluateHas(const Expr &expr);
  Data evaluateCall(const Expr &expr, const Expr *where = nullptr);
  Data callActivation(const Expr &expr, const Constant &value);
  std::optional<Tensor> readState(llvm::StringRef name, llvm::SMLoc place);
  std::string suggestName(llvm::StringRef name) const;
  bool appendIndex(PathText &path, const Expr &index);

  // LoopValues.cpp
  Datum valueOf(const LoopIndex &loop, llvm::SMLoc place);
  Datum ofThisTurn(Datum datum);
  Datum mapTurns(
      const LoopValue &value, llvm::SMLoc place,
      llvm::function_ref<std::optional<Constant>(const Constant &)> function);
  Datum combineByTurn(const Expr &expr, Datum lhs, Datum rhs);
  std::optional<Scalar> scalarByTurn(const LoopValue &value, llvm::SMLoc place);

  // Operators.cpp
  Datum evaluateNegate(const Expr &expr);
  Datum evaluateNot(const Expr &expr);
  Datum evaluateBinary(const Expr &expr);
  Datum combineData(const Expr &expr, const Datum &lhs, const Datum &rhs);
  Datum evaluateLogical(const Expr &expr);
  Datum evaluateConditional(const Expr &expr);
  std::optional<bool> evaluateCondition(const Expr &expr);

  // Elementwise.cpp
  std::optional<Tensor> asTensor(const Datum &datum, const Datum &other,
                                 llvm::SMLoc place);
  Tensor withoutOnes(const Tensor &tensor, const Axes &axes, llvm::SMLoc place);
  Tensor asNumber(const Tensor &tensor, const Tensor &other, llvm::SMLoc place);
  std::string whyApart(const Axes &shorter, const Axes &longer) const;
  std::optional<Axes> align(Tensor &lhs, Tensor &rhs, std::string &why,
                            llvm::SMLoc place);
  Datum select(Tensor condition, const Expr &expr);

  // AxisOrder.cpp
  Datum evaluateAs(const Expr &expr);
  std::optional<llvm::SmallVector<llvm::SmallVector<int64_t>>>
  expandAxes(Tensor &tensor, llvm::ArrayRef<ExprPtr> axes, llvm::SMLoc place);
  void orderAsWritten(const Expr &axis, const Axes &sources,
                      llvm::SmallVectorImpl<int64_t> &group);

  // Regions.cpp
  Datum scalarBinary(llvm::StringRef op, const Datum &lhs, const Datum &rhs,
                     llvm::SMLoc place);
  Datum scalarFunction(const Expr &call, const Scalar &argument);
  Datum scalarSelect(const Scalar &condition, const Datum &ifTrue,
                     const Datum &ifFalse, llvm::SMLoc place);
  Datum lookUp(const Tensor &tensor, llvm::ArrayRef<ExprPtr> indices,
               llvm::SMLoc place);
  mlir::Value toScalar(const Datum &datum, bool real, llvm::SMLoc place);
  /// Whether what regions look up is there. Positions of queries depend on the
  /// caches of all entries: the module has to be complete.
  void checkLookups();

  mlir::MLIRContext *context;
  const Program &program;
  mlir::ModuleOp module;
  Scope *scope = nullptr;
  unsigned depth = 0;      ///< blocks being elaborated, each for a caller
  int64_t evaluations = 0; ///< of expressions, over all functions
  llvm::StringMap<Specialisation> specialisations;
  llvm::StringMap<unsigned> symbols;
  llvm::StringMap<Shape> stateShapes;
  /// Where the indices of lookups stand, by the lookup's own place.
  llvm::DenseMap<mlir::Location, llvm::SmallVector<llvm::SMLoc>> lookupPlaces;

  friend class CallSite;
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_ELABORATOR_H
