// Lines that a user types, with libedit where it is installed.
//
// libedit is asked for when the program runs, so that it starts where there is
// none; lines are then read as the terminal gives them.
#ifndef HEDDLE_RUNTIME_MAIN_LINEEDITOR_H
#define HEDDLE_RUNTIME_MAIN_LINEEDITOR_H

#include "runtime/text/Buffer.h"

namespace heddle::runtime {

class LineEditor {
public:
  LineEditor() = default;
  LineEditor(const LineEditor &) = delete;
  LineEditor &operator=(const LineEditor &) = delete;
  ~LineEditor();

  /// To be called first where both ends are a terminal. False: there is no
  /// libedit.
  bool useTerminal();

  enum class Result { Line, Interrupted, End };
  /// Reads a line, without its end. `prompt` stands before it on a terminal.
  Result read(const char *prompt, text::Text &line);
  /// What the arrow keys bring back.
  void remember(const char *entry);

private:
  Result readPlain(text::Text &line);

  struct Library;
  Library *library = nullptr;
  bool isTerminal = false;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_LINEEDITOR_H
