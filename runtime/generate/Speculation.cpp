#include "runtime/generate/Speculation.h"

#include <algorithm>

namespace heddle::runtime {

//===-- Where drafts come from --===//

bool Speculation::begin(StepCall &call, int64_t i, Writer &writer) {
  State &state = states[i];
  Row &row = call.row(i);
  state = {};
  state.writer = &writer;
  state.reached = 1;
  // The token behind the last draft is chosen too.
  auto left = row.longest - static_cast<int64_t>(row.ids.size()) - 1;
  state.most = std::min(left, call.roomFor(i));
  if (state.most <= 0)
    return false;
  int32_t source = writer.speculation();
  if (source != HEDDLE_SPECULATE_NONE && lookUp(row))
    state.run = row.lookup->find();
  if (source == HEDDLE_SPECULATE_MODEL && !goesOnAsBefore(state, row))
    state.source = HEDDLE_SPECULATE_MODEL;
  else if (state.run > 0)
    state.source = HEDDLE_SPECULATE_LOOKUP;
  return state.source != HEDDLE_SPECULATE_NONE;
}

/// Whether a small model need not be asked, since the text repeats itself.
bool Speculation::goesOnAsBefore(const State &state, const Row &row) {
  constexpr float likely = 0.6f;
  return state.run > 0 && row.lookup->chances.of(state.run) >= likely;
}

/// Has the row's lookup know the text.
bool Speculation::lookUp(Row &row) {
  if (!row.lookup && !(row.lookup = create<Lookup>()))
    return false;
  Lookup &lookup = *row.lookup;
  size_t known = lookup.size() - row.source;
  if (known == 0)
    lookup.chances.expect(memory->ofRuns);
  lookup.append(row.ids.data() + known, row.ids.size() - known);
  return true;
}

//===-- The small model --===//

DraftChances &Speculation::chancesOf(const State &state) const {
  return state.writer->draws() ? memory->ofDrawn : memory->ofLikeliest;
}

heddle_status Speculation::openDrafter() {
  if (!memory->drafter)
    memory->drafter = Drafter::open(session);
  return memory->drafter ? HEDDLE_OK : HEDDLE_OUT_OF_MEMORY;
}

/// Rows whose text it has read to its end get a draft a call, as long as one
/// more is worth the time. What it has not read of others it reads along.
heddle_status Speculation::askModel(StepCall &call, GenerateReport &report) {
  if (heddle_status status = openDrafter())
    return status;
  Drafter &drafter = *memory->drafter;
  for (int64_t i = 0; i < call.rows(); ++i)
    if (states[i].source != HEDDLE_SPECULATE_MODEL)
      continue;
    else if (isRunBetter(call, i))
      states[i].source = HEDDLE_SPECULATE_LOOKUP;
    else
      states[i].unread = drafter.follow(call.row(i));
  if (!isWorthAsking(call))
    return lookUpInstead(call), HEDDLE_OK;
  drafter.begin();
  for (int64_t i = 0; i < call.rows(); ++i)
    if (states[i].unread > 0)
      drafter.add(call.row(i).number);
  while (!drafter.isEmpty()) {
    if (heddle_status status = drafter.run())
      return status;
    report.decodeSeconds += drafter.seconds();
    // That a text is read is decided, and no reason to draft more.
    spent +=
        drafter.reads() ? secondsToDraft(drafter.rows()) : drafter.seconds();
    if (!readDrafts(call) || !isWorthAnother(call))
      break;
    drafter.begin();
    for (int64_t i = 0; i < call.rows(); ++i)
      if (states[i].goesOn)
        drafter.add(call.row(i).number);
  }
  return HEDDLE_OK;
}

/// Where the small model is not asked.
void Speculation::lookUpInstead(const StepCall &call) {
  for (int64_t i = 0; i < call.rows(); ++i)
    if (states[i].source == HEDDLE_SPECULATE_MODEL)
      states[i].source =
          states[i].run > 0 ? HEDDLE_SPECULATE_LOOKUP : HEDDLE_SPECULATE_NONE;
}

int64_t Speculation::stateOf(const StepCall &call, int64_t row) const {
  int64_t i = 0;
  while (call.row(i).number != row)
    ++i;
  return i;
}

/// Takes what the small model's call says. Whether some row goes on.
bool Speculation::readDrafts(const StepCall &call) {
  Drafter &drafter = *memory->drafter;
  bool any = false;
  for (int64_t i = 0; i < drafter.rows(); ++i) {
    const Row &text = drafter.row(i);
    State &state = states[stateOf(call, text.number)];
    state.goesOn = false;
    if (text.unread())
      continue; // the logits follow the middle of a text
    const float *logits = drafter.logitsOf(i, state.writer->vocabulary());
    if (logits)
      takeDraft(state, text, logits);
    any |= state.goesOn;
  }
  return any;
}

/// How far a logit is above all others.
static float marginOf(const float *logits, int64_t count, int32_t token) {
  constexpr int64_t lanes = 16;
  float most[lanes];
  std::fill(most, most + lanes, -3e38f);
  auto take = [&](int64_t from, int64_t to) {
    for (; from + lanes <= to; from += lanes)
      for (int64_t lane = 0; lane < lanes; ++lane)
        most[lane] =
            logits[from + lane] > most[lane] ? logits[from + lane] : most[lane];
    for (; from < to; ++from)
      most[0] = std::max(most[0], logits[from]);
  };
  take(0, token);
  take(token + 1, count);
  return logits[token] - *std::max_element(most, most + lanes);
}

/// The draft is what would be chosen if the small model's logits were the
/// model's: of texts that are drawn with the same random number.
void Speculation::takeDraft(State &state, const Row &text,
                            const float *logits) {
  Writer &writer = *state.writer;
  // The model has not read the last token of the text yet.
  int32_t token = writer.guess(text, state.drafted + 1, logits);
  if (token < 0)
    return;
  int32_t kind =
      DraftChances::kindOf(marginOf(logits, writer.vocabulary(), token));
  state.tokens[state.drafted] = token;
  state.kinds[state.drafted++] = kind;
  state.reached *= chancesOf(state).of(kind);
  bool hasRoom = memory->drafter->append(text.number, token);
  state.goesOn =
      hasRoom && state.drafted < state.most && !writer.rules.isEnd(token);
}

/// The most tokens a second that some number of drafts more for each of `rows`
/// is expected to make, each of which adds `gain` times the chance of all.
double Speculation::rateAhead(const StepCall &call, double expected,
                              double gain, int64_t rows, int64_t drafted,
                              double soFar) const {
  constexpr int64_t farthest = 8;
  double best = 0, chance = memory->ofLikeliest.ofAny();
  for (int64_t i = 0; i < call.rows(); ++i)
    if (states[i].source == HEDDLE_SPECULATE_MODEL)
      chance = chancesOf(states[i]).ofAny();
  for (int64_t more = 1; more <= farthest; ++more) {
    gain *= chance;
    expected += gain;
    drafted += rows;
    double seconds = soFar + static_cast<double>(more) * secondsToDraft(rows) +
                     memory->times.expect(call.tokens() + drafted);
    best = std::max(best, expected / seconds);
  }
  return best;
}

/// Of the small model, for a token of each of so many rows. Before its calls
/// are known they are taken to be as much shorter as it has fewer bytes.
double Speculation::secondsToDraft(int64_t rows) const {
  const Drafter &drafter = *memory->drafter;
  return drafter.times.isAnyKnown()
             ? drafter.times.expect(rows)
             : drafter.share * memory->times.expect(rows);
}

/// Before it is known no less than of the model: a prompt's time is arithmetic,
/// of which fewer bits need not be less.
double Speculation::secondsToRead(int64_t tokens) const {
  const Drafter &drafter = *memory->drafter;
  if (drafter.pace.isKnown())
    return drafter.pace.expect(tokens);
  return memory->pace.isKnown() ? memory->pace.expect(tokens)
                                : memory->times.expect(tokens);
}

/// Whether what was looked up is expected to make more tokens a second than
/// what the small model would draft.
bool Speculation::isRunBetter(const StepCall &call, int64_t i) const {
  const State &state = states[i];
  if (state.run == 0)
    return false;
  auto expected = static_cast<double>(call.rows());
  double best = 0, model = rateAhead(call, expected, 1, 1, 0, 0), reached = 1;
  const RunChances &chances = call.row(i).lookup->chances;
  for (int64_t more = 1; more <= state.most; ++more) {
    reached *= chances.of(state.run + more - 1);
    expected += reached;
    best =
        std::max(best, expected / memory->times.expect(call.tokens() + more));
  }
  return best >= model;
}

/// How many tokens are still to be expected of a text: nobody knows its end,
/// but what has become long is seldom about to end.
static double tokensAhead(const Row &row) {
  constexpr int64_t few = 8, part = 4;
  auto length = static_cast<int64_t>(row.ids.size());
  int64_t written = length - static_cast<int64_t>(row.prompt);
  return static_cast<double>(
      std::min(row.longest - length, few + written / part));
}

/// What a call of drafts is expected to gain, in seconds a token. Not more than
/// 0 while nothing is known of calls without.
double Speculation::gainOfAToken(const StepCall &call, int64_t rows) const {
  const CallTimes &large = memory->times;
  if (!large.isAnyKnown() ||
      (!large.isKnown(call.tokens()) && ++memory->idle % 2))
    return 0;
  auto count = static_cast<double>(call.rows());
  double best = rateAhead(call, count, static_cast<double>(rows), rows, 0, 0);
  return large.expect(call.tokens()) / count - 1 / best;
}

/// Whether the small model is to read the texts, or their ends: what drafts are
/// expected to gain has to repay it.
bool Speculation::isWorthAsking(const StepCall &call) {
  constexpr int64_t retry = 64; // idle calls, after which less is known
  constexpr int64_t few = Drafter::fewTokens;
  int64_t rows = 0, unread = 0, unreadEnds = 0;
  double ahead = 0;
  for (int64_t i = 0; i < call.rows(); ++i)
    if (int64_t ofRow = states[i].unread) {
      ++rows, unread += ofRow;
      unreadEnds += ofRow < 2 * few ? ofRow : few;
      ahead += tokensAhead(call.row(i));
    }
  double gain = rows ? gainOfAToken(call, rows) : 0;
  if (gain <= 0) {
    if (rows && ++memory->idle % retry == 0)
      memory->ofLikeliest.forget(), memory->ofDrawn.forget();
    return false;
  }
  if (secondsToRead(unread - rows) <= ahead * gain)
    return true;
  if (secondsToRead(unreadEnds - rows) > ahead * gain)
    return false;
  for (int64_t i = 0; i < call.rows(); ++i)
    if (states[i].unread >= 2 * few)
      states[i].unread = memory->drafter->followEnd(call.row(i).number);
  return true;
}

bool Speculation::isWorthAnother(const StepCall &call) const {
  constexpr int64_t enough = 4; // while nothing is known of times
  auto expected = static_cast<double>(call.rows());
  double gain = 0;
  int64_t rows = 0, drafted = 0, longest = 0;
  for (int64_t i = 0; i < call.rows(); ++i) {
    const State &state = states[i];
    double reached = 1;
    for (int64_t index = 0; index < state.drafted; ++index)
      expected += reached *= chancesOf(state).of(state.kinds[index]);
    drafted += state.drafted;
    longest = std::max(longest, state.drafted);
    rows += state.goesOn;
    gain += state.goesOn ? reached : 0;
  }
  const CallTimes &large = memory->times;
  if (!large.isAnyKnown() || !memory->drafter->times.isAnyKnown())
    return longest < enough;
  double now = expected / (spent + large.expect(call.tokens() + drafted));
  return drafted + rows <= call.budgetLeft() &&
         rateAhead(call, expected, gain, rows, drafted, spent) > now;
}

//===-- Drafts of a call --===//

/// Of the next draft of row i.
double Speculation::chanceOf(const StepCall &call, int64_t i) const {
  const State &state = states[i];
  return state.source == HEDDLE_SPECULATE_MODEL
             ? chancesOf(state).of(state.kinds[state.count])
             : call.row(i).lookup->chances.of(state.run + state.count);
}

/// The row whose next draft is the likeliest to be chosen.
Speculation::State *Speculation::likeliest(const StepCall &call,
                                           double &chance) {
  State *likeliest = nullptr;
  for (int64_t i = 0; i < call.rows(); ++i) {
    State &state = states[i];
    if (!state.source || state.count >= draftsKnown(state))
      continue;
    double next = state.reached * chanceOf(call, i);
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
  const CallTimes &times = memory->times;
  auto expected = static_cast<double>(call.rows());
  int64_t tokens = call.tokens(), most = CallTimes::mostTokens;
  double best = expected / (spent + times.expect(tokens)), chance = 0;
  most = std::min(most, tokens + call.budgetLeft());
  for (int64_t i = 0; i < call.rows(); ++i)
    states[i].reached = 1;
  while (tokens < most) {
    State *next = likeliest(call, chance);
    if (!next || chance < least)
      break;
    next->reached = chance;
    ++next->count;
    expected += chance;
    double rate = expected / (spent + times.expect(++tokens));
    if (rate <= best)
      continue;
    best = rate;
    for (int64_t i = 0; i < call.rows(); ++i)
      states[i].best = states[i].count;
  }
  for (int64_t i = 0; i < call.rows(); ++i)
    for (int64_t index = 0; index < states[i].best; ++index)
      call.addDraft(i, states[i].source == HEDDLE_SPECULATE_MODEL
                           ? states[i].tokens[index]
                           : call.row(i).lookup->draft(index));
}

//===-- What becomes of them --===//

heddle_status Speculation::choose(Writer &writer, StepCall &call, int64_t i,
                                  GenerateReport &report) {
  Row &row = call.row(i);
  for (int64_t index = 0;; ++index) {
    if (heddle_status status = writer.choose(row, call.logitsOf(i, index)))
      return status;
    if (index == call.draftsOf(i))
      return HEDDLE_OK;
    bool chosen = row.ids.back() == call.draftOf(i, index);
    tell(call, i, index, chosen);
    report.acceptedTokens += chosen;
    if (!chosen || row.done)
      return HEDDLE_OK;
    call.keepDraft(i, report);
  }
}

void Speculation::tell(StepCall &call, int64_t i, int64_t index,
                       bool isChosen) {
  State &state = states[i];
  if (state.source == HEDDLE_SPECULATE_MODEL)
    chancesOf(state).tell(state.kinds[index], isChosen);
  else
    for (RunChances *chances : {&call.row(i).lookup->chances, &memory->ofRuns})
      chances->tell(state.run + index, isChosen);
}

} // namespace heddle::runtime
