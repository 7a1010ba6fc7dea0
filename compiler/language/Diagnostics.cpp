//===- Diagnostics.cpp - The user's mistakes, located ---------------------===//

#include "compiler/language/Diagnostics.h"

#include "compiler/files/SharedFiles.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace heddle::language {

/// Past this many, further errors tell little: a wrong config makes most lines
/// wrong.
static constexpr unsigned errorLimit = 20;

Diagnostics::Diagnostics(Receiver receiver)
    : os(nulls()), receiver(std::move(receiver)) {}

Diagnostics::~Diagnostics() {
  if (!receiver && !topics.empty())
    note("see " + files::languageReference() + " #" +
         join(topics.getArrayRef(), ", #"));
}

StringRef Diagnostics::addFile(std::unique_ptr<MemoryBuffer> text) {
  unsigned id = sources.AddNewSourceBuffer(std::move(text), SMLoc());
  return sources.getMemoryBuffer(id)->getBuffer();
}

bool Diagnostics::error(SMLoc place, const Twine &message) {
  std::string key = formatv("{0}:{1}", place.getPointer(), message.str());
  if (!shown.insert(key).second)
    return false;
  if (++errors > errorLimit && !receiver) {
    if (errors == errorLimit + 1)
      files::printMessage(os, Severity::Error,
                          "too many errors; the first " + Twine(errorLimit) +
                              " are shown");
    return false;
  }
  print(place, Severity::Error, message);
  if (!topic.empty())
    topics.insert(topic);
  return true;
}

void Diagnostics::error(const Twine &message) {
  ++errors;
  print(SMLoc(), Severity::Error, message);
  if (!topic.empty())
    topics.insert(topic);
}

void Diagnostics::note(SMLoc place, const Twine &message) {
  print(place, Severity::Note, message);
}

void Diagnostics::note(const Twine &message) {
  print(SMLoc(), Severity::Note, message);
}

void Diagnostics::print(SMLoc place, Severity severity, const Twine &message) {
  if (receiver)
    return receiver(place, severity, message.str(), topic);
  Position position = positionOf(place);
  if (position.file.empty())
    return files::printMessage(os, severity, message);
  const char *at = place.getPointer();
  StringRef text =
      sources.getMemoryBuffer(sources.FindBufferContainingLoc(place))
          ->getBuffer();
  StringRef line(at - (position.column - 1), 0);
  line = StringRef(line.data(), text.end() - line.data()).split('\n').first;
  files::printMessage(os,
                      {position.file, position.line, position.column, &line},
                      severity, message);
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
