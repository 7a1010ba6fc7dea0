// Numbers of a network as scores, the best first.
#ifndef HEDDLE_RUNTIME_MAIN_ANSWERS_SCORES_H
#define HEDDLE_RUNTIME_MAIN_ANSWERS_SCORES_H

#include "runtime/main/Arguments.h"
#include "runtime/main/Output.h"

#include <span>

namespace heddle::runtime {

/// What is best where the command line does not say how many are wanted.
constexpr int32_t shownByDefault = 5;

struct Scored {
  int32_t index;
  float score;
};

/// `score` is a HEDDLE_SCORE_....
void makeScores(int32_t score, const float *numbers, int64_t count,
                List<float> &scores);

/// The best `most`, in falling order; of equal ones the first.
void findBest(const float *scores, int64_t count, int64_t most,
              List<Scored> &best);

/// What is asked about, and how each name for it is scored, as table, JSON or
/// one array of all scores.
class LabelPrinter {
public:
  /// `what`: "text" or "file". The names must outlive the printer.
  LabelPrinter(const char *what, std::span<const char *const> names,
               const Arguments &arguments)
      : what(what), names(names), arguments(arguments) {}

  // Each returns the exit code, and has printed what was wrong.
  int open();
  /// `pair` may be null.
  int print(const char *asked, const char *pair, const List<float> &scores);
  int finish();

private:
  void printTable(const char *asked, const char *pair);
  void printJson(const char *asked, const char *pair);

  const char *what;
  std::span<const char *const> names;
  const Arguments &arguments;
  OutputFile file;
  List<Scored> best;
  List<float> all; // for an array
};

/// `text` and, if it is there, `pair`: the beginning of an object, with what
/// follows yet to come.
void beginJson(FILE *file, const char *what, const char *asked,
               const char *pair);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_ANSWERS_SCORES_H
