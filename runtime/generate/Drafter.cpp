#include "runtime/generate/Drafter.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime {

static constexpr int64_t callTokens = 256; // of a prompt that is read along

//===-- The small model's session --===//

/// As many rows and positions as the model's, where the small one takes them.
static heddle_session_options optionsFor(const heddle_session &model) {
  const heddle_program &program = *model.model->draft->program;
  heddle_session_options options = {1, 0, 0};
  int64_t mostTokens = 1, mostContext = 1, context = 0;
  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    int64_t &most = size.grows_by >= 0 ? mostContext : mostTokens;
    if (size.per >= 0)
      most = std::max(most, size.max);
  }
  for (int32_t s = 0; s < model.program().size_count; ++s)
    if (model.program().sizes[s].grows_by >= 0)
      context = std::max(context, model.limits.perRow[s]);
  if (program.row_size >= 0)
    options.rows =
        std::min(model.limits.rows, program.sizes[program.row_size].max);
  options.tokens =
      std::max(options.rows, std::min(callTokens, mostTokens * options.rows));
  options.context = std::min(context, mostContext);
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
  if (drafter->prepare()) {
    destroy(drafter);
    return nullptr;
  }
  return drafter;
}

heddle_status Drafter::prepare() {
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
  mirror.row.read = 0;
  mirror.skipped = skipped;
}

int64_t Drafter::follow(const Row &text) {
  if (text.number >= mirrors.size())
    return 0;
  Mirror &mirror = *mirrors[text.number];
  Row &row = mirror.row;
  auto held = static_cast<int64_t>(row.ids.size());
  // What a resumed text stands behind may never have been told.
  if (text.before < mirror.skipped || text.before > mirror.skipped + held)
    restart(mirror, text.before);
  auto before = static_cast<size_t>(text.before - mirror.skipped);
  size_t most = std::min(row.ids.size() - before, text.ids.size()), common = 0;
  while (common < most && row.ids[before + common] == text.ids[common])
    ++common;
  row.ids.shrink(before + common);
  row.ids.append(text.ids.data() + common, text.ids.size() - common);
  size_t length = before + text.ids.size();
  if (row.ids.size() != length)
    return 0; // trouble is noted
  // The last token is read in any case: its logits are what comes next.
  row.read = std::min({row.read, before + common, length - 1});
  row.prompt = before + text.prompt;
  row.longest = INT64_MAX;
  row.stream = text.stream;
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
