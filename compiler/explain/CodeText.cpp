//===- CodeText.cpp - LLVM IR and assembly, line by line ------------------===//

#include "compiler/explain/CodeText.h"
#include "compiler/explain/Assembly.h"
#include "llvm/IR/AssemblyAnnotationWriter.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Instruction.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormattedStream.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// LLVM IR
//===----------------------------------------------------------------------===//

namespace {

/// LLVM's printer tells what it is about to print, and adds nothing to it.
class PlaceWriter : public llvm::AssemblyAnnotationWriter {
public:
  PlaceWriter(const PlacesOfFunctions &functions, Places &places)
      : functions(functions), places(places) {}

  void emitFunctionAnnot(const llvm::Function *function,
                         llvm::formatted_raw_ostream &os) override {
    ofFunction = functions.lookup(function->getName());
    const llvm::DISubprogram *about = function->getSubprogram();
    unsigned own = about ? ofLine(about->getFilename(), about->getLine()) : 0;
    note(os, own ? own : ofFunction);
  }

  void emitInstructionAnnot(const llvm::Instruction *instruction,
                            llvm::formatted_raw_ostream &os) override {
    unsigned own = ofLocation(instruction->getDebugLoc());
    note(os, own ? own : ofFunction);
  }

  /// In the order of the text, lines from 0 and their sets.
  std::vector<std::pair<unsigned, unsigned>> notes;

private:
  void note(llvm::formatted_raw_ostream &os, unsigned set) {
    notes.emplace_back(os.getLine(), set);
  }

  unsigned ofLine(StringRef name, unsigned line) {
    int file = places.fileNamed(name);
    return file >= 0 && line ? places.of({ModelLine(file, line)}) : 0;
  }

  /// Of a block that is part of its caller, the caller's line as well.
  unsigned ofLocation(const llvm::DILocation *location) {
    auto [entry, isNew] = known.try_emplace(location, 0);
    if (!isNew)
      return entry->second;
    std::vector<ModelLine> lines;
    for (; location; location = location->getInlinedAt())
      if (int file = places.fileNamed(location->getFilename());
          file >= 0 && location->getLine())
        lines.emplace_back(file, location->getLine());
    return entry->second = places.of(std::move(lines));
  }

  const PlacesOfFunctions &functions;
  Places &places;
  llvm::DenseMap<const llvm::DILocation *, unsigned> known;
  unsigned ofFunction = 0;
};

} // namespace

/// Whether a line goes on with what began in the one before, as cases of a
/// switch do.
static bool goesOn(StringRef line) {
  return line.starts_with("    ") || line.starts_with("  ]");
}

StageText explain::printLlvm(const llvm::Module &module,
                             const PlacesOfFunctions &functions,
                             Places &places) {
  StageText result;
  PlaceWriter writer(functions, places);
  llvm::raw_string_ostream os(result.text);
  module.print(os, &writer);
  llvm::ArrayRef notes(writer.notes);
  StringRef rest = result.text;
  unsigned noted = 0;
  for (unsigned line = 0; !rest.empty(); ++line) {
    auto [text, after] = rest.split('\n');
    rest = after;
    unsigned set = 0;
    if (goesOn(text) && !result.places.empty())
      set = result.places.back();
    for (; !notes.empty() && notes.front().first == line;
         notes = notes.drop_front())
      set = noted = notes.front().second;
    // Its attributes may stand between a function's note and its head.
    result.places.push_back(text.starts_with(";")         ? 0
                            : text.starts_with("define ") ? noted
                                                          : set);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

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
    return true;
  }

  unsigned current = 0;

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

std::vector<unsigned>
explain::placesOfAssembly(StringRef assembly,
                          const PlacesOfFunctions &functions, Places &places) {
  std::vector<unsigned> result;
  LineTable table(places);
  unsigned ofFunction = 0;
  while (!assembly.empty()) {
    auto [line, rest] = assembly.split('\n');
    assembly = rest;
    StringRef label = labelOf(line);
    if (!label.empty() && (!isLocal(label) || endsFunction(label))) {
      ofFunction = functions.lookup(label);
      table.current = 0;
    }
    bool isTable = table.read(line);
    result.push_back(!isInstruction(line) || isTable ? 0
                     : table.current                 ? table.current
                                                     : ofFunction);
  }
  return result;
}
