#include "runtime/generate/Drafter.h"
#include "runtime/Error.h"
#include "runtime/TextUse.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime {

static constexpr int64_t callTokens = 256; // of a prompt that is read along

//===-- The small model's session --===//

/// As many rows and positions as the model's, where the small one takes them.
static heddle_session_options optionsFor(const heddle_session &model) {
  const heddle_program &program = *model.model->draft->program;
  heddle_session_options options = {1, 0, 0};
  int64_t context = 0;
  for (int32_t s = 0; s < model.program().size_count; ++s)
    if (model.program().sizes[s].grows_by >= 0)
      context = std::max(context, model.limits.perRow[s]);
  if (program.row_size >= 0)
    options.rows =
        std::min(model.limits.rows, program.sizes[program.row_size].max);
  options.tokens = std::max(
      options.rows, std::min(callTokens, mostGiven(program) * options.rows));
  options.context = std::min(context, mostContext(program));
  return options;
}

Drafter *Drafter::open(const heddle_session &model) {
  heddle_session_options options = optionsFor(model);
  heddle_session *session = heddle_session_open(model.model->draft, &options);
  if (!session)
    return nullptr;
  auto *drafter = create<Drafter>(*session);
  if (!drafter) {
    fail(HEDDLE_OUT_OF_MEMORY, "no memory to draft");
    heddle_session_close(session);
    return nullptr;
  }
  if (drafter->prepare(*model.model)) {
    destroy(drafter);
    return nullptr;
  }
  return drafter;
}

heddle_status Drafter::prepare(const heddle_model &model) {
  // Without weights nothing says how long its calls take.
  if (int64_t bytes = model.weights.tensorBytes())
    share = static_cast<double>(session.model->weights.tensorBytes()) /
            static_cast<double>(bytes);
  if (heddle_status status = step.find(*session.model))
    return status;
  int64_t rows = session.limits.rows;
  known = static_cast<int32_t>(
      std::min<int64_t>(step.entry->inputs[0].index_bound, step.vocabulary));
  if (!nextCall.allocate(rows) || !mirrors.allocate(rows))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to draft");
  for (int64_t i = 0; i < rows; ++i) {
    if (!(mirrors[i] = create<Mirror>()))
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory to draft");
    mirrors[i]->row.number = i;
  }
  return HEDDLE_OK;
}

Drafter::~Drafter() {
  for (Mirror *mirror : mirrors)
    destroy(mirror);
  heddle_session_close(&session);
}

//===-- Texts --===//

void Drafter::restart(Mirror &mirror, int64_t skipped) {
  mirror.row.ids.clear();
  mirror.unseen.clear();
  mirror.row.read = 0;
  mirror.skipped = skipped;
}

/// Whether the text goes on behind what was skipped.
bool Drafter::goesOn(const Mirror &mirror, const Row &text) {
  int64_t told = mirror.skipped - static_cast<int64_t>(mirror.unseen.size());
  int64_t held = mirror.skipped + static_cast<int64_t>(mirror.row.ids.size());
  int64_t end = text.before + static_cast<int64_t>(text.ids.size());
  // What a resumed text stands behind may never have been told.
  if (text.before < told || text.before > held || end <= mirror.skipped)
    return false;
  for (int64_t at = text.before; at < mirror.skipped; ++at)
    if (text.ids[static_cast<size_t>(at - text.before)] !=
        mirror.unseen[static_cast<size_t>(at - told)])
      return false;
  return true;
}

/// Has the mirror hold the text behind what is skipped; how much of that it
/// held before.
size_t Drafter::take(Mirror &mirror, const Row &text) {
  Row &row = mirror.row;
  int64_t ahead = text.before - mirror.skipped;
  auto before = static_cast<size_t>(std::max<int64_t>(ahead, 0));
  auto first = static_cast<size_t>(std::max<int64_t>(-ahead, 0));
  const int32_t *ids = text.ids.data() + first;
  size_t count = text.ids.size() - first;
  size_t most = std::min(row.ids.size() - before, count), common = 0;
  while (common < most && row.ids[before + common] == ids[common])
    ++common;
  row.ids.shrink(before + common);
  row.ids.append(ids + common, count - common);
  row.prompt = static_cast<size_t>(
      std::max<int64_t>(ahead + static_cast<int64_t>(text.prompt), 0));
  return before + common;
}

/// Skips all but the last tokens.
void Drafter::skipBeginning(Mirror &mirror, size_t kept) {
  Row &row = mirror.row;
  size_t cut = row.ids.size() - kept;
  mirror.unseen.append(row.ids.data(), cut);
  mirror.skipped += static_cast<int64_t>(cut);
  std::copy(row.ids.begin() + cut, row.ids.end(), row.ids.begin());
  row.ids.shrink(kept);
  row.prompt -= std::min(row.prompt, cut);
  row.read = 0;
}

/// How many tokens are to be read then; 0: the row cannot be drafted.
int64_t Drafter::rewind(Mirror &mirror) {
  Row &row = mirror.row;
  // What a window has left behind is read again.
  if (rewindRow(session, row.number, static_cast<int64_t>(row.read))) {
    row.read = 0;
    if (rewindRow(session, row.number, 0))
      return 0;
  }
  bool knowsAll = std::all_of(row.ids.begin() + row.read, row.ids.end(),
                              [&](int32_t id) { return id < known; });
  return knowsAll && row.unread() <= step.roomOf(session, row.number)
             ? row.unread()
             : 0;
}

int64_t Drafter::follow(const Row &text) {
  if (text.number >= mirrors.size())
    return 0;
  Mirror &mirror = *mirrors[text.number];
  Row &row = mirror.row;
  if (!goesOn(mirror, text))
    restart(mirror, text.before);
  size_t held = take(mirror, text);
  // The last token is read in any case: its logits are what comes next.
  row.read = std::min({row.read, held, row.ids.size() - 1});
  row.longest = INT64_MAX;
  row.stream = text.stream;
  int64_t unread = rewind(mirror);
  bool hasRoom = step.positions(session) >= 2 * fewTokens;
  return unread || row.ids.size() <= fewTokens || !hasRoom
             ? unread
             : followEnd(text.number);
}

int64_t Drafter::followEnd(int64_t number) {
  Mirror &mirror = *mirrors[number];
  skipBeginning(mirror, fewTokens);
  return rewind(mirror);
}

bool Drafter::append(int64_t number, int32_t token) {
  Row &row = mirrors[number]->row;
  row.ids.push(token);
  return token < known && step.roomOf(session, number) > 0;
}

//===-- Calls --===//

void Drafter::add(int64_t number) {
  nextCall.add(mirrors[number]->row, number);
}

heddle_status Drafter::run() {
  if (heddle_status status = nextCall.run(ignored))
    return status;
  if (reads())
    pace.note(nextCall.tokens(), nextCall.seconds());
  else
    times.note(nextCall.tokens(), nextCall.seconds());
  return HEDDLE_OK;
}

const float *Drafter::logitsOf(int64_t i, int64_t vocabulary) {
  const float *logits = nextCall.logitsOf(i);
  if (step.vocabulary >= vocabulary)
    return logits;
  if (!padded.resize(static_cast<size_t>(vocabulary)))
    return nullptr;
  std::copy_n(logits, step.vocabulary, padded.data());
  std::fill(padded.data() + step.vocabulary, padded.end(), -INFINITY);
  return padded.data();
}

} // namespace heddle::runtime
