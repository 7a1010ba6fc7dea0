// How fast a program is on this machine: `./model bench`.
#ifndef HEDDLE_RUNTIME_MAIN_BENCH_H
#define HEDDLE_RUNTIME_MAIN_BENCH_H

#include "runtime/Session.h"
#include "runtime/main/Arguments.h"

namespace heddle::runtime {

/// One line of the table.
struct Measurement {
  const char *work; // "prompt", "generate", "batch", "encode", "first token"
  int64_t rows;     // of a call
  int64_t tokens;   // of a row
  int64_t depth;    // positions that stand before them; of a batch on average
  double seconds;   // the median of all repetitions, and
  double spread;    // half of what the middle half of them spans
  int64_t allTokens() const { return rows * tokens; }
};

/// Prints measurements as they come: a table, or an object a line.
class BenchReport {
public:
  explicit BenchReport(bool json) : json(json) {}
  void begin(const heddle_model &model, int64_t repetitions);
  void add(const Measurement &measured, int32_t threads);
  /// What does not fit into the model is told.
  void skip(const char *work, int64_t tokens, int64_t depth, int64_t most);
  /// The most memory that the process has had.
  void end(const heddle_program &program);

private:
  bool json;
};

/// Returns the exit code. Opens the program itself, for each number of threads.
int bench(const heddle_program &program, const Arguments &arguments);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_BENCH_H
