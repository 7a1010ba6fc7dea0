#include "runtime/generate/CallTimes.h"

#include <algorithm>

namespace heddle::runtime {

void CallTimes::note(int64_t tokens, double seconds) {
  ++calls;
  if (tokens > mostTokens)
    return;
  Times &of = times[tokens];
  // The first call of a length finds cold code and pages.
  if (of.count++ > 0)
    of.seconds[(of.count - 2) % kept] = static_cast<float>(seconds),
                                timed = true;
  of.call = calls;
}

bool CallTimes::isKnown(int64_t tokens) const {
  if (tokens > mostTokens)
    return false;
  const Times &of = times[tokens];
  return of.count > 1 && calls - of.call < staleCalls;
}

double CallTimes::known(int64_t tokens) const {
  const Times &of = times[tokens];
  int64_t count = std::min<int64_t>(of.count - 1, kept);
  return *std::min_element(of.seconds, of.seconds + count);
}

/// A token more than what is known is taken to cost little, so that it is
/// tried.
double CallTimes::expect(int64_t tokens) const {
  constexpr double more = 0.05;
  tokens = std::min(tokens, mostTokens);
  int64_t below = tokens, above = tokens;
  while (below > 0 && !isKnown(below))
    --below;
  while (above <= mostTokens && !isKnown(above))
    ++above;
  if (below == above)
    return known(tokens);
  auto distance = static_cast<double>(tokens - below);
  if (below == 0)
    return above > mostTokens ? 1 + more * distance : known(above);
  if (above > mostTokens)
    return known(below) * (1 + more * distance);
  double part = distance / static_cast<double>(above - below);
  return std::max(known(below),
                  known(below) + part * (known(above) - known(below)));
}

void Pace::note(int64_t tokens, double seconds) {
  double ofOne = seconds / static_cast<double>(tokens);
  if (tokens >= least && (!isKnown() || ofOne < secondsOfOne))
    secondsOfOne = ofOne;
}

} // namespace heddle::runtime
