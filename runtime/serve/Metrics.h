// What is told of the server's work, as Prometheus reads it.
#ifndef HEDDLE_RUNTIME_SERVE_METRICS_H
#define HEDDLE_RUNTIME_SERVE_METRICS_H

#include "runtime/serve/Engine.h"

namespace heddle::serve {

/// How often something took so long.
class Histogram {
public:
  void add(double seconds);
  void write(text::Text &out, const char *name, const char *help) const;

private:
  static constexpr double bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                      1,     2.5,  5,     10,   30,  60,   300};
  static constexpr int boundCount = sizeof bounds / sizeof *bounds;
  int64_t counts[boundCount + 1] = {};
  double sum = 0;
};

/// Belongs to the loop's thread.
struct Metrics {
  /// Replies, by the hundreds of their codes.
  int64_t replies[6] = {};
  int64_t gone = 0; // clients that went away before their reply
  Histogram firstToken, request;

  void count(int code) {
    if (code >= 0 && code < 600)
      ++replies[code / 100];
  }
  void write(text::Text &out, const EngineCounts &counts) const;
};

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_METRICS_H
