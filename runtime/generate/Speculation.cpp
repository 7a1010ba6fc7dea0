#include "runtime/generate/Speculation.h"

#include <algorithm>

namespace heddle::runtime {

//===-- How long calls take --===//

void CallTimes::note(int64_t tokens, double seconds) {
  ++calls;
  if (tokens > mostTokens)
    return;
  Times &of = times[tokens];
  // The first call of a length finds cold code and pages.
  if (of.count++ > 0)
    of.seconds[(of.count - 2) % kept] = static_cast<float>(seconds);
  of.call = calls;
}

bool CallTimes::isKnown(int64_t tokens) const {
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

//===-- Drafts of a call --===//

bool Speculation::begin(StepCall &call, int64_t i, bool wanted) {
  State &state = states[i];
  Row &row = call.row(i);
  state = {0, 0, 0, 0, 1};
  if (!wanted)
    return false;
  if (!row.lookup && !(row.lookup = create<Lookup>()))
    return false;
  Lookup &lookup = *row.lookup;
  size_t known = lookup.size() - row.source;
  lookup.append(row.ids.data() + known, row.ids.size() - known);
  // The token behind the last draft is chosen too.
  auto left = row.longest - static_cast<int64_t>(row.ids.size()) - 1;
  state.most = std::min(left, call.roomFor(i));
  state.run = state.most > 0 ? lookup.find() : 0;
  return state.run > 0;
}

/// The row whose next draft is the likeliest to be chosen.
Speculation::State *Speculation::likeliest(const StepCall &call,
                                           double &chance) {
  State *likeliest = nullptr;
  for (int64_t i = 0; i < call.rows(); ++i) {
    State &state = states[i];
    if (!state.run || state.count >= state.most)
      continue;
    double next =
        state.reached * call.row(i).lookup->chance(state.run + state.count);
    if (!likeliest || next > chance)
      likeliest = &state, chance = next;
  }
  return likeliest;
}

/// Drafts are added in the order of their chances. Of all lengths on the way
/// the call gets the one with the most tokens a second: a few tokens more may
/// cost a step, and those behind it nothing.
void Speculation::plan(StepCall &call) {
  constexpr double least = 0.02; // a chance that is not worth a thought
  auto expected = static_cast<double>(call.rows());
  int64_t tokens = call.tokens(), most = CallTimes::mostTokens;
  double best = expected / times.expect(tokens), chance = 0;
  most = std::min(most, tokens + call.budgetLeft());
  while (tokens < most) {
    State *next = likeliest(call, chance);
    if (!next || chance < least)
      break;
    next->reached = chance;
    ++next->count;
    expected += chance;
    double rate = expected / times.expect(++tokens);
    if (rate <= best)
      continue;
    best = rate;
    for (int64_t i = 0; i < call.rows(); ++i)
      states[i].best = states[i].count;
  }
  for (int64_t i = 0; i < call.rows(); ++i)
    for (int64_t index = 0; index < states[i].best; ++index)
      call.addDraft(i, call.row(i).lookup->draft(index), states[i].run);
}

//===-- What becomes of them --===//

heddle_status chooseBehind(Writer &writer, StepCall &call, int64_t i,
                           GenerateReport &report) {
  Row &row = call.row(i);
  for (int64_t index = 0;; ++index) {
    if (heddle_status status = writer.choose(row, call.logitsOf(i, index)))
      return status;
    if (index == call.draftsOf(i))
      return HEDDLE_OK;
    bool chosen = row.ids.back() == call.draftOf(i, index);
    row.lookup->tell(call.runOf(i) + index, chosen);
    report.acceptedTokens += chosen;
    if (!chosen || row.done)
      return HEDDLE_OK;
    call.keepDraft(i, report);
  }
}

} // namespace heddle::runtime
