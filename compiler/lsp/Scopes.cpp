//===- Scopes.cpp - What the names of a function stand for ----------------===//

#include "compiler/lsp/Scopes.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

unsigned Values::add(StringRef assigned) {
  values.push_back({assigned, {}});
  return values.size();
}

unsigned Values::addMeeting(unsigned value) {
  values.push_back({"", {value}});
  return values.size();
}

void Values::meet(unsigned meeting, unsigned value) {
  values[meeting - 1].others.push_back(value);
}

std::vector<StringRef> Values::assignmentsOf(unsigned value) const {
  std::vector<StringRef> assignments;
  if (value == 0)
    return assignments;
  SetVector<unsigned> reached;
  reached.insert(value);
  for (size_t next = 0; next < reached.size(); ++next) {
    const Value &found = values[reached[next] - 1];
    if (!found.assigned.empty())
      assignments.push_back(found.assigned);
    for (unsigned other : found.others)
      reached.insert(other);
  }
  llvm::sort(assignments, [](StringRef a, StringRef b) {
    return std::less<>()(a.begin(), b.begin());
  });
  return assignments;
}

//===----------------------------------------------------------------------===//
// Scopes
//===----------------------------------------------------------------------===//

void Scopes::enterFunction(const Function &function) {
  variables.clear();
  frames.clear();
  // A size is one of the function's sizes.
  for (const Parameter &parameter : function.parameters)
    if (!parameter.isSize)
      declare(parameter.name.text, "");
}

const Variable *Scopes::find(StringRef name) const {
  auto found = variables.find(name);
  return found == variables.end() ? nullptr : &found->second;
}

Variable Scopes::declare(StringRef name, StringRef scope) {
  return variables[name] = {scope, values.add(name)};
}

/// Where a name that is not known yet will be: the innermost statement which
/// keeps it.
StringRef Scopes::homeOf(StringRef name) const {
  for (const Frame &frame : reverse(frames))
    if (!frame.yielded.contains(name))
      return frame.source;
  return "";
}

Variable Scopes::assign(StringRef name) {
  const Variable *known = find(name);
  return declare(name, known ? known->scope : homeOf(name));
}

void Scopes::branch(Walk body, Walk otherwise) {
  Variables before = variables;
  body();
  Variables first = std::exchange(variables, std::move(before));
  otherwise();
  for (const auto &[name, variable] : first) {
    auto [known, isNew] = variables.try_emplace(name, variable);
    unsigned &value = known->second.value;
    if (isNew || value == variable.value)
      continue;
    value = values.addMeeting(value);
    values.meet(value, variable.value);
  }
}

void Scopes::loop(const Statement &statement, Walk body) {
  Variables before = variables;
  // Each turn but the first begins with what the one before has left.
  for (auto &[name, variable] : variables)
    variable.value = values.addMeeting(variable.value);
  Variables atStart = variables;
  frames.push_back({statement.source, {}});
  declare(statement.names.front().text, statement.source);
  body();
  frames.pop_back();
  for (auto &[name, variable] : before) {
    const Variable &left = variables.find(name)->second;
    unsigned start = atStart.find(name)->second.value;
    bool isOwn = left.scope.data() == statement.source.data();
    if (isOwn || left.value == start)
      continue;
    values.meet(start, left.value);
    variable.value = start;
  }
  variables = std::move(before);
}

void Scopes::scan(const Statement &statement, Walk body) {
  Variables before = variables;
  Frame frame{statement.source, {}};
  std::vector<StringRef> yielded;
  if (!statement.body.empty() &&
      statement.body.back().kind == Statement::Kind::Yield)
    for (const ExprPtr &value : statement.body.back().values)
      if (value->is(Expr::Kind::Name)) {
        yielded.push_back({value->place.getPointer(), value->text.size()});
        frame.yielded.insert(value->text);
      }
  frames.push_back(std::move(frame));
  declare(statement.names.front().text, statement.source);
  std::vector<unsigned> starts;
  for (const Carried &carried : statement.carried) {
    StringRef name = carried.name.text;
    bool isYielded = frames.back().yielded.contains(name);
    auto known = before.find(name);
    StringRef scope = !isYielded              ? statement.source
                      : known == before.end() ? homeOf(name)
                                              : known->second.scope;
    unsigned first = declare(name, scope).value;
    starts.push_back(variables[name].value = values.addMeeting(first));
  }
  body();
  for (auto [carried, start] : zip(statement.carried, starts))
    values.meet(start, variables[carried.name.text].value);
  frames.pop_back();
  variables = std::move(before);
  for (StringRef name : yielded)
    assign(name);
}

} // namespace heddle::lsp
