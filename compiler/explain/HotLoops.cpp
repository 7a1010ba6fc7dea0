//===- HotLoops.cpp - where machine code spends its time ------------------===//
//
// A loop is what lies between a label and a jump back to it. The assembly is
// that of LLVM for x86-64 or AArch64, which differ here in the names of jumps
// and of instructions only.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/HotLoops.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Functions of sites
//===----------------------------------------------------------------------===//

namespace {

class SiteFinder {
public:
  explicit SiteFinder(mlir::ModuleOp module) : module(module) {}

  SitesOfFunctions run() {
    for (auto function : module.getOps<mlir::func::FuncOp>())
      if (hasMarks(function))
        addSitesOf(function);
    return std::move(sites);
  }

private:
  static bool hasMarks(mlir::func::FuncOp function) {
    return function
        .walk([](kernel::MarkOp) { return mlir::WalkResult::interrupt(); })
        .wasInterrupted();
  }

  /// What has run since the mark before is of this one.
  void addSitesOf(mlir::func::FuncOp function) {
    std::set<std::string> since;
    function.walk([&](mlir::Operation *op) {
      if (auto mark = mlir::dyn_cast<kernel::MarkOp>(op)) {
        for (const std::string &name : since)
          sites[name].insert(mark.getSite());
        since.clear();
        return;
      }
      addUsed(op, since);
    });
  }

  void addUsed(mlir::Operation *op, std::set<std::string> &names) {
    for (mlir::NamedAttribute attribute : op->getAttrs())
      if (auto symbol =
              mlir::dyn_cast<mlir::FlatSymbolRefAttr>(attribute.getValue()))
        if (auto used =
                module.lookupSymbol<mlir::func::FuncOp>(symbol.getValue()))
          addFunction(used, names);
  }

  void addFunction(mlir::func::FuncOp function, std::set<std::string> &names) {
    // Another block marks its own sites.
    if (hasMarks(function) || !names.insert(function.getName().str()).second)
      return;
    function.walk([&](mlir::Operation *op) { addUsed(op, names); });
  }

  mlir::ModuleOp module;
  SitesOfFunctions sites;
};

} // namespace

