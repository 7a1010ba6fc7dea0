// How far a long piece of work has come: one line at a terminal, gone at the
// end.
#ifndef HEDDLE_RUNTIME_MAIN_PROGRESS_H
#define HEDDLE_RUNTIME_MAIN_PROGRESS_H

#include <cstdint>

namespace heddle::runtime {

class Progress {
public:
  /// `what` is counted: "texts".
  explicit Progress(const char *what);
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;
  ~Progress() { hide(); }

  /// `part` of the work, from 0 to 1, is done, which is `count` of what is
  /// counted. Less than 0: nobody knows how much there is.
  void show(int64_t count, double part);
  /// Before anything else is printed.
  void hide();

private:
  const char *what;
  bool wanted, shown = false;
  double start, last = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_PROGRESS_H
