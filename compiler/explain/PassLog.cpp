//===- PassLog.cpp - what each pass changed -------------------------------===//
//
// A difference is told function by function: most passes leave most of them
// alone, and where a function is written anew, the others can still be read.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/PassLog.h"
#include "compiler/explain/LineDiff.h"
#include "compiler/explain/Places.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::StringRef;

/// Lines around a change, and the most that are kept of one function and of a
/// pass that writes everything anew.
static constexpr size_t contextLines = 2, mostLinesOfFunction = 400,
                        mostLinesOfPass = 8000;

//===----------------------------------------------------------------------===//
// Functions of a text
//===----------------------------------------------------------------------===//

namespace {
struct Function {
  size_t first = 0; ///< line, counted from 1
  std::vector<StringRef> lines;
};
} // namespace

using Functions = llvm::MapVector<StringRef, Function>;

/// The name of the function whose text begins with this line, or "".
static StringRef functionOf(StringRef line) {
  if (!line.starts_with("  ") || line.starts_with("   "))
    return "";
  StringRef word = line.trim().split(' ').first;
  if (word != "func.func" && word != "llvm.func")
    return "";
  StringRef name = line.split('@').second;
  return name.take_until([](char c) { return c == '(' || c == ' '; });
}

/// What is in no function has the name "".
static Functions functionsOf(StringRef text) {
  Functions functions;
  StringRef current;
  for (size_t number = 1; !text.empty(); ++number) {
    auto [line, rest] = text.split('\n');
    text = rest;
    StringRef begins = functionOf(line);
    if (!begins.empty())
      current = begins;
    Function &function = functions[current];
    if (function.lines.empty())
      function.first = number;
    function.lines.push_back(line);
    bool isDeclaration = !begins.empty() && !line.ends_with("{");
    if (isDeclaration || line == "  }")
      current = "";
  }
  return functions;
}

//===----------------------------------------------------------------------===//
// Differences as JSON
//===----------------------------------------------------------------------===//

namespace {

/// The hunks of one function.
class HunkWriter {
public:
  HunkWriter(const Function &before, const Function &after,
             const LineDiff &diff, size_t &budget)
      : before(before), after(after), diff(diff), budget(budget) {}

  llvm::json::Array run() {
    size_t a = 0, b = 0;
    while (a < diff.removed.size() || b < diff.added.size()) {
      bool removes = a < diff.removed.size() && diff.removed[a],
           adds = b < diff.added.size() && diff.added[b];
      if (removes || adds) {
        open(a, b);
        sinceChange = 0;
        if (removes)
          put('-', before.lines[a++]);
        else
          put('+', after.lines[b++]);
        shownUntil = b;
        continue;
      }
      isOpen = isOpen && sinceChange++ < contextLines;
      if (isOpen) {
        put(' ', after.lines[b]);
        shownUntil = b + 1;
      }
      ++a, ++b;
    }
    return std::move(hunks);
  }

  size_t left = 0; ///< changed lines that are not shown

private:
  void open(size_t a, size_t b) {
    if (isOpen)
      return;
    isOpen = true;
    // What the last hunk has shown is not shown again.
    size_t context = std::min({contextLines, a, b, b - shownUntil});
    hunks.push_back(llvm::json::Array{before.first + a - context,
                                      after.first + b - context,
                                      llvm::json::Array()});
    for (size_t i = b - context; i < b; ++i)
      put(' ', after.lines[i]);
  }

  void put(char sign, StringRef line) {
    if (budget == 0 || shown == mostLinesOfFunction) {
      left += sign != ' ';
      return;
    }
    --budget;
    ++shown;
    llvm::json::Array &lines = *(*hunks.back().getAsArray())[2].getAsArray();
    lines.push_back(jsonText(llvm::Twine(sign) + line));
  }

  const Function &before, &after;
  const LineDiff &diff;
  size_t &budget;
  llvm::json::Array hunks;
  bool isOpen = false;
  size_t sinceChange = 0, shown = 0, shownUntil = 0;
};

} // namespace

/// The difference between two texts; the numbers of lines come and gone are
/// added up.
static llvm::json::Array differences(StringRef before, StringRef after,
                                     size_t &added, size_t &removed) {
  Functions old = functionsOf(before), now = functionsOf(after);
  for (auto &[name, function] : old)
    now.insert({name, Function{function.first, {}}});
  size_t budget = mostLinesOfPass;
  llvm::json::Array array;
  for (auto &[name, function] : now) {
    const Function &was = old[name];
    if (was.lines == function.lines)
      continue;
    LineDiff diff = diffLines(was.lines, function.lines);
    if (diff.isEmpty())
      continue;
    size_t come = llvm::count(diff.added, true),
           gone = llvm::count(diff.removed, true);
    HunkWriter writer(was, function, diff, budget);
    llvm::json::Array hunks = writer.run();
    array.push_back(llvm::json::Object{{"name", jsonText(name)},
                                       {"added", come},
                                       {"removed", gone},
                                       {"hunks", std::move(hunks)},
                                       {"left", writer.left}});
    added += come;
    removed += gone;
  }
  return array;
}

//===----------------------------------------------------------------------===//
// The log
//===----------------------------------------------------------------------===//

static std::string printed(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  os << "\n";
  return text;
}

void PassLog::before(mlir::ModuleOp module) {
  if (text.empty())
    text = printed(module);
}

void PassLog::after(StringRef pass, mlir::ModuleOp module) {
  std::string now = printed(module);
  size_t added = 0, removed = 0;
  llvm::json::Array diff = now == text ? llvm::json::Array()
                                       : differences(text, now, added, removed);
  bool changed = !diff.empty();
  summaries.push_back(llvm::json::Object{{"name", pass},
                                         {"stage", stage},
                                         {"changed", changed},
                                         {"added", added},
                                         {"removed", removed}});
  diffs.push_back(changed ? llvm::json::Value(std::move(diff))
                          : llvm::json::Value(nullptr));
  text = std::move(now);
}

namespace {

class LogInstrumentation : public mlir::PassInstrumentation {
public:
  LogInstrumentation(PassLog &log, PassLog::AfterPass then)
      : log(log), then(std::move(then)) {}

  void runBeforePass(mlir::Pass *pass, mlir::Operation *op) override {
    log.before(moduleOf(op));
  }

  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override {
    // The adaptor that runs nested pipelines has no name.
    if (pass->getArgument().empty())
      return;
    log.after(pass->getArgument(), moduleOf(op));
    then(pass->getArgument(), moduleOf(op));
  }

private:
  static mlir::ModuleOp moduleOf(mlir::Operation *op) {
    while (mlir::Operation *parent = op->getParentOp())
      op = parent;
    return mlir::cast<mlir::ModuleOp>(op);
  }

  PassLog &log;
  PassLog::AfterPass then;
};

} // namespace

void PassLog::watch(mlir::PassManager &passes, AfterPass then) {
  passes.addInstrumentation(
      std::make_unique<LogInstrumentation>(*this, std::move(then)));
}