SitesOfFunctions explain::sitesOfFunctions(mlir::ModuleOp module) {
  return SiteFinder(module).run();
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// `name` of the line `name:`, unless it is a label within a function.
static StringRef labelOf(StringRef line) {
  if (line.empty() || llvm::isSpace(line.front()))
    return "";
  StringRef label = line.split(':').first;
  return label.size() < line.size() ? label.trim('"') : "";
}

static bool isLocal(StringRef label) { return label.starts_with(".L"); }

/// The label that an instruction may jump to, or "".
static StringRef targetOf(StringRef instruction) {
  StringRef name = instruction.split('\t').first;
  bool jumps = name.starts_with("j") || name == "b" || name.starts_with("b.") ||
               name.starts_with("cb") || name.starts_with("tb");
  if (!jumps)
    return "";
  size_t at = instruction.find(".L");
  if (at == StringRef::npos)
    return "";
  return instruction.substr(at).take_while([](char c) {
    return llvm::isAlnum(c) || c == '_' || c == '.' || c == '$';
  });
}

static bool isVector(StringRef instruction) {
  return instruction.contains("%xmm") || instruction.contains("%ymm") ||
         instruction.contains("%zmm") || instruction.contains(".4s") ||
         instruction.contains(".8h") || instruction.contains(".16b") ||
         instruction.contains("z0.s");
}

static bool isMultiplyAdd(StringRef instruction) {
  static constexpr StringRef names[] = {"vfmadd", "vfnmadd", "vdpbf16", "vpdp",
                                        "vpmadd", "pmadd",   "fmla",    "fmls",
                                        "sdot",   "udot",    "usdot",   "bfdot",
                                        "bfmmla", "smmla",   "usmmla"};
  StringRef name = instruction.split('\t').first;
  return llvm::any_of(names,
                      [&](StringRef start) { return name.starts_with(start); });
}

namespace {

class LoopFinder {
public:
  void read(StringRef assembly) {
    for (size_t number = 1; !assembly.empty(); ++number) {
      auto [line, rest] = assembly.split('\n');
      assembly = rest;
      if (StringRef label = labelOf(line); !label.empty())
        atLabel(label, number);
      else if (line.starts_with("\t") && !line.starts_with("\t."))
        atInstruction(line.trim(), number);
    }
  }

  std::vector<HotLoop> loops;

private:
  void atLabel(StringRef label, size_t number) {
    if (isLocal(label)) {
      if (label.starts_with(".Lfunc_end"))
        finish();
      labels[label] = {number, instructions.size()};
      return;
    }
    finish();
    function = label.str();
  }

  /// Innermost loops end first: a later jump back over one of them is of a loop
  /// around it.
  void atInstruction(StringRef instruction, size_t number) {
    instructions.push_back({isMultiplyAdd(instruction), isVector(instruction)});
    auto target = labels.find(targetOf(instruction));
    if (target == labels.end())
      return;
    auto [first, from] = target->second;
    if (from < innermostEnd)
      return;
    unsigned multiplyAdds = 0, vectors = 0;
    for (size_t i = from; i < instructions.size(); ++i) {
      multiplyAdds += instructions[i].isMultiplyAdd;
      vectors += instructions[i].isVector;
    }
    innermostEnd = instructions.size();
    std::pair score(multiplyAdds, vectors);
    if (vectors && score > best) {
      best = score;
      loop = {function, first, number, multiplyAdds};
    }
  }

  void finish() {
    if (best.second)
      loops.push_back(loop);
    labels.clear();
    instructions.clear();
    innermostEnd = 0;
    best = {0, 0};
    function.clear();
  }

  struct Instruction {
    bool isMultiplyAdd, isVector;
  };
  std::string function;
  /// Line, and number of the next instruction.
  llvm::StringMap<std::pair<size_t, size_t>> labels;
  std::vector<Instruction> instructions;
  /// Where the last loop that has no other in it ends.
  size_t innermostEnd = 0;
  std::pair<unsigned, unsigned> best{0, 0};
  HotLoop loop;
};

} // namespace

std::vector<HotLoop> explain::hotLoopsOf(StringRef assembly) {
  LoopFinder finder;
  finder.read(assembly);
  return std::move(finder.loops);
}

namespace {

/// `.file` and `.loc`, which debug information brings.
class LineTable {
public:
  explicit LineTable(Places &places) : places(places) {}

  /// Whether the line was one of the table's.
  bool read(StringRef line) {
    line = line.trim();
    if (line.consume_front(".file\t")) {
      auto [number, names] = line.split(' ');
      unsigned file;
      if (!number.getAsInteger(10, file))
        files[file] = places.fileNamed(lastQuoted(names));
      return true;
    }
    if (!line.consume_front(".loc\t"))
      return false;
    auto [file, rest] = line.split(' ');
    unsigned number, at;
    current = 0;
    if (!file.getAsInteger(10, number) &&
        !rest.split(' ').first.getAsInteger(10, at) && at)
      if (auto known = files.find(number);
          known != files.end() && known->second >= 0)
        current = places.of({ModelLine(known->second, at)});
    return any = true;
  }

  unsigned current = 0;
  bool any = false;

private:
  /// Of `"directory" "name" md5 0x…` the name.
  static StringRef lastQuoted(StringRef text) {
    StringRef last;
    while (text.contains('"')) {
      text = text.split('"').second;
      last = text.split('"').first;
      text = text.split('"').second;
    }
    return last;
  }

  Places &places;
  std::map<unsigned, int> files;
};

} // namespace

std::vector<unsigned> explain::placesOfAssembly(StringRef assembly,
                                                const SitesOfFunctions &sites,
                                                llvm::ArrayRef<unsigned> ofSite,
                                                Places &places) {
  std::vector<unsigned> result;
  LineTable table(places);
  unsigned ofFunction = 0;
  auto enter = [&](StringRef name) {
    std::vector<ModelLine> lines;
    if (auto known = sites.find(name.str()); known != sites.end())
      for (int64_t site : known->second)
        if (site >= 0 && size_t(site) < ofSite.size())
          llvm::append_range(lines, places.lines(ofSite[site]));
    ofFunction = places.of(std::move(lines));
    table.any = false;
  };
  while (!assembly.empty()) {
    auto [line, rest] = assembly.split('\n');
    assembly = rest;
    StringRef label = labelOf(line);
    if (!label.empty() && (!isLocal(label) || label.starts_with(".Lfunc_end")))
      enter(label);
    bool isCode = line.starts_with("\t") && !line.starts_with("\t.");
    bool isTable = table.read(line);
    result.push_back(!isCode || isTable ? 0
                     : table.any        ? table.current
                                        : ofFunction);
  }
  return result;
}

llvm::json::Array explain::loopsAsJson(llvm::ArrayRef<HotLoop> loops,
                                       const SitesOfFunctions &sites) {
  llvm::json::Array array;
  for (const HotLoop &loop : loops) {
    llvm::json::Array numbers;
    if (auto known = sites.find(loop.function); known != sites.end())
      for (int64_t site : known->second)
        numbers.push_back(site);
    array.push_back(llvm::json::Object{{"function", jsonText(loop.function)},
                                       {"first", loop.first},
                                       {"last", loop.last},
                                       {"multiplyAdds", loop.multiplyAdds},
                                       {"sites", std::move(numbers)}});
  }
  return array;
}
