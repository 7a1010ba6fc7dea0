//===- Scopes.cpp - What the names of a function stand for ----------------===//

#include "compiler/lsp/Scopes.h"

#include "compiler/language/Uses.h"
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
  changes.clear();
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

void Scopes::set(StringRef name, const Variable &variable) {
  auto [known, isNew] = variables.try_emplace(name, variable);
  changes.push_back(
      {name, isNew ? std::nullopt : std::optional(known->second)});
  known->second = variable;
}

Variable Scopes::declare(StringRef name, StringRef scope) {
  set(name, {scope, values.add(name)});
  return *find(name);
}

/// All that was set since there were `count` changes, as it is; it is as before
/// then.
std::vector<std::pair<StringRef, Variable>> Scopes::takeBack(size_t count) {
  std::vector<std::pair<StringRef, Variable>> taken;
  llvm::StringSet<> seen;
  for (const auto &[name, before] : ArrayRef(changes).drop_front(count))
    if (seen.insert(name).second)
      taken.push_back({name, *find(name)});
  while (changes.size() > count) {
    auto [name, before] = changes.back();
    if (before)
      variables[name] = *before;
    else
      variables.erase(name);
    changes.pop_back();
  }
  return taken;
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
  size_t before = changes.size();
  body();
  auto first = takeBack(before);
  otherwise();
  for (const auto &[name, variable] : first) {
    const Variable *known = find(name);
    if (!known) {
      set(name, variable);
      continue;
    }
    unsigned meeting = values.addMeeting(known->value);
    values.meet(meeting, variable.value);
    set(name, {known->scope, meeting});
  }
}

/// Each turn but the first begins with what the one before has left.
void Scopes::loop(const Statement &statement, Walk body) {
  StringRef own = statement.names.front().text;
  llvm::StringSet<> assigned;
  collectAssigned(statement.body, assigned);
  std::vector<std::pair<StringRef, Variable>> starts;
  size_t before = changes.size();
  for (const auto &name : assigned)
    if (const Variable *known = find(name.getKey());
        known && name.getKey() != own) {
      auto entry = variables.find(name.getKey());
      Variable start{known->scope, values.addMeeting(known->value)};
      starts.push_back({entry->first(), start});
    }
  for (const auto &[name, start] : starts)
    set(name, start);
  frames.push_back({statement.source, {}});
  declare(own, statement.source);
  body();
  frames.pop_back();
  for (const auto &[name, start] : starts)
    values.meet(start.value, find(name)->value);
  takeBack(before);
  for (const auto &[name, start] : starts)
    set(name, start);
}

/// The names that the scan yields, where it says so.
static std::vector<StringRef> yieldedBy(const Statement &scan) {
  std::vector<StringRef> names;
  if (!scan.body.empty() && scan.body.back().kind == Statement::Kind::Yield)
    for (const ExprPtr &value : scan.body.back().values)
      if (value->is(Expr::Kind::Name))
        names.push_back({value->place.getPointer(), value->text.size()});
  return names;
}

void Scopes::scan(const Statement &statement, Walk body) {
  size_t before = changes.size();
  std::vector<StringRef> yielded = yieldedBy(statement);
  Frame frame{statement.source, {}};
  for (StringRef name : yielded)
    frame.yielded.insert(name);
  frames.push_back(std::move(frame));
  declare(statement.names.front().text, statement.source);
  std::vector<unsigned> starts;
  for (const Carried &carried : statement.carried) {
    StringRef name = carried.name.text;
    const Variable *known = find(name);
    StringRef scope = !is_contained(yielded, name) ? statement.source
                      : known                      ? known->scope
                                                   : homeOf(name);
    starts.push_back(values.addMeeting(declare(name, scope).value));
    set(name, {scope, starts.back()});
  }
  body();
  for (auto [carried, start] : zip(statement.carried, starts))
    values.meet(start, find(carried.name.text)->value);
  frames.pop_back();
  takeBack(before);
  for (StringRef name : yielded)
    assign(name);
}

} // namespace heddle::lsp
