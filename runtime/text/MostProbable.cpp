// The most probable candidates of a sampler; see Sampler.h.

#include "runtime/text/Sampler.h"

#include <algorithm>

namespace heddle::text {

/// The lower id wins a tie, so that the order is total.
static bool isBefore(const Candidate &left, const Candidate &right) {
  return left.logit != right.logit ? left.logit > right.logit
                                   : left.id < right.id;
}

/// Sorts the `wanted` most probable of the candidates to the front.
void Sampler::sortFront(size_t wanted) {
  if (wanted < candidates.size())
    std::nth_element(candidates.begin(), candidates.begin() + wanted,
                     candidates.end(), isBefore);
  std::sort(candidates.begin(),
            candidates.begin() + std::min(wanted, candidates.size()), isBefore);
}

/// The place, in the order of probability, of the candidate with which the mass
/// is reached. Those before it stand in front of it, in any order: of the
/// ranges that their logits lie in, one alone is sorted.
size_t Sampler::findMass(double wanted) {
  auto [least, most] = std::minmax_element(
      candidates.begin(), candidates.end(),
      [](const Candidate &a, const Candidate &b) { return a.logit < b.logit; });
  float highest = most->logit, spread = highest - least->logit;
  float scale = spread > 0 ? (massRanges - 1) / spread : 0;
  auto rangeOf = [&](const Candidate &candidate) {
    float range = (highest - candidate.logit) * scale;
    return std::min(static_cast<size_t>(range), massRanges - 1);
  };
  masses.clear();
  if (!masses.resize(massRanges))
    return 0;
  for (const Candidate &candidate : candidates)
    masses[rangeOf(candidate)] += candidate.weight;
  size_t range = 0;
  double mass = 0;
  while (range + 1 < massRanges && mass + masses[range] < wanted)
    mass += masses[range++];
  Candidate *first = std::partition(
      candidates.begin(), candidates.end(),
      [&](const Candidate &candidate) { return rangeOf(candidate) < range; });
  Candidate *end =
      std::partition(first, candidates.end(), [&](const Candidate &candidate) {
        return rangeOf(candidate) == range;
      });
  std::sort(first, end, isBefore);
  Candidate *place = first;
  while (place != end && (mass += place->weight) < wanted)
    ++place;
  size_t found = place - candidates.begin();
  return std::min(found, candidates.size() - 1); // rounding may leave a crumb
}

/// How many of the most probable candidates, then sorted to the front, top-p
/// keeps. The sorted front grows until it holds the mass. Where that would be
/// most of many, they are not sorted.
size_t Sampler::countTopP(double total) {
  constexpr size_t many = 4096;
  for (size_t front = 64;; front *= 8) {
    front = std::min(front, candidates.size());
    inOrder = front < many;
    if (!inOrder)
      return findMass(options.topP * total) + 1;
    sortFront(front);
    double mass = 0;
    for (size_t i = 0; i < front; ++i)
      if ((mass += candidates[i].weight) >= options.topP * total)
        return i + 1;
    if (front == candidates.size())
      return front; // rounding kept the sum below p, or min-p ends it before
  }
}

} // namespace heddle::text
