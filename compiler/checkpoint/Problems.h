//===- Problems.h - The user's mistakes found in one run --------*- C++ -*-===//
//
// Collects what is wrong with a checkpoint, so that independent faults are
// reported together: `error: PATH: tensor NAME: found X, needed Y`, one a line.
//
//===----------------------------------------------------------------------===//
#ifndef HEDDLE_COMPILER_CHECKPOINT_PROBLEMS_H
#define HEDDLE_COMPILER_CHECKPOINT_PROBLEMS_H

#include "compiler/files/Message.h"
#include "compiler/files/SharedFiles.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <utility>
#include <vector>

namespace heddle::checkpoint {

/// Whether one name stands before another in a list: layers.2 before
/// layers.10.
inline bool standsBefore(llvm::StringRef a, llvm::StringRef b) {
  return a.compare_numeric(b) < 0;
}

class Problems {
public:
  /// While it lives, problems have to do with this part of MISTAKES.md, named
  /// as links name its heading: `missing-tensors`.
  class Topic {
  public:
    Topic(Problems &problems, llvm::StringLiteral heading)
        : problems(problems), before(std::exchange(problems.topic, heading)) {}
    Topic(const Topic &) = delete;
    ~Topic() { problems.topic = before; }

  private:
    Problems &problems;
    llvm::StringRef before;
  };

  /// `where` is a path, perhaps with line and column or a tensor's name.
  void add(const llvm::Twine &where, const llvm::Twine &what) {
    add((where + ": " + what).str());
  }

  /// An error that says itself where.
  void add(llvm::Error error) { add(llvm::toString(std::move(error))); }

  /// What a file asks for rightly and Heddle does not have: what becomes of it
  /// is for the caller to decide. No problem in itself.
  void addUnsupported(const llvm::Twine &where, const llvm::Twine &what) {
    lacking.push_back((where + ": " + what).str());
  }
  llvm::ArrayRef<std::string> unsupported() const { return lacking; }

  /// What the user should know and need not mend.
  void addNote(const llvm::Twine &where, const llvm::Twine &what) {
    remarks.push_back((where + ": " + what).str());
  }
  llvm::ArrayRef<std::string> notes() const { return remarks; }

  bool empty() const { return lines.empty(); }
  size_t size() const { return lines.size(); }
  /// Without the leading `error: `.
  llvm::ArrayRef<std::string> messages() const { return lines; }
  /// Of each message, or empty.
  llvm::ArrayRef<llvm::StringRef> topics() const { return topicsOfLines; }

  void print(llvm::raw_ostream &os, size_t limit = 20) const {
    size_t shown = std::min(limit, lines.size());
    for (size_t i = 0; i < shown; ++i)
      files::printMessage(os, files::Severity::Error, lines[i]);
    if (shown < lines.size())
      files::printMessage(os, files::Severity::Error,
                          "and " + llvm::Twine(lines.size() - shown) + " more");
    std::vector<std::string> headings;
    for (llvm::StringRef topic : topics().take_front(shown))
      if (std::string heading = ("#" + topic).str();
          !topic.empty() && !llvm::is_contained(headings, heading))
        headings.push_back(std::move(heading));
    if (!headings.empty())
      files::printMessage(os, files::Severity::Note,
                          "see " + files::checkpointMistakes() + " " +
                              llvm::join(headings, ", "));
  }

private:
  void add(std::string line) {
    lines.push_back(std::move(line));
    topicsOfLines.push_back(topic);
  }

  std::vector<std::string> lines, lacking, remarks;
  std::vector<llvm::StringRef> topicsOfLines;
  llvm::StringRef topic;
};

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PROBLEMS_H
