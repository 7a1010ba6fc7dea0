#include "runtime/generate/Batch.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cinttypes>

namespace heddle::runtime {

/// A row of the session: the text that is written in it, or what is left of the
/// last one.
struct Batch::Text {
  Row row;
  Writer *writer = nullptr; // null: the row is free
  TextListener *listener = nullptr;
  uint64_t began = 0, used = 0; // the batch's clock
  int64_t shared = 0; // tokens of the prompt that were in some row already
  text::Text last;    // what was held back until the end
  text::Ids source;   // the prompt, until an encoder has read it

  // Another text that reads the beginning of this prompt for both.
  const Text *leader = nullptr;
  uint64_t leaderBegan = 0;
  int64_t common = 0;

  ~Text() { destroy(writer); }

  int64_t held() const { return static_cast<int64_t>(row.read); }
  static int32_t onToken(void *user, int64_t, int32_t token, const char *text,
                         int64_t bytes);
};

int32_t Batch::Text::onToken(void *user, int64_t, int32_t token,
                             const char *bytes, int64_t count) {
  auto &text = *static_cast<Text *>(user);
  std::string_view piece(bytes, static_cast<size_t>(count));
  if (token >= 0)
    return text.listener->take(token, piece);
  text.last.append(piece);
  return 0;
}

Batch::~Batch() {
  for (Text *text : rows)
    destroy(text);
}

/// Whether what a row has read can be copied to another, in part too.
static bool keepsPositions(const heddle_program &program) {
  return std::all_of(program.caches, program.caches + program.cache_count,
                     [](const heddle_cache &cache) {
                       return !cache.is_state && cache.size >= 0;
                     });
}

heddle_status Batch::open(int64_t promptTokensOfCall) {
  if (heddle_status status = lock.check())
    return status;
  const heddle_program &program = session.program();
  if (heddle_status status = source.find(*session.model, 1))
    return status;
  if (heddle_status status = step.find(*session.model))
    return status;
  if (source.entry && source.size < 0)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s reads no texts: what %s reads cannot join others",
                program.name, source.entry->name);
  if (source.entry && generationOf(program).decoder_start < 0)
    return noDecoderStart();
  canShare = keepsPositions(program);
  promptTokens = promptTokensOfCall;
  if (!rows.allocate(session.limits.rows) ||
      !sourceRows.allocate(session.limits.rows) ||
      !sourceLengths.allocate(session.limits.rows) ||
      !nextCall.allocate(session.limits.rows) ||
      !speculation.allocate(session.limits.rows) ||
      !choices.allocate(session.limits.rows))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory for a batch");
  for (int64_t i = 0; i < rows.size(); ++i) {
    rows[i] = create<Text>();
    if (!rows[i])
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory for a batch");
    rows[i]->row.number = i;
  }
  return HEDDLE_OK;
}

//===-- Rows --===//

static int64_t commonTokens(const text::Ids &ids, size_t most,
                            const int32_t *prompt, int64_t tokens) {
  most = std::min(most, static_cast<size_t>(tokens));
  return std::mismatch(prompt, prompt + most, ids.data()).first - prompt;
}

/// A free row: one that holds the beginning of the prompt and nothing else, the
/// more of it the better; else the one that was left the longest ago.
Batch::Text *Batch::chooseRow(const int32_t *prompt, int64_t tokens) {
  Text *chosen = nullptr;
  int64_t most = 0;
  for (Text *text : rows) {
    if (text->writer)
      continue;
    int64_t held = text->held();
    // The last token is read in any case: its logits are asked for.
    bool goesOn =
        held > most && held < tokens &&
        commonTokens(text->row.ids, text->row.read, prompt, tokens) == held;
    if (goesOn || !chosen || (most == 0 && text->used < chosen->used))
      chosen = text;
    if (goesOn)
      most = held;
  }
  return chosen;
}

/// Another row whose text begins as this one's prompt does, and further than
/// what this one's row holds.
Batch::Text *Batch::findSource(const Text &target, int64_t held) {
  Text *source = nullptr;
  const text::Ids &prompt = target.row.ids;
  int64_t most = held;
  for (Text *text : rows) {
    if (text == &target)
      continue;
    size_t known = text->writer ? text->row.ids.size() : text->row.read;
    int64_t common = commonTokens(text->row.ids, known, prompt.data(),
                                  static_cast<int64_t>(prompt.size()) - 1);
    // What is still read goes on there once it has been.
    bool goesOn =
        text->held() < common || goesOnAt(session, text->row.number, common);
    if (common > most && goesOn)
      source = text, most = common;
  }
  return source;
}

