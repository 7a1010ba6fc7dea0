// Choosing among the continuations of beams; see BeamSearch.h. Numbers are
// added, divided and compared in f32, as Hugging Face does.
#include "runtime/generate/BeamSearch.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime {

/// Even if every end of a text were among the best tokens of all beams, as many
/// others are left as there are beams.
static size_t countCandidates(int32_t beams, int32_t endCount) {
  return static_cast<size_t>(beams) * std::max(2, 1 + endCount);
}

BeamSearch::BeamSearch(const BeamOptions &options, int64_t longest,
                       int32_t endCount)
    : options(options), longest(longest),
      candidates(countCandidates(options.beams, endCount)) {}

BeamSearch::~BeamSearch() {
  for (EndedText *text : best)
    destroy(text);
}

bool BeamSearch::prepare() {
  auto beams = static_cast<size_t>(options.beams);
  if (!best.allocate(options.beams + 1) || !current.reserve(beams) ||
      !next.reserve(beams) || !offered.reserve(beams * candidates))
    return false;
  for (EndedText *&text : best)
    if (!(text = create<EndedText>()))
      return false;
  current.push({0, 0, -1});
  return true;
}

void BeamSearch::offer(int32_t beam,
                       const text::Buffer<text::Candidate> &likeliest) {
  for (const text::Candidate &token : likeliest)
    offered.push({current[beam].score + token.logit, beam, token.id});
  ++offers;
}

/// The best of all beams, the lower beam and then the lower token first among
/// equals.
void BeamSearch::sortOffers() {
  auto before = [](const Continuation &left, const Continuation &right) {
    if (left.score != right.score)
      return left.score > right.score;
    return left.beam != right.beam ? left.beam < right.beam
                                   : left.token < right.token;
  };
  size_t kept = std::min(candidates, offered.size());
  std::partial_sort(offered.begin(), offered.begin() + kept, offered.end(),
                    before);
  offered.shrink(kept);
}

void BeamSearch::advance(const text::Ids *const *texts, size_t prompt,
                         const TokenRules &rules) {
  sortOffers();
  ++length;
  next.clear();
  auto beamCount = static_cast<size_t>(options.beams);
  for (size_t rank = 0; rank < offered.size(); ++rank) {
    const Continuation &last = offered[rank];
    if (rules.isEnd(last.token) || length == longest) {
      if (rank < beamCount)
        end(last, *texts[last.beam], prompt);
    } else if (next.size() < beamCount) {
      next.push(last);
    }
  }
  current.swap(next);
  offered.clear();
  offers = 0;
  done = current.empty() || isGoodEnough();
}

float BeamSearch::scoreOf(float sum, int64_t tokens) const {
  return sum / static_cast<float>(
                   std::pow(static_cast<double>(tokens),
                            static_cast<double>(options.lengthPenalty)));
}

/// Takes its place among the best that have ended; of equals the first one.
void BeamSearch::end(const Continuation &last, const text::Ids &text,
                     size_t prompt) {
  EndedText *added = best[endedTexts];
  added->score = scoreOf(last.score, length);
  added->ids.clear();
  added->ids.append(text.data() + prompt, text.size() - prompt);
  added->ids.push(last.token);
  int32_t rank = endedTexts;
  for (; rank > 0 && best[rank - 1]->score < added->score; --rank)
    best[rank] = best[rank - 1];
  best[rank] = added;
  endedTexts = std::min(endedTexts + 1, options.beams);
}

/// Whether no beam is expected to end better than what has ended. A beam's
/// score only falls, but it is divided by a length that grows: unless
/// early_stopping is "never", the length that it has is what counts.
bool BeamSearch::isGoodEnough() const {
  if (endedTexts < options.beams)
    return false;
  if (options.earlyStopping == HEDDLE_EARLY_STOPPING_YES)
    return true;
  bool mayGrow = options.earlyStopping == HEDDLE_EARLY_STOPPING_NEVER &&
                 options.lengthPenalty > 0;
  float hoped = scoreOf(current[0].score, mayGrow ? longest : length);
  return hoped <= best[endedTexts - 1]->score;
}

} // namespace heddle::runtime
