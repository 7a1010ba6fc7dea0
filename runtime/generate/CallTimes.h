// How long calls of a model take, by how many tokens they read.
#ifndef HEDDLE_RUNTIME_GENERATE_CALLTIMES_H
#define HEDDLE_RUNTIME_GENERATE_CALLTIMES_H

#include <cstdint>

namespace heddle::runtime {

/// From calls that ran: the shortest of the last few of each length, since
/// others disturb a call but never help it.
class CallTimes {
public:
  static constexpr int64_t mostTokens = 256;

  void note(int64_t tokens, double seconds);
  /// What is not known is taken from its neighbours. In units of no meaning
  /// where nothing is known.
  double expect(int64_t tokens) const;
  /// Whether calls of this length have been timed of late.
  bool isKnown(int64_t tokens) const;
  bool isAnyKnown() const { return timed; }

private:
  static constexpr int64_t kept = 4, staleCalls = 2000;
  struct Times {
    float seconds[kept];
    int32_t count;
    int64_t call; // the last
  };
  double known(int64_t tokens) const;

  Times times[mostTokens + 1] = {};
  int64_t calls = 0;
  bool timed = false;
};

/// How long prompts take, in seconds a token of calls that read many.
class Pace {
public:
  static constexpr int64_t least = 16; // tokens of a call that tells

  void note(int64_t tokens, double seconds);
  bool isKnown() const { return secondsOfOne > 0; }
  double expect(int64_t tokens) const {
    return static_cast<double>(tokens) * secondsOfOne;
  }

private:
  double secondsOfOne = 0; // at best: others disturb a call but never help it
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_CALLTIMES_H