/// What would make a call fail is found here, or it would fail for all.
heddle_status Batch::checkPrompt(const int32_t *prompt, int64_t tokens) const {
  if (tokens < 1)
    return fail(HEDDLE_BAD_ARGUMENT, "the prompt is empty");
  const Reader &reader = source.entry ? source : step;
  int32_t bound = reader.entry->inputs[0].index_bound;
  for (int64_t i = 0; i < tokens; ++i)
    if (prompt[i] < 0 || prompt[i] >= bound)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "the prompt has token %d, needed: 0 to %d", prompt[i],
                  bound - 1);
  const heddle_size &size = session.program().sizes[reader.size];
  if (!source.entry ||
      (tokens >= size.min && (tokens - size.min) % size.step == 0))
    return HEDDLE_OK;
  return fail(HEDDLE_BAD_ARGUMENT,
              "the prompt has %" PRId64 " tokens, needed: %" PRId64
              " and more in steps of %" PRId64,
              tokens, size.min, size.step);
}

heddle_status Batch::add(const heddle_generate_options &options,
                         const int32_t *prompt, int64_t tokens, uint64_t repeat,
                         TextListener &listener, int64_t &number) {
  text::TroubleWatch watch;
  if (isFull())
    return fail(HEDDLE_BAD_ARGUMENT, "all %" PRId64 " rows are at work",
                rows.size());
  if (heddle_status status = checkPrompt(prompt, tokens))
    return status;
  // What rows hold behind an encoder's states begins no prompt.
  Text &text = *chooseRow(prompt, source.entry ? 0 : tokens);
  Row &row = text.row;
  int64_t kept =
      source.entry ? 0 : commonTokens(row.ids, row.read, prompt, tokens - 1);
  auto *writer =
      create<Writer>(session, step, options, Text::onToken, &text, report);
  if (!writer)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to generate");
  heddle_status status = writer->open(/*hasOpening=*/source.entry);
  if (!status)
    status = begin(text, *writer, prompt, tokens, kept);
  if (!status)
    status = writer->checkTrouble();
  if (status) {
    row.endFollower();
    destroy(writer);
    forget(row);
    return status;
  }
  row.stream = repeat;
  text.writer = writer;
  text.listener = &listener;
  text.began = text.used = ++clock;
  text.last.clear();
  ++working;
  number = row.number;
  findLeader(text);
  return HEDDLE_OK;
}

/// The row holds nothing any more.
void Batch::forget(Row &row) {
  rewindRow(session, row.number, 0);
  row.ids.clear();
  row.read = 0;
}

/// Puts the prompt into the row, which keeps the first `kept` tokens of what it
/// has read.
heddle_status Batch::begin(Text &text, Writer &writer, const int32_t *prompt,
                           int64_t tokens, int64_t kept) {
  Row &row = text.row;
  // A model that carries values from step to step begins anew.
  if (rewindRow(session, row.number, kept)) {
    kept = 0;
    if (heddle_status status = rewindRow(session, row.number, 0))
      return status;
  }
  row.ids.clear();
  if (source.entry)
    row.ids.push(writer.settings.decoder_start);
  else
    row.ids.append(prompt, static_cast<size_t>(tokens));
  row.prompt = row.ids.size();
  row.read = static_cast<size_t>(kept);
  row.done = false;
  row.held.clear();
  row.foreseen = Row::nothing;
  row.endLookup();
  if (source.entry && writer.speculates())
    row.draftFrom(prompt, static_cast<size_t>(tokens));
  text.shared = kept;
  if (heddle_status status = writer.limitLength(row, 0))
    return status;
  if (heddle_status status = step.checkRoom(session, row, 0))
    return status;
  if (source.entry)
    if (heddle_status status = awaitSource(text, prompt, tokens))
      return status;
  return writer.tokenizer
             ? writer.openDecoder(row, /*readsPrompt=*/!source.entry)
             : HEDDLE_OK;
}

/// Keeps a prompt for the encoder.
heddle_status Batch::awaitSource(Text &text, const int32_t *prompt,
                                 int64_t tokens) {
  int64_t most = std::min(session.limits.perRow[source.size],
                          session.limits.total[source.size]);
  if (tokens > most)
    return fail(HEDDLE_CONTEXT_FULL,
                "the prompt has %" PRId64
                " tokens, the context has room for %" PRId64,
                tokens, most);
  text.source.clear();
  text.source.append(prompt, static_cast<size_t>(tokens));
  return HEDDLE_OK;
}

/// Has the text wait for another one that reads, or has read, more of the same
/// prompt.
void Batch::findLeader(Text &text) {
  text.leader = nullptr;
  if (!canShare)
    return;
  const text::Ids &prompt = text.row.ids;
  const Text *source = findSource(text, text.held());
  if (!source)
    return;
  size_t known = source->writer ? source->row.ids.size() : source->row.read;
  text.leader = source;
  text.leaderBegan = source->began;
  text.common = commonTokens(source->row.ids, known, prompt.data(),
                             static_cast<int64_t>(prompt.size()) - 1);
  follow(text);
}

