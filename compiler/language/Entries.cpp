//===- Entries.cpp - Elaboration of entries, and what they promise --------===//

#include "compiler/language/Elaborator.h"

#include "compiler/language/Budgets.h"
#include "compiler/language/Parameters.h"
#include "dialects/nn/Content.h"
#include "dialects/nn/NN.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

static bool asksForWeights(const Expr &expr) {
  return expr.is(Expr::Kind::Found) ||
         any_of(expr.operands, [](const ExprPtr &operand) {
           return asksForWeights(*operand);
         });
}

/// The first of `a and b and …` that does not hold.
static const Expr &failingPart(const Expr &condition,
                               Configuration &configuration) {
  if (!condition.is(Expr::Kind::Binary) || condition.text != "and")
    return condition;
  const Expr &first = *condition.operands[0];
  bool holds = configuration.evaluateCondition(first).value_or(true);
  return failingPart(holds ? *condition.operands[1] : first, configuration);
}

/// An entry may need weights that not every checkpoint has.
bool Elaborator::holdsCondition(const Function &entry) {
  if (!entry.condition)
    return true;
  std::optional<bool> condition =
      configuration.evaluateCondition(*entry.condition);
  if (!condition || *condition)
    return condition.has_value();
  // That an entry is of another architecture surprises nobody; that weights
  // are not there may.
  const Expr &failing = failingPart(*entry.condition, configuration);
  if (asksForWeights(failing))
    diagnostics.note(entry.name.place, "entry " + entry.name.text +
                                           " is left out: it needs " +
                                           language::describe(failing));
  for (const Word &name : program.generate)
    if (name.text == entry.name.text)
      error(name.place, "generate: entry " + name.text + " is left out");
  return false;
}

void Elaborator::elaborateEntry(const FunctionInFile &entry) {
  const Function &function = *entry.function;
  Scope entryScope;
  entryScope.source = entry;
  SmallVector<Type> types;
  SmallVector<std::optional<Shape>> shapes;
  for (const Parameter &parameter : function.parameters) {
    if (!parameter.type) {
      error(parameter.name.place,
            "an entry's parameters are tensors; only blocks take sizes "
            "and values");
      shapes.push_back(std::nullopt);
      continue;
    }
    std::optional<Shape> shape = resolveType(*parameter.type);
    RankedTensorType type =
        shape ? typeOf(*shape, parameter.type->place) : RankedTensorType();
    if (!type || !checkFirstNames(*shape, parameter.type->place))
      shape.reset();
    shapes.push_back(shape);
    if (shape)
      types.push_back(type);
  }
  if (types.size() > budgets::inputs) {
    error(function.name.place,
          "entry " + function.name.text + " has " + Twine(types.size()) +
              " inputs, a program takes at most " + Twine(budgets::inputs));
    return;
  }
  OpBuilder::InsertionGuard guard(builder);
  scope = &entryScope;
  llvm::scope_exit leave([&] { scope = nullptr; });
  entryScope.function = startFunction(entry, types);
  unsigned position = 0;
  for (auto [parameter, shape] : zip(function.parameters, shapes)) {
    Datum value = Faulty();
    if (shape) {
      auto setAttr = [&](StringRef name, Attribute attr) {
        entryScope.function.setArgAttr(position, name, attr);
      };
      setAttr(nn::NNDialect::kNameAttr,
              builder.getStringAttr(parameter.name.text));
      StringRef element = parameter.type->element.text;
      if (element == nn::kImage || element == nn::kAudio)
        setAttr(nn::kContentAttr, builder.getStringAttr(element));
      if (parameter.defaultValue) {
        Datum given = evaluate(*parameter.defaultValue);
        const Constant *constant = std::get_if<Constant>(&given);
        std::optional<double> number =
            constant ? numberOf(*constant) : std::nullopt;
        if (number)
          setAttr(nn::NNDialect::kDefaultAttr,
                  builder.getF64FloatAttr(*number));
        else if (!isFaulty(given))
          error(parameter.defaultValue->place,
                "found " + describe(given) + ", needs a number");
      }
      value = Tensor{entryScope.function.getArgument(position), *shape};
      ++position;
    }
    tell(parameter.name.place, value);
    if (!entryScope.variables.try_emplace(parameter.name.text, value).second)
      error(parameter.name.place,
            "second parameter called " + parameter.name.text);
  }
  elaborate(function.body);
  checkEntryResults(function);
  finishFunction(entryScope.returned.value_or(Data()), function.name.place);
}

