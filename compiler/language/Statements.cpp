//===- Statements.cpp - Elaboration of statements -------------------------===//

#include "compiler/language/Budgets.h"
#include "compiler/language/Elaborator.h"
#include "compiler/language/Uses.h"

#include "dialects/nn/NN.h"

using namespace llvm;
using namespace mlir;

namespace heddle::language {

/// Whether the model has asked for more work than any model needs; told once.
bool Elaborator::isSpent(SMLoc place) {
  if (++evaluations <= budgets::evaluations)
    return false;
  if (evaluations == budgets::evaluations + 1)
    error(place, "the model asks for more than " + Twine(budgets::evaluations) +
                     " expressions, over all loops and blocks");
  return true;
}

void Elaborator::elaborate(const Body &body) {
  for (const Statement &statement : body) {
    if (isSpent(statement.place))
      return;
    if (scope->returned) {
      error(statement.place, "nothing runs after return");
      return;
    }
    elaborate(statement);
  }
}

void Elaborator::elaborate(const Statement &statement) {
  switch (statement.kind) {
  case Statement::Kind::Assign:
    return elaborateAssign(statement);
  case Statement::Kind::Return:
    return elaborateReturn(statement);
  case Statement::Kind::Yield:
    error(statement.place, "yield stands at the end of a scan only");
    return;
  case Statement::Kind::For:
    return elaborateFor(statement);
  case Statement::Kind::Scan:
    return elaborateScan(statement);
  case Statement::Kind::If:
    return elaborateIf(statement);
  }
}

//===----------------------------------------------------------------------===//
// Assignments and returns
//===----------------------------------------------------------------------===//

void Elaborator::elaborateAssign(const Statement &statement) {
  const Expr &expr = *statement.values.front();
  Data values = evaluateAll(expr);
  if (values.size() == 1 && isFaulty(values.front()))
    values.resize(statement.names.size(), Faulty());
  if (values.size() != statement.names.size()) {
    error(statement.names.front().place,
          "found " + Twine(statement.names.size()) + " names for " +
              Twine(values.size()) +
              (values.size() == 1 ? " value" : " values"));
    values.assign(statement.names.size(), Faulty());
  }
  for (auto [name, value] : zip(statement.names, values))
    assign(name, value);
}

void Elaborator::assign(const Word &name, const Datum &value) {
  tell(name.place, value);
  bool isState = !scope->variables.contains(name.text) &&
                 program.states.contains(name.text);
  if (isState)
    return setState(name, *program.states.lookup(name.text), value);
  scope->variables[name.text] = value;
}

void Elaborator::setState(const Word &name, const StateDecl &state,
                          const Datum &value) {
  if (!scope->function->hasAttr(nn::NNDialect::kEntryAttr) ||
      !scope->loops.empty()) {
    error(name.place, "state " + name.text + ", declared at " +
                          diagnostics.describe(state.name.place) +
                          ", can be set in entries only, outside of loops");
    return;
  }
  scope->states[name.text] = Tensor(); // faulty until it is known to fit
  auto shape = stateShapes.find(name.text);
  if (isFaulty(value) || shape == stateShapes.end())
    return;
  const Tensor *tensor = std::get_if<Tensor>(&value);
  if (!tensor || !(tensor->shape == shape->second)) {
    error(name.place, "state " + name.text + " is set to " + describe(value) +
                          ", declared " + describe(shape->second) + " at " +
                          diagnostics.describe(state.name.place));
    return;
  }
  nn::StateWriteOp::create(builder, locationOf(name.place),
                           FlatSymbolRefAttr::get(context, name.text),
                           tensor->value, /*path=*/StringAttr(), ValueRange());
  scope->states[name.text] = *tensor;
}

void Elaborator::elaborateReturn(const Statement &statement) {
  if (!scope->loops.empty() || scope->scans) {
    error(statement.place, "return cannot stand within a loop");
    return;
  }
  Data values;
  for (const ExprPtr &expr : statement.values) {
    Data more = statement.values.size() == 1 ? evaluateAll(*expr)
                                             : Data{evaluate(*expr)};
    llvm::append_range(values, more);
  }
  scope->returned = std::move(values);
}

void Elaborator::elaborateIf(const Statement &statement) {
  std::optional<bool> condition = evaluateCondition(*statement.values.front());
  if (condition)
    elaborate(*condition ? statement.body : statement.otherwise);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

std::optional<int64_t> Elaborator::wholeNumber(const Expr &expr) {
  return wholeNumber(evaluate(expr), expr);
}

std::optional<int64_t> Elaborator::wholeNumber(const Datum &datum,
                                               const Expr &expr) {
  if (isFaulty(datum))
    return std::nullopt;
  if (const Constant *constant = std::get_if<Constant>(&datum))
    if (const SizeExpr *size = std::get_if<SizeExpr>(constant))
      if (std::optional<int64_t> value = configuration.evaluate(*size))
        return value;
  error(expr.place, "found " + describe(datum) +
                        ", needs a whole number known when the model is "
                        "compiled");
  return std::nullopt;
}

void Elaborator::elaborateFor(const Statement &statement) {
  std::optional<int64_t> from = wholeNumber(*statement.values[0]);
  std::optional<int64_t> to = wholeNumber(*statement.values[1]);
  if (!from || !to) {
    // What the body would have computed is unknown, not wrong.
    llvm::StringSet<> assigned;
    collectAssigned(statement.body, assigned);
    for (const auto &name : assigned)
      if (scope->variables.contains(name.getKey()))
        scope->variables[name.getKey()] = Faulty();
    return;
  }
  if (*to < *from) {
    error(statement.values[0]->place, "found the range " + Twine(*from) + ".." +
                                          Twine(*to) + ", needs rising order");
    return;
  }
  while (*from < *to) {
    LoopRun run{*from, *to};
    if (!elaborateRolled(statement, run))
      break;
    *from = run.end;
  }
  if (*to - *from > budgets::unrolled) {
    error(statement.place, "the loop runs " + Twine(*to - *from) +
                               " times and cannot stay a loop; at most " +
                               Twine(budgets::unrolled) + " are unrolled");
    return;
  }
  elaborateUnrolled(statement, *from, *to);
}

/// Names first assigned within a loop are its own.
static void keepOuterNames(StringMap<Datum> &variables,
                           const StringMap<Datum> &before) {
  SmallVector<StringRef> inner;
  for (const auto &variable : variables)
    if (!before.contains(variable.getKey()))
      inner.push_back(variable.getKey());
  for (StringRef name : inner)
    variables.erase(name);
}

void Elaborator::elaborateUnrolled(const Statement &statement, int64_t from,
                                   int64_t to) {
  StringMap<Datum> before = scope->variables;
  StringRef variable = statement.names[0].text;
  unsigned errors = diagnostics.errorCount();
  for (int64_t l = from; l < to; ++l) {
    scope->variables[variable] = Constant(SizeExpr(l));
    elaborate(statement.body);
    // The next iterations would say the same again.
    if (diagnostics.errorCount() != errors)
      break;
  }
  auto outer = before.find(variable);
  if (outer != before.end())
    scope->variables[variable] = outer->second;
  keepOuterNames(scope->variables, before);
}

/// Builds an scf.for that carries the tensors the body assigns, over the
/// iterations that are alike from the run's first on. Fails, with nothing
/// changed, where a name comes out of an iteration as something else than it
/// went in, or where every iteration computes with its own number.
bool Elaborator::elaborateRolled(const Statement &statement, LoopRun &run) {
  llvm::StringSet<> assigned;
  collectAssigned(statement.body, assigned);
  SmallVector<StringRef> carried;
  for (const auto &name : assigned)
    if (scope->variables.contains(name.getKey()))
      carried.push_back(name.getKey());
  llvm::sort(carried);

  StringMap<Datum> before = scope->variables;
  SmallVector<Value> initial;
  SmallVector<StringRef> carriedTensors;
  for (StringRef name : carried) {
    const Datum &datum = before[name];
    if (isFaulty(datum))
      continue;
    const Tensor *tensor = std::get_if<Tensor>(&datum);
    if (!tensor)
      return false;
    carriedTensors.push_back(name);
    initial.push_back(tensor->value);
  }

  Location loc = locationOf(statement.place);
  auto index = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  arith::ConstantIndexOp lower = index(run.first), upper = index(run.end),
                         one = index(1);
  auto loop = scf::ForOp::create(builder, loc, lower, upper, one, initial);
  unsigned errors = diagnostics.errorCount();
  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = loop.getBody();
    // Without carried values the builder has closed the body already.
    if (!body->empty())
      body->back().erase();
    builder.setInsertionPointToEnd(body);
    scope->variables[statement.names[0].text] =
        LoopIndex{loop.getInductionVar(), &run};
    for (auto [name, value] : zip(carriedTensors, loop.getRegionIterArgs()))
      scope->variables[name] =
          Tensor{value, std::get<Tensor>(before[name]).shape};
    scope->loops.push_back(loop.getInductionVar());
    elaborate(statement.body);
    scope->loops.pop_back();
  }

  SmallVector<Value> next;
  bool alike = true;
  for (StringRef name : carriedTensors) {
    const Tensor *tensor = std::get_if<Tensor>(&scope->variables[name]);
    alike &= tensor && tensor->shape == std::get<Tensor>(before[name]).shape;
    next.push_back(tensor ? tensor->value : Value());
  }
  bool faulty = diagnostics.errorCount() != errors;
  alike &= !run.isCounted;
  scope->variables = before;
  if (!alike || faulty) {
    loop.erase();
    for (Operation *bound : {lower, upper, one})
      bound->erase();
    for (StringRef name : carriedTensors)
      if (faulty)
        scope->variables[name] = Faulty();
    return faulty;
  }
  upper.setValueAttr(builder.getIndexAttr(run.end));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(loop.getBody());
    scf::YieldOp::create(builder, loc, next);
  }
  for (auto [name, value] : zip(carriedTensors, loop.getResults()))
    scope->variables[name] =
        Tensor{value, std::get<Tensor>(before[name]).shape};
  return true;
}

} // namespace heddle::language