/// Copies what the leader has read for both, once it has read it all. Whether
/// the text need not wait any more.
bool Batch::follow(Text &text) {
  if (!text.leader)
    return true;
  const Text &leader = *text.leader;
  bool isSame = leader.began == text.leaderBegan;
  if (isSame && leader.writer && leader.held() < text.common)
    return false;
  text.leader = nullptr;
  int64_t end = std::min(leader.held(), text.common);
  if (!isSame || end <= text.held() ||
      !goesOnAt(session, leader.row.number, end))
    return true;
  copyRow(session, leader.row.number, text.row.number, text.held(), end);
  text.shared = end;
  text.row.read = static_cast<size_t>(end);
  return true;
}

//===-- Calls --===//

/// Has the encoder read prompts that came since: as many as fit into a call.
heddle_status Batch::readSources() {
  int64_t count = 0, left = session.limits.total[source.size];
  sourceIds.clear();
  for (Text *text : rows) {
    auto tokens = static_cast<int64_t>(text->source.size());
    if (!text->writer || !tokens || tokens > left)
      continue;
    left -= tokens;
    sourceRows[count] = text->row.number;
    sourceLengths[count++] = tokens;
    sourceIds.append(text->source.data(), text->source.size());
  }
  if (!count || text::trouble != text::Trouble::None)
    return HEDDLE_OK;
  const int64_t *sizes[] = {sourceLengths.data()};
  const void *inputs[HEDDLE_MAX_INPUTS] = {sourceIds.data()};
  void *outputs[1] = {nullptr};
  if (heddle_status status = runCall(session, source.entry, count, sizes,
                                     sourceRows.data(), inputs, outputs))
    return status;
  for (int64_t i = 0; i < count; ++i)
    rows[sourceRows[i]]->source.clear();
  return HEDDLE_OK;
}

/// Rows that write come first, then prompts in the order in which they came: as
/// much of them as does not keep the others waiting.
heddle_status Batch::planCall() {
  nextCall.begin();
  for (Text *text : rows)
    if (text->writer && !text->row.isUnanswered())
      nextCall.add(text->row, text->row.number);
  if (!nextCall.isEmpty() && step.readsInChunks)
    nextCall.limit(promptTokens);
  for (uint64_t after = 0; Text *text = nextPrompt(after); after = text->began)
    if (follow(*text) && text->source.empty())
      nextCall.add(text->row, text->row.number);
  return speculation.draft(nextCall, report, [&](const Row &row) {
    return rows[row.number]->writer;
  });
}

/// The first prompt that came after the others that did by then.
Batch::Text *Batch::nextPrompt(uint64_t after) {
  Text *next = nullptr;
  for (Text *text : rows)
    if (text->writer && text->row.isUnanswered() && text->began > after &&
        (!next || text->began < next->began))
      next = text;
  return next;
}

/// Fails where no text of the call got anywhere.
heddle_status Batch::call() {
  text::TroubleWatch watch;
  nextCall.begin();
  if (source.entry)
    if (heddle_status status = readSources())
      return status;
  if (heddle_status status = planCall())
    return status;
  if (const char *wrong = text::describeDecoding(watch.found()))
    return fail(HEDDLE_OUT_OF_MEMORY, "%s", wrong);
  return nextCall.isEmpty() ? HEDDLE_OK : nextCall.run(report);
}

void Batch::advance() {
  if (heddle_status status = call())
    return failAll(status);
  speculation.note(nextCall);
  choices.find(step.vocabulary,
               [&](const Row &row) { return rows[row.number]->writer; });
  for (int64_t i = 0; i < nextCall.rows(); ++i)
    if (!nextCall.row(i).unread())
      answer(*rows[nextCall.row(i).number], i);
}

/// Of a call, or of an encoder's: what the texts have in common.
void Batch::failAll(heddle_status status) {
  bool isSource = nextCall.rows() == 0;
  for (Text *text : rows)
    if (text->writer && (isSource ? !text->source.empty() : isInCall(*text)))
      finish(*text, status);
}

bool Batch::isInCall(const Text &text) const {
  for (int64_t i = 0; i < nextCall.rows(); ++i)
    if (&nextCall.row(i) == &text.row)
      return true;
  return false;
}

/// Row i of the call is the text's.
void Batch::answer(Text &text, int64_t i) {
  text::TroubleWatch watch;
  heddle_status status = speculation.choose(*text.writer, nextCall, i, report);
  report.cutRows.clear(); // each text is told of its own
  if (status || text.row.done)
    finish(text, status);
}

void Batch::finish(Text &text, heddle_status status) {
  TextListener &listener = *text.listener;
  drop(text.row.number);
  listener.end({status, status ? std::string_view() : text.last.view(),
                text.row.reason, text.shared});
}

void Batch::drop(int64_t row) {
  Text &text = *rows[row];
  if (!text.writer)
    return;
  destroy(text.writer);
  text.writer = nullptr;
  text.row.endFollower();
  text.row.ids.shrink(text.row.read);
  text.source.clear();
  text.used = ++clock;
  --working;
}

} // namespace heddle::runtime
