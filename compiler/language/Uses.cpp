//===- Uses.cpp - How a body uses names -----------------------------------===//

#include "compiler/language/Uses.h"

using namespace llvm;

namespace heddle::language {

using Visit = llvm::function_ref<void(const Expr &)>;

static void visit(const Path &path, Visit onExpr);

/// Calls `onExpr` for an expression and all within it, paths included.
static void visit(const Expr &expr, Visit onExpr) {
  onExpr(expr);
  for (const ExprPtr &operand : expr.operands)
    visit(*operand, onExpr);
  for (const AxisGroups *groups : {&expr.from, &expr.to})
    for (const ExprList &axes : *groups)
      for (const ExprPtr &axis : axes)
        visit(*axis, onExpr);
  for (const Option &option : expr.options)
    visit(*option.value, onExpr);
  if (expr.path)
    visit(*expr.path, onExpr);
}

static void visit(const Path &path, Visit onExpr) {
  if (path.condition) {
    visit(*path.condition, onExpr);
    visit(*path.ifTrue, onExpr);
    visit(*path.ifFalse, onExpr);
  }
  for (const PathSegment &segment : path.segments)
    for (const ExprPtr &index : segment.indices)
      visit(*index, onExpr);
}

static void visit(const Body &body, Visit onExpr) {
  for (const Statement &statement : body) {
    for (const ExprPtr &value : statement.values)
      visit(*value, onExpr);
    for (const Carried &carried : statement.carried)
      for (const ExprPtr &axis : carried.type.axes)
        visit(*axis, onExpr);
    visit(statement.body, onExpr);
    visit(statement.otherwise, onExpr);
  }
}

static bool isCalledByName(const Expr &expr) {
  return expr.is(Expr::Kind::Name) || expr.is(Expr::Kind::Size) ||
         expr.is(Expr::Kind::Call);
}

void collectNames(const Expr &expr, llvm::StringSet<> &names) {
  visit(expr, [&](const Expr &part) {
    if (isCalledByName(part))
      names.insert(part.text);
  });
}

void collectNames(const TypeExpr &type, llvm::StringSet<> &names) {
  if (type.element)
    names.insert(type.element.text);
  for (const ExprPtr &axis : type.axes)
    collectNames(*axis, names);
}

void collectNames(const Function &function, llvm::StringSet<> &names) {
  for (const Parameter &parameter : function.parameters) {
    if (parameter.type)
      collectNames(*parameter.type, names);
    if (parameter.defaultValue)
      collectNames(*parameter.defaultValue, names);
  }
  for (const TypeExpr &result : function.results)
    collectNames(result, names);
  if (function.condition)
    collectNames(*function.condition, names);
  visit(function.body, [&](const Expr &part) {
    if (isCalledByName(part))
      names.insert(part.text);
  });
}

SmallVector<const Expr *> indexedBy(const Body &body, StringRef position) {
  SmallVector<const Expr *> found;
  visit(body, [&](const Expr &expr) {
    if (expr.is(Expr::Kind::Index) && expr.operands.size() == 2 &&
        expr.operands[1]->is(Expr::Kind::Name) &&
        expr.operands[1]->text == position &&
        expr.operands[0]->is(Expr::Kind::Name))
      found.push_back(expr.operands[0].get());
  });
  return found;
}

void collectAssigned(const Body &body, llvm::StringSet<> &names) {
  for (const Statement &statement : body) {
    for (const Word &name : statement.names)
      if (statement.kind == Statement::Kind::Assign)
        names.insert(name.text);
    if (statement.kind == Statement::Kind::Scan) {
      // What a scan assigns is its own; it leaves the stacks it yields.
      if (!statement.body.empty())
        for (const ExprPtr &value : statement.body.back().values)
          names.insert(value->text);
      continue;
    }
    collectAssigned(statement.body, names);
    collectAssigned(statement.otherwise, names);
  }
}

} // namespace heddle::language
