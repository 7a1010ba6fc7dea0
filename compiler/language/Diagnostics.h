//===- Diagnostics.h - The user's mistakes, located -------------*- C++ -*-===//
//
// Holds the text of every file of a model and prints errors against it:
//
//   gpt2.heddle:12:7: error: found D, needed a string
//   for D
//       ^
//
// Whoever reports an error goes on as well as it can, so that one run shows
// several independent ones.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_DIAGNOSTICS_H
#define HEDDLE_COMPILER_LANGUAGE_DIAGNOSTICS_H

#include "compiler/files/Message.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SMLoc.h"
#include "llvm/Support/SourceMgr.h"
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace heddle::language {

/// A place in a file, as people count: from 1.
struct Position {
  llvm::StringRef file;
  unsigned line = 0;
  unsigned column = 0;
};

class Diagnostics {
public:
  /// Is given every message instead of a stream, however many there are; one
  /// without a place has an invalid one. `topic` is a heading of the language's
  /// reference, or empty.
  using Receiver =
      std::function<void(llvm::SMLoc place, files::Severity severity,
                         const std::string &message, llvm::StringRef topic)>;

  explicit Diagnostics(llvm::raw_ostream &os) : os(os) {}
  explicit Diagnostics(Receiver receiver);
  Diagnostics(const Diagnostics &) = delete;
  /// Says where the reference has more on the mistakes that were shown.
  ~Diagnostics();

  /// Takes over a file's text and gives it back for reading. The name is the
  /// one that errors show.
  llvm::StringRef addFile(std::unique_ptr<llvm::MemoryBuffer> text);

  /// While it lives, mistakes have to do with this part of the language's
  /// reference, named as links name its heading: `sizes-and-axes`.
  class Topic {
  public:
    Topic(Diagnostics &diagnostics, llvm::StringLiteral heading)
        : diagnostics(diagnostics),
          before(std::exchange(diagnostics.topic, heading)) {}
    Topic(const Topic &) = delete;
    ~Topic() { diagnostics.topic = before; }

  private:
    Diagnostics &diagnostics;
    llvm::StringRef before;
  };

  /// Reports the user's mistake. `message` is lower case, without a full stop,
  /// and says what was found and what was needed. The same message at the same
  /// place is shown once: a block is elaborated once for every kind of argument
  /// it is given. Returns whether it was shown.
  bool error(llvm::SMLoc place, const llvm::Twine &message);
  /// A mistake outside of any model file: `error: config.json: ...`.
  void error(const llvm::Twine &message);
  /// Adds to the error just shown.
  void note(llvm::SMLoc place, const llvm::Twine &message);
  void note(const llvm::Twine &message);

  bool hasErrors() const { return errors != 0; }
  unsigned errorCount() const { return errors; }

  Position positionOf(llvm::SMLoc place) const;
  /// The other way round.
  llvm::SMLoc placeAt(llvm::StringRef file, unsigned line, unsigned column);
  /// `gpt2.heddle:38:7`, for messages which refer to another line.
  std::string describe(llvm::SMLoc place) const;

private:
  using Severity = files::Severity;
  void print(llvm::SMLoc place, Severity severity, const llvm::Twine &message);

  llvm::raw_ostream &os;
  Receiver receiver;
  llvm::SourceMgr sources;
  llvm::StringSet<> shown;
  unsigned errors = 0;
  llvm::StringRef topic;
  llvm::SetVector<llvm::StringRef> topics; ///< of what was shown
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_DIAGNOSTICS_H
