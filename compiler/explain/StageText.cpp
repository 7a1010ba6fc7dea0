//===- StageText.cpp - a module as text, line by line ---------------------===//
//
// MLIR's printer tells in which line each op begins. What an op goes on with,
// its types or its region's end, stands in lines that begin no other one.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/StageText.h"
#include "mlir/IR/AsmState.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::StringRef;

/// A line that only closes or labels is no op's.
static bool isStructure(StringRef line) {
  line = line.trim();
  return line.empty() || line.starts_with("}") || line.starts_with("^") ||
         line.starts_with("#") || line.starts_with("!") ||
         line.starts_with("//");
}

StageText explain::printStage(mlir::ModuleOp module, Places &places) {
  StageText result;
  mlir::AsmState::LocationMap lineOf;
  {
    llvm::raw_string_ostream os(result.text);
    mlir::AsmState state(module, mlir::OpPrintingFlags(), &lineOf);
    module->print(os, state);
    os << "\n";
  }
  size_t count = StringRef(result.text).count('\n');
  result.places.assign(count, 0);
  std::vector<bool> begins(count, false);
  // In the order of the text: of ops in one line the outermost counts.
  module->walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *op) {
    auto found = lineOf.find(op);
    if (op == module || found == lineOf.end())
      return;
    size_t line = found->second.first - 1;
    if (line >= count || begins[line])
      return;
    begins[line] = true;
    result.places[line] = places.of(op->getLoc());
  });
  StringRef rest = result.text;
  unsigned before = 0;
  for (size_t line = 0; line < count; ++line) {
    auto [text, after] = rest.split('\n');
    rest = after;
    if (begins[line])
      before = result.places[line];
    else if (!isStructure(text))
      result.places[line] = before;
  }
  return result;
}

llvm::json::Value explain::runLengths(llvm::ArrayRef<unsigned> numbers) {
  llvm::json::Array array;
  for (size_t begin = 0; begin < numbers.size();) {
    size_t end = begin;
    while (end < numbers.size() && numbers[end] == numbers[begin])
      ++end;
    array.push_back(end - begin);
    array.push_back(numbers[begin]);
    begin = end;
  }
  return array;
}
