//===- Places.h - the lines of a model that ops lead back to --------------===//
//
// Every op's location leads to lines of the model file and of what it imports,
// several where ops became one or a block is part of its caller. What has the
// same lines shares one number, so that a page with a hundred thousand lines of
// code stays small.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_PLACES_H
#define HEDDLE_COMPILER_EXPLAIN_PLACES_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <string>
#include <vector>

namespace heddle::explain {

/// File, counted from 0, and line, counted from 1.
using ModelLine = std::pair<unsigned, unsigned>;

/// A name of the IR as JSON has it: a module may hold any bytes.
inline std::string jsonText(const llvm::Twine &text) {
  return llvm::json::fixUTF8(text.str());
}

class Places {
public:
  Places() : sets(1) {}

  /// A file whose lines are shown, under the name that locations have.
  void addFile(llvm::StringRef name, llvm::StringRef text);

  /// The file of this name, or the only one whose path ends so; -1: none.
  int fileNamed(llvm::StringRef name) const;

  /// The number of the set of lines that a location leads to; 0: to none.
  unsigned of(mlir::Location location);
  unsigned of(std::vector<ModelLine> lines);

  const std::vector<ModelLine> &lines(unsigned set) const { return sets[set]; }

  /// `[{"name", "text"}]`.
  llvm::json::Value filesAsJson() const;
  /// By number, `[[file, line, file, line, …]]`.
  llvm::json::Value setsAsJson() const;

private:
  struct File {
    std::string name, text;
  };
  std::vector<File> files;
  std::vector<std::vector<ModelLine>> sets; ///< the first one is empty
  std::map<std::vector<ModelLine>, unsigned> numbers;
  llvm::DenseMap<mlir::Attribute, unsigned> known;
};

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_PLACES_H
