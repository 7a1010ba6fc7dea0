//===- Uses.cpp - How a body uses names -----------------------------------===//

#include "compiler/language/Uses.h"

using namespace llvm;

namespace heddle::language {

namespace {
/// Visits every expression of a body, paths included.
class NameFinder {
public:
  explicit NameFinder(StringRef name) : name(name) {}

  void visit(const Body &body) {
    for (const Statement &statement : body) {
      visit(statement.values);
      visit(statement.body);
      visit(statement.otherwise);
    }
  }

  /// Stands anywhere but as a whole index of a path.
  bool found = false;
  SmallVector<const Expr *> indexed;

private:
  bool isName(const Expr &expr) const {
    return expr.is(Expr::Kind::Name) && expr.text == name;
  }
  void visit(const ExprList &list) {
    for (const ExprPtr &expr : list)
      visit(*expr);
  }
  void visit(const Expr &expr) {
    found |= isName(expr) || (expr.is(Expr::Kind::Call) && expr.text == name);
    if (expr.is(Expr::Kind::Index) && expr.operands.size() == 2 &&
        isName(*expr.operands[1]) && expr.operands[0]->is(Expr::Kind::Name))
      indexed.push_back(expr.operands[0].get());
    visit(expr.operands);
    for (const Option &option : expr.options)
      visit(*option.value);
    if (expr.path)
      visit(*expr.path);
  }
  void visit(const Path &path) {
    if (path.condition) {
      visit(*path.condition);
      visit(*path.ifTrue);
      visit(*path.ifFalse);
    }
    for (const PathSegment &segment : path.segments)
      for (const ExprPtr &index : segment.indices)
        if (!isName(*index))
          visit(*index);
  }

  StringRef name;
};
} // namespace

bool onlyIndexesPaths(const Body &body, StringRef name) {
  NameFinder finder(name);
  finder.visit(body);
  return !finder.found;
}

SmallVector<const Expr *> indexedBy(const Body &body, StringRef position) {
  NameFinder finder(position);
  finder.visit(body);
  return finder.indexed;
}

void collectAssigned(const Body &body, StringSet<> &names) {
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
