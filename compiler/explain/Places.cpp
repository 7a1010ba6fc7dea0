//===- Places.cpp - the lines of a model that ops lead back to ------------===//

#include "compiler/explain/Places.h"
#include "llvm/ADT/STLExtras.h"

using namespace heddle;
using namespace heddle::explain;
using llvm::StringRef;

/// A line that is part of everything says nothing.
static constexpr size_t mostLines = 64;

void Places::addFile(StringRef name, StringRef text) {
  if (llvm::none_of(files, [&](const File &file) { return file.name == name; }))
    files.push_back({name.str(), llvm::json::fixUTF8(text)});
}

int Places::fileNamed(StringRef name) const {
  auto stem = [](StringRef path) { return path.substr(path.rfind('/') + 1); };
  int found = -1, count = 0;
  for (auto [number, file] : llvm::enumerate(files)) {
    if (file.name == name)
      return number;
    if (stem(file.name) == stem(name)) {
      found = number;
      ++count;
    }
  }
  return count == 1 ? found : -1;
}

unsigned Places::of(std::vector<ModelLine> lines) {
  llvm::sort(lines);
  lines.erase(llvm::unique(lines), lines.end());
  if (lines.empty() || lines.size() > mostLines)
    return 0;
  auto [entry, isNew] = numbers.try_emplace(lines, sets.size());
  if (isNew)
    sets.push_back(std::move(lines));
  return entry->second;
}

unsigned Places::of(mlir::Location location) {
  auto [entry, isNew] = known.try_emplace(location, 0);
  if (!isNew)
    return entry->second;
  std::vector<ModelLine> lines;
  location->walk([&](mlir::Location inner) {
    if (auto at = llvm::dyn_cast<mlir::FileLineColLoc>(inner))
      if (int file = fileNamed(at.getFilename()); file >= 0 && at.getLine())
        lines.emplace_back(file, at.getLine());
    return mlir::WalkResult::advance();
  });
  return known[location] = of(std::move(lines));
}

llvm::json::Value Places::filesAsJson() const {
  llvm::json::Array array;
  for (const File &file : files)
    array.push_back(
        llvm::json::Object{{"name", jsonText(file.name)}, {"text", file.text}});
  return array;
}

llvm::json::Value Places::setsAsJson() const {
  llvm::json::Array array;
  for (const std::vector<ModelLine> &set : sets) {
    llvm::json::Array lines;
    for (auto [file, line] : set) {
      lines.push_back(file);
      lines.push_back(line);
    }
    array.push_back(std::move(lines));
  }
  return array;
}
