//===- HotLoops.cpp - where machine code spends its time ------------------===//
//
// A loop is what lies between a label and a jump back to it; an instruction is
// of the smallest one around it.
//
//===----------------------------------------------------------------------===//

#include "compiler/explain/HotLoops.h"
#include "compiler/explain/Assembly.h"
#include "llvm/ADT/STLExtras.h"
#include <optional>

using namespace heddle;
using namespace heddle::explain;
using llvm::StringRef;

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

static bool startsWithAny(StringRef instruction,
                          llvm::ArrayRef<StringRef> names) {
  return llvm::any_of(
      names, [&](StringRef name) { return instruction.starts_with(name); });
}

/// Sums of several products, of bf16 or of bytes: nothing but a product has
/// them.
static bool isDot(StringRef instruction) {
  return startsWithAny(instruction,
                       {"vdpbf16", "vpdp", "vpmadd", "pmadd", "sdot", "udot",
                        "usdot", "bfdot", "bfmmla", "smmla", "usmmla"});
}

static bool isMultiplyAdd(StringRef instruction) {
  return isDot(instruction) ||
         startsWithAny(instruction, {"vfmadd", "vfnmadd", "fmla", "fmls"});
}

namespace {

/// What is done in one turn of a loop, without the loops in it; or in a
/// function, without its loops.
struct Turn {
  unsigned dots = 0, multiplyAdds = 0, vectors = 0;
  size_t first = 0, last = 0; ///< lines of its dots, or else multiply-adds

  bool operator<(const Turn &other) const {
    return std::tie(dots, multiplyAdds, vectors) <
           std::tie(other.dots, other.multiplyAdds, other.vectors);
  }
};

class LoopFinder {
public:
  void read(StringRef assembly) {
    for (size_t number = 1; !assembly.empty(); ++number) {
      auto [line, rest] = assembly.split('\n');
      assembly = rest;
      if (StringRef label = labelOf(line); !label.empty())
        atLabel(label, number);
      else if (isInstruction(line))
        atInstruction(line.trim(), number);
    }
  }

  std::vector<HotLoop> found;

private:
  struct Instruction {
    size_t line;
    bool isDot, isMultiplyAdd, isVector;
  };
  struct Loop {
    size_t from, to; ///< instructions
    size_t firstLine, lastLine;
  };

  void atLabel(StringRef label, size_t number) {
    if (isLocal(label)) {
      if (endsFunction(label))
        finish();
      labels[label] = {number, instructions.size()};
      return;
    }
    finish();
    function = label.str();
  }

  void atInstruction(StringRef text, size_t number) {
    instructions.push_back(
        {number, isDot(text), isMultiplyAdd(text), isVector(text)});
    auto target = labels.find(targetOf(text));
    if (target == labels.end())
      return;
    auto [line, from] = target->second;
    loops.push_back({from, instructions.size(), line, number});
  }

  /// By the number of a loop, or behind all of the function.
  std::vector<Turn> turns() const {
    std::vector<size_t> around(instructions.size(), loops.size());
    for (size_t i = loops.size(); i--;) // larger ones first
      std::fill(around.begin() + loops[i].from, around.begin() + loops[i].to,
                i);
    std::vector<Turn> turns(loops.size() + 1);
    for (auto [instruction, loop] : llvm::zip_equal(instructions, around))
      count(instruction, turns[loop]);
    return turns;
  }

  static void count(const Instruction &instruction, Turn &turn) {
    turn.vectors += instruction.isVector;
    turn.multiplyAdds += instruction.isMultiplyAdd;
    turn.dots += instruction.isDot;
    bool isFirst = turn.dots ? turn.dots == 1 && instruction.isDot
                             : turn.multiplyAdds == 1;
    if (!instruction.isMultiplyAdd || (turn.dots && !instruction.isDot))
      return;
    if (isFirst)
      turn.first = instruction.line;
    turn.last = instruction.line;
  }

  void finish() {
    llvm::sort(loops, [](const Loop &a, const Loop &b) {
      return std::pair(a.to - a.from, a.to) < std::pair(b.to - b.from, b.to);
    });
    std::vector<Turn> all = turns();
    auto best = std::max_element(all.begin(), all.end() - 1);
    const Turn &straight = all.back();
    bool repeats = best != all.end() - 1 && best->vectors;
    // A polynomial's multiply-adds may be more than those of a loop over few
    // rows, and run once.
    if (straight.dots > (repeats ? best->dots : 0) ||
        (straight.multiplyAdds && !(repeats && best->multiplyAdds)))
      found.push_back({function, straight.first, straight.last,
                       straight.multiplyAdds, /*repeats=*/false});
    else if (repeats)
      add(loops[best - all.begin()], best->multiplyAdds);
    labels.clear();
    instructions.clear();
    loops.clear();
    function.clear();
  }

  void add(const Loop &loop, unsigned multiplyAdds) {
    found.push_back({function, loop.firstLine, loop.lastLine, multiplyAdds,
                     /*repeats=*/true});
  }

  std::string function;
  /// Line, and number of the next instruction.
  llvm::StringMap<std::pair<size_t, size_t>> labels;
  std::vector<Instruction> instructions;
  std::vector<Loop> loops;
};

} // namespace

std::vector<HotLoop> explain::hotLoopsOf(StringRef assembly) {
  LoopFinder finder;
  finder.read(assembly);
  return std::move(finder.found);
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
                                       {"repeats", loop.repeats},
                                       {"sites", std::move(numbers)}});
  }
  return array;
}