void Elaborator::checkEntryResults(const Function &entry) {
  // Where the budget is spent nothing more is known of the entry.
  if (evaluations > budgets::evaluations)
    return;
  if (!scope->returned) {
    if (!entry.results.empty())
      error(entry.name.place, "entry " + entry.name.text +
                                  " declares results, but returns nothing");
    else if (scope->states.empty())
      error(entry.name.place, "entry " + entry.name.text +
                                  " neither returns a value nor sets a state");
    return;
  }
  // Places of the returned expressions: return is the last statement reached.
  const Data &returned = *scope->returned;
  SMLoc place = entry.body.back().place;
  for (const Datum &datum : returned)
    if (!isFaulty(datum) && !std::holds_alternative<Tensor>(datum))
      error(place, "entry " + entry.name.text + " returns " + describe(datum) +
                       ", needs a tensor");
  if (entry.results.empty())
    return;
  if (entry.results.size() != returned.size()) {
    error(place, "entry " + entry.name.text + " returns " +
                     Twine(returned.size()) + " values, declares " +
                     Twine(entry.results.size()));
    return;
  }
  for (auto [type, datum] : zip(entry.results, returned)) {
    std::optional<Shape> shape = resolveType(type);
    const Tensor *tensor = std::get_if<Tensor>(&datum);
    if (shape && tensor && !(tensor->shape == *shape))
      error(place, "entry " + entry.name.text + " returns " +
                       describe(tensor->shape) + ", declared " +
                       describe(*shape) + " at " +
                       diagnostics.describe(type.place));
  }
}

/// Visits the ops of a function and of all that it calls, each once.
static void walkReached(func::FuncOp function, const SymbolTable &functions,
                        llvm::function_ref<void(Operation *)> visit) {
  SmallVector<func::FuncOp> reached{function};
  llvm::StringSet<> seen;
  while (!reached.empty())
    reached.pop_back_val().walk([&](Operation *op) {
      visit(op);
      auto callee = op->getAttrOfType<FlatSymbolRefAttr>("callee");
      if (callee && seen.insert(callee.getValue()).second)
        reached.push_back(functions.lookup<func::FuncOp>(callee.getValue()));
    });
}

/// Text that is made call after call, or an axis by which a cache grows, has
/// neither a last position yet nor its first in every call.
void Elaborator::checkNotKept(const Function &entry, const nn::SizeTable &sizes,
                              const SymbolTable &functions) {
  auto function = functions.lookup<func::FuncOp>(entry.name.text);
  StringMap<std::string> whyOpen; // by axis
  if (!program.generate.empty() &&
      program.generate.back().text == entry.name.text)
    for (Type type : function.getArgumentTypes())
      if (auto tensor = cast<RankedTensorType>(type); tensor.getRank() > 1)
        whyOpen[nn::axesOf(tensor).axisName(1)] =
            "entry " + entry.name.text.str() + " makes text along " +
            nn::axesOf(tensor).axisName(1).str() + ", call after call";
  walkReached(function, functions, [&](Operation *op) {
    if (auto cache = dyn_cast<nn::CacheAppendOp>(op))
      whyOpen[cache.getFrom()] = "a cache grows by " + cache.getFrom().str() +
                                 " to " + cache.getTo().str();
  });
  walkReached(function, functions, [&](Operation *op) {
    auto scan = dyn_cast<nn::ScanOp>(op);
    if (!scan || scan.isKept())
      return;
    SizeExpr axis = sizes.known(*SizeExpr::parse(scan.getAxis()));
    auto why = whyOpen.find(axis.str());
    if (why != whyOpen.end())
      error(placeOf(op->getLoc(), diagnostics),
            "a scan that is " +
                Twine(scan.getReversed() ? "reversed" : "begun anew") +
                " needs all positions in one call: " + why->second);
  });
}

/// A call knows a size by its inputs, by a state, or by what it grows from.
void Elaborator::checkSizesGiven(const Function &entry,
                                 const nn::SizeTable &sizes,
                                 const SymbolTable &functions) {
  llvm::StringSet<> given;
  llvm::SetVector<StringRef> needed;
  given.insert(sizes.rows());
  auto namesIn = [&](Type type, llvm::function_ref<void(StringRef)> visit) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    for (unsigned axis = 0; tensor && axis < tensor.getRank(); ++axis) {
      nn::SizeExpr length = sizes.known(nn::axesOf(tensor).expr(axis));
      for (StringRef name : length.names())
        if (int index = sizes.indexOf(name); index >= 0) {
          nn::SizeOp size = sizes.dynamicSizes()[index];
          visit(size.getSymName());
        }
    }
  };
  auto function = functions.lookup<func::FuncOp>(entry.name.text);
  for (Type input : function.getArgumentTypes())
    namesIn(input, [&](StringRef name) {
      given.insert(name);
      needed.insert(name);
    });
  walkReached(function, functions, [&](Operation *op) {
    bool isState = isa<nn::StateReadOp, nn::StateWriteOp>(op);
    for (Type type : op->getResultTypes())
      namesIn(type, [&](StringRef name) {
        if (isState)
          given.insert(name);
        else
          needed.insert(name);
      });
  });
  for (StringRef name : needed) {
    StringRef from = sizes.grownFrom(name);
    StringRef asked = from.empty() ? name : from;
    if (!given.contains(asked))
      error(entry.name.place,
            "entry " + entry.name.text + " does not know how long " + name +
                " is: none of its parameters has an axis " + asked);
  }
}

} // namespace heddle::language
