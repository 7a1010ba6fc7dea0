//===- Diagnostics.cpp - The user's mistakes, located ---------------------===//

#include "compiler/language/Diagnostics.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace heddle::language {

/// Past this many, further errors tell little: a wrong config makes most lines
/// wrong.
static constexpr unsigned errorLimit = 20;

StringRef Diagnostics::addFile(std::unique_ptr<MemoryBuffer> text) {
  unsigned id = sources.AddNewSourceBuffer(std::move(text), SMLoc());
  return sources.getMemoryBuffer(id)->getBuffer();
}

bool Diagnostics::error(SMLoc place, const Twine &message) {
  std::string key = formatv("{0}:{1}", place.getPointer(), message.str());
  if (!shown.insert(key).second)
    return false;
  if (++errors > errorLimit) {
    if (errors == errorLimit + 1)
      WithColor::error(os) << "too many errors; the first " << errorLimit
                           << " are shown\n";
    return false;
  }
  print(place, SourceMgr::DK_Error, message);
  return true;
}

void Diagnostics::error(const Twine &message) {
  ++errors;
  WithColor::error(os) << message << '\n';
}

void Diagnostics::note(SMLoc place, const Twine &message) {
  print(place, SourceMgr::DK_Note, message);
}

void Diagnostics::note(const Twine &message) {
  WithColor::note(os) << message << '\n';
}

void Diagnostics::print(SMLoc place, SourceMgr::DiagKind kind,
                        const Twine &message) {
  sources.PrintMessage(os, place, kind, message);
}

Position Diagnostics::positionOf(SMLoc place) const {
  unsigned id = sources.FindBufferContainingLoc(place);
  if (id == 0)
    return {};
  auto [line, column] = sources.getLineAndColumn(place, id);
  return {sources.getMemoryBuffer(id)->getBufferIdentifier(), line, column};
}

SMLoc Diagnostics::placeAt(StringRef file, unsigned line, unsigned column) {
  for (unsigned id = 1; id <= sources.getNumBuffers(); ++id)
    if (sources.getMemoryBuffer(id)->getBufferIdentifier() == file)
      return sources.FindLocForLineAndColumn(id, line, column);
  return SMLoc();
}

std::string Diagnostics::describe(SMLoc place) const {
  Position position = positionOf(place);
  return formatv("{0}:{1}:{2}", position.file, position.line, position.column);
}

} // namespace heddle::language
