//===- Definitions.cpp - Where names are declared and used ----------------===//

#include "compiler/lsp/Features.h"

#include "compiler/files/InputFile.h"
#include "compiler/lsp/Paths.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace heddle::language;

namespace heddle::lsp {

static protocol::Location locationOf(const Model &model, StringRef part,
                                     const Workspace &workspace) {
  const File *file = model.fileOf(part.begin());
  return {workspace.uriOf(file->path), file->text.rangeOf(part)};
}

/// The declaration that counts, of what several files declare.
static StringRef declarationOf(const Program &program, const Symbol &symbol) {
  StringRef name = symbol.name;
  auto functionIn = [&](const auto &functions) -> StringRef {
    auto found = functions.find(name);
    return found == functions.end() ? "" : found->second.function->name.text;
  };
  switch (symbol.kind) {
  case SymbolKind::Block:
    return functionIn(program.blocks);
  case SymbolKind::Entry:
    return functionIn(program.entries);
  case SymbolKind::State: {
    const StateDecl *state = program.states.lookup(name);
    return state ? state->name.text : "";
  }
  case SymbolKind::Value:
  case SymbolKind::Size: {
    if (const DynDecl *dyn = program.dyns.lookup(name))
      return dyn->name.text;
    const ConfigField *field = program.config.lookup(name);
    return field ? field->name.text : "";
  }
  default:
    return "";
  }
}

/// The assignments that a variable may have its value from, by what the checker
/// has evaluated; a size of a block where it first stands.
static std::vector<StringRef> assignmentsOf(const Model &model,
                                            const Occurrence &at) {
  if (at.role != Role::Read)
    return {at.text};
  std::vector<StringRef> found = model.symbols().assignmentsOf(at);
  auto isEvaluated = [&](StringRef place) {
    return !model.worthAt(place.begin()).empty();
  };
  // Of branches that config.json decides, the one that is taken.
  if (any_of(found, isEvaluated))
    llvm::erase_if(found, [&](StringRef place) { return !isEvaluated(place); });
  if (!found.empty() || at.symbol.kind != SymbolKind::Size)
    return found;
  for (const Occurrence &other : model.symbols().all())
    if (other.symbol == at.symbol && other.function == at.function)
      return {other.text};
  return {};
}

/// Where config.json has the key: the first place of its last step.
static std::optional<protocol::Location>
placeOfKey(const Model &model, StringRef key, const Workspace &workspace) {
  Checkpoint *checkpoint = model.checkpoint();
  if (!checkpoint || !checkpoint->config())
    return std::nullopt;
  auto read = files::readFile(checkpoint->configName(), files::limits::json);
  if (!read) {
    consumeError(read.takeError());
    return std::nullopt;
  }
  StringRef whole = (*read)->getBuffer(), rest = whole;
  SmallVector<StringRef> steps;
  key.split(steps, '.');
  for (StringRef step : steps) {
    size_t found = rest.find(("\"" + step + "\"").str());
    if (found == StringRef::npos)
      return std::nullopt;
    rest = rest.drop_front(found + 1);
  }
  return protocol::Location(
      workspace.uriOf(canonicalPath(checkpoint->configName())),
      Text(whole).rangeOf(rest.take_front(steps.back().size())));
}

std::vector<protocol::Location> definitionsOf(const Model &model,
                                              const File &file,
                                              const char *place,
                                              const Workspace &workspace) {
  std::optional<Occurrence> at = occurrenceAt(model, file, place);
  if (!at)
    return {};
  if (at->symbol.kind == SymbolKind::File) {
    std::string path = model.pathOfImport(file, at->symbol.name);
    if (path.empty())
      return {};
    return {protocol::Location(workspace.uriOf(path), protocol::Range())};
  }
  if (at->symbol.kind == SymbolKind::Key) {
    if (auto location = placeOfKey(model, at->symbol.name, workspace))
      return {*location};
    return {};
  }
  std::vector<protocol::Location> locations;
  if (at->symbol.owner.empty()) {
    StringRef found = declarationOf(model.program(), at->symbol);
    if (!found.empty())
      locations.push_back(locationOf(model, found, workspace));
    return locations;
  }
  for (StringRef found : assignmentsOf(model, *at))
    locations.push_back(locationOf(model, found, workspace));
  return locations;
}

std::vector<protocol::Location>
referencesOf(const Model &model, const File &file, const char *place,
             bool withDeclarations, Workspace &workspace) {
  std::optional<Occurrence> at = occurrenceAt(model, file, place);
  if (!at)
    return {};
  std::vector<protocol::Location> locations;
  StringRef declared = declarationOf(model.program(), at->symbol);
  const File *home = declared.empty() ? &file : model.fileOf(declared.begin());
  for (const auto &other : workspace.modelsWith(home->path))
    for (const Occurrence &occurrence : other->symbols().all())
      if (occurrence.symbol == at->symbol &&
          (withDeclarations || occurrence.role != Role::Declaration))
        locations.push_back(locationOf(*other, occurrence.text, workspace));
  llvm::sort(locations);
  locations.erase(llvm::unique(locations), locations.end());
  return locations;
}

std::vector<protocol::Range> highlightsOf(const Model &model, const File &file,
                                          const char *place) {
  std::optional<Occurrence> at = occurrenceAt(model, file, place);
  std::vector<protocol::Range> ranges;
  if (!at)
    return ranges;
  for (const Occurrence &occurrence : model.symbols().all())
    if (occurrence.symbol == at->symbol &&
        file.text.contains(occurrence.text.begin()))
      ranges.push_back(file.text.rangeOf(occurrence.text));
  return ranges;
}

std::vector<protocol::DocumentLink>
linksOf(const Model &model, const File &file, const Workspace &workspace) {
  std::vector<protocol::DocumentLink> links;
  for (const Occurrence &occurrence : model.symbols().all())
    if (occurrence.symbol.kind == SymbolKind::File &&
        file.text.contains(occurrence.text.begin())) {
      std::string path = model.pathOfImport(file, occurrence.symbol.name);
      if (!path.empty())
        links.push_back(
            {file.text.rangeOf(occurrence.text.drop_front().drop_back()),
             workspace.uriOf(path)});
    }
  return links;
}

} // namespace heddle::lsp
