//===- MeasuredCalls.cpp - what each kind of call took --------------------===//
//
// A trace has each call before the ops that ran in it, with its sizes.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/MeasuredCalls.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace heddle;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;

namespace {

struct MeasuredSite {
  int64_t runs = 0;
  double seconds = 0;
};

/// Calls that are alike.
struct AlikeCalls {
  std::map<std::string, int64_t> sizes, until;
  int64_t runs = 0;
  double seconds = 0;
  std::map<int64_t, MeasuredSite> sites;
};

class CallSorter {
public:
  explicit CallSorter(const Object &facts) {
    int64_t number = 0;
    for (const llvm::json::Value &site : *facts.getArray("sites"))
      numbers[*site.getAsObject()->getString("name")] = number++;
    for (const llvm::json::Value &size : *facts.getArray("sizes"))
      if (!size.getAsObject()->getString("grows")->empty())
        growing.insert(*size.getAsObject()->getString("name"));
  }

  void add(const Object &event) {
    std::optional<StringRef> kind = event.getString("cat"),
                             name = event.getString("name");
    std::optional<double> microseconds = event.getNumber("dur");
    if (!kind || !name || !microseconds)
      return;
    // The small model that drafts has a page of its own.
    if (name->starts_with("draft: ")) {
      current = nullptr;
    } else if (*kind == "call") {
      current = &callsLike(*name, event.getObject("args"));
      ++current->runs;
      current->seconds += *microseconds * 1e-6;
    } else if (*kind == "op" && current) {
      auto number = numbers.find(*name);
      if (number == numbers.end())
        return;
      MeasuredSite &site = current->sites[number->second];
      ++site.runs;
      site.seconds += *microseconds * 1e-6;
    }
  }

  Array asJson() const;

private:
  /// Of a size: itself, or of one that grows the eighth of its power of two
  /// that it lies in.
  int64_t classOf(StringRef name, int64_t value) const {
    if (!growing.contains(name) || value < 16)
      return value;
    unsigned low = llvm::Log2_64(value) - 3;
    return value >> low << low;
  }

  AlikeCalls &callsLike(StringRef entry, const Object *arguments) {
    std::map<std::string, int64_t> sizes, kind;
    for (const auto &[name, value] : arguments ? *arguments : Object())
      if (std::optional<int64_t> number = value.getAsInteger()) {
        sizes[name.str()] = *number;
        kind[name.str()] = classOf(name, *number);
      }
    auto [found, isNew] = calls.try_emplace({entry.str(), kind});
    AlikeCalls &alike = found->second;
    if (isNew)
      alike.sizes = alike.until = sizes;
    for (auto &[name, value] : sizes) {
      alike.sizes[name] = std::min(alike.sizes[name], value);
      alike.until[name] = std::max(alike.until[name], value);
    }
    return alike;
  }

  llvm::StringMap<int64_t> numbers;
  llvm::StringSet<> growing;
  std::map<std::pair<std::string, std::map<std::string, int64_t>>, AlikeCalls>
      calls;
  AlikeCalls *current = nullptr;
};

} // namespace

static Object asJson(const std::map<std::string, int64_t> &sizes) {
  Object object;
  for (auto &[name, value] : sizes)
    object[name] = value;
  return object;
}

Array CallSorter::asJson() const {
  Array array;
  for (auto &[kind, alike] : calls) {
    Array sites;
    for (auto &[number, site] : alike.sites)
      sites.push_back(Array{number, site.runs, site.seconds});
    array.push_back(Object{{"entry", kind.first},
                           {"sizes", ::asJson(alike.sizes)},
                           {"until", ::asJson(alike.until)},
                           {"runs", alike.runs},
                           {"seconds", alike.seconds},
                           {"sites", std::move(sites)}});
  }
  return array;
}

Array explain::measuredCalls(const Array &events, const Object &facts) {
  CallSorter sorter(facts);
  for (const llvm::json::Value &event : events)
    if (const Object *object = event.getAsObject())
      sorter.add(*object);
  return sorter.asJson();
}
