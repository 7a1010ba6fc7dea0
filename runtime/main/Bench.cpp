// Prompts, texts behind nothing and behind much, rows of different lengths side
// by side, what encoders read, and how soon the first token is there. Tokens
// are made up: what they are makes no difference to the time, except to
// experts.

#include "runtime/main/Bench.h"
#include "runtime/Clock.h"
#include "runtime/TextUse.h"
#include "runtime/main/Commands.h"

#include <algorithm>

namespace heddle::runtime {

static constexpr int64_t batchTokens = 32;   // that each row of a batch writes
static constexpr int64_t batchDepth = 128;   // of its rows, on average
static constexpr int64_t sourceTokens = 128; // of a row that an encoder reads
static constexpr int64_t firstPrompt = 16;   // that a first token stands behind

namespace {

class Bench {
public:
  Bench(const heddle_program &program, const Arguments &arguments)
      : program(program), arguments(arguments), options(arguments.benching),
        report(arguments.format == Arguments::Json) {}
  ~Bench() { close(); }

  int run();

private:
  heddle_status open(int32_t threads);
  void close();
  int measureAll();
  int measurePrompts();
  int measureTexts();
  int measureDraft();
  int measureBatches();
  int measureEncoder(const heddle_entry &entry);
  int measureFirst(int32_t threads);

  template <typename Prepare, typename Work>
  int measure(Measurement measured, Prepare prepare, Work work);
  bool fits(const char *work, int64_t tokens, int64_t depth);
  int64_t context() const { return mostContext(program); }
  int64_t mostRows() const;
  int64_t deepest() const;
  void addRandomIds(int64_t count, int32_t bound);
  heddle_status call(const heddle_entry &entry, int64_t rows);
  heddle_status callEncoder(const heddle_entry &entry, int64_t rows);
  heddle_status read(int64_t row, int64_t tokens);
  heddle_status standBehind(int64_t row, int64_t depth);
  heddle_status writeTokens(int64_t rows, int64_t tokens);

  const heddle_program &program;
  const Arguments &arguments;
  const BenchOptions &options;
  const TextUse use = findTextUse(program, nullptr);
  BenchReport report;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
  const heddle_entry *step = use.step; // of the model, or of its draft
  bool begun = false;

  // Of a call.
  List<int64_t> lengths, sessionRows;
  text::Ids ids;
  List<float> numbers;
  List<uint8_t> outputs;
  uint64_t random = 1;
};

} // namespace

//===-- Calls --===//

void Bench::addRandomIds(int64_t count, int32_t bound) {
  for (int64_t i = 0; i < count; ++i) {
    random = random * 6364136223846793005 + 1442695040888963407;
    ids.push(static_cast<int32_t>((random >> 33) %
                                  static_cast<uint64_t>(std::max(bound, 1))));
  }
}

/// With `lengths` and `ids`, in session rows 0 and on, or `sessionRows`.
heddle_status Bench::call(const heddle_entry &entry, int64_t rows) {
  const int64_t *sizes[HEDDLE_MAX_SIZES];
  std::fill(sizes, sizes + HEDDLE_MAX_SIZES, lengths.data());
  const int64_t *rowsOf = sessionRows.empty() ? nullptr : sessionRows.data();
  const void *inputs[HEDDLE_MAX_INPUTS] = {ids.data()};
  if (entry.inputs[0].type != HEDDLE_I32)
    inputs[0] = numbers.data();
  void *results[HEDDLE_MAX_INPUTS];
  size_t bytes = 0;
  for (int pass = 0; pass < 2; ++pass) {
    size_t offset = 0;
    for (int32_t i = 0; i < entry.output_count; ++i) {
      int64_t elements =
          heddle_output_elements(session, &entry, rows, sizes, rowsOf, i);
      if (elements < 0)
        return HEDDLE_BAD_ARGUMENT;
      if (pass)
        results[i] = outputs.data() + offset;
      offset += static_cast<size_t>(elements * bytesOf(entry.outputs[i].type));
      offset = (offset + 63) / 64 * 64;
    }
    bytes = offset;
    if (!pass && !outputs.resize(std::max(bytes, outputs.size())))
      return HEDDLE_OUT_OF_MEMORY;
  }
  return heddle_call(session, &entry, rows, sizes, rowsOf, inputs, results);
}

/// A text a row, or a picture or sound.
heddle_status Bench::callEncoder(const heddle_entry &entry, int64_t rows) {
  lengths.clear();
  sessionRows.clear();
  ids.clear();
  int64_t tokens = sourceTokens;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (const heddle_size &size = program.sizes[s];
        model->given(entry) >> s & 1) {
      tokens = std::clamp(tokens, size.min, session->limits.perRow[s]);
      tokens -= (tokens - size.min) % size.step;
    }
  for (int64_t b = 0; b < rows; ++b)
    lengths.push(tokens);
  if (entry.inputs[0].type == HEDDLE_I32) {
    addRandomIds(rows * tokens, entry.inputs[0].index_bound);
  } else {
    const int64_t *sizes[HEDDLE_MAX_SIZES];
    std::fill(sizes, sizes + HEDDLE_MAX_SIZES, lengths.data());
    if (heddle_status status =
            takeShape(*session, &entry, rows, sizes, nullptr))
      return status;
    int64_t elements;
    if (!evaluate(entry.inputs[0].elements, session->sizes, elements) ||
        !numbers.resize(static_cast<size_t>(elements)))
      return HEDDLE_OUT_OF_MEMORY;
  }
  return call(entry, rows);
}

/// So many tokens more, in one row.
heddle_status Bench::read(int64_t row, int64_t tokens) {
  bool inChunks = program.flags & HEDDLE_PREFILL_IN_CHUNKS;
  while (tokens > 0) {
    int64_t piece = inChunks ? std::min(tokens, chunkTokens) : tokens;
    lengths.clear();
    lengths.push(piece);
    sessionRows.clear();
    sessionRows.push(row);
    ids.clear();
    addRandomIds(piece, step->inputs[0].index_bound);
    if (heddle_status status = call(*step, 1))
      return status;
    tokens -= piece;
  }
  return HEDDLE_OK;
}

/// Has a row hold so many positions.
heddle_status Bench::standBehind(int64_t row, int64_t depth) {
  if (heddle_session_length(session, row) >= depth &&
      !heddle_session_rewind(session, row, depth))
    return HEDDLE_OK;
  if (heddle_status status = heddle_session_rewind(session, row, 0))
    return status;
  return read(row, depth);
}

/// In rows 0 and on, a token of each at a time.
heddle_status Bench::writeTokens(int64_t rows, int64_t tokens) {
  lengths.clear();
  sessionRows.clear();
  for (int64_t b = 0; b < rows; ++b)
    lengths.push(1);
  for (int64_t i = 0; i < tokens; ++i) {
    ids.clear();
    addRandomIds(rows, step->inputs[0].index_bound);
    if (heddle_status status = call(*step, rows))
      return status;
  }
  return HEDDLE_OK;
}

//===-- Measurements --===//

/// Once for nothing, then as often as is asked for. What `prepare` does is not
/// measured.
template <typename Prepare, typename Work>
int Bench::measure(Measurement measured, Prepare prepare, Work work) {
  List<double> times;
  for (int64_t i = -1; i < options.repetitions; ++i) {
    if (prepare())
      return complainLastError();
    double start = secondsNow();
    if (work())
      return complainLastError();
    if (i >= 0)
      times.push(secondsNow() - start);
  }
  if (int code = complainOfMemory())
    return code;
  std::sort(times.begin(), times.end());
  size_t count = times.size();
  auto middle = [](const double *from, size_t number) {
    return (from[(number - 1) / 2] + from[number / 2]) / 2;
  };
  size_t half = (count + 1) / 2;
  measured.seconds = middle(times.data(), count);
  measured.spread =
      (middle(times.data() + count - half, half) - middle(times.data(), half)) /
      2;
  report.add(measured, model->threads.size());
  return 0;
}

int64_t Bench::mostRows() const {
  return program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
}

bool Bench::fits(const char *work, int64_t tokens, int64_t depth) {
  int64_t most = context();
  if (tokens + depth <= most)
    return true;
  report.skip(work, tokens, depth, most);
  return false;
}

int Bench::measurePrompts() {
  for (int64_t tokens : options.prompts) {
    if (!fits("prompt", tokens, 0))
      continue;
    if (int code = measure(
            {"prompt", 1, tokens, 0, 0, 0}, [&] { return standBehind(0, 0); },
            [&] { return read(0, tokens); }))
      return code;
  }
  return 0;
}

int Bench::measureTexts() {
  for (int64_t depth : options.depths) {
    int64_t tokens = options.tokens;
    if (!fits("generate", tokens, depth))
      continue;
    if (int code = measure(
            {"generate", 1, tokens, depth, 0, 0},
            [&] { return standBehind(0, depth); },
            [&] { return writeTokens(1, tokens); }))
      return code;
  }
  return 0;
}

/// What the small model needs for as many tokens, one at a time.
int Bench::measureDraft() {
  if (!model->draft)
    return 0;
  heddle_session_options limits = {1, chunkTokens, 0};
  limits.tokens = tokensOfCall(*program.draft, 1, chunkTokens);
  heddle_session *own = heddle_session_open(model->draft, &limits);
  if (!own)
    return complainLastError();
  std::swap(session, own);
  step = findTextUse(*program.draft, nullptr).step;
  int code = 0;
  for (int64_t depth : options.depths) {
    int64_t tokens = options.tokens;
    if (tokens + depth > mostContext(*program.draft) || code)
      continue;
    code = measure(
        {"draft", 1, tokens, depth, 0, 0},
        [&] { return standBehind(0, depth); },
        [&] { return writeTokens(1, tokens); });
  }
  std::swap(session, own);
  step = use.step;
  heddle_session_close(own);
  return code;
}

/// Rows of which each is longer than the one before.
int Bench::measureBatches() {
  for (int64_t rows : options.rows) {
    if (rows > mostRows()) {
      fprintf(stderr, "note: %lld rows are left out: the model takes %lld\n",
              static_cast<long long>(rows), static_cast<long long>(mostRows()));
      continue;
    }
    if (!fits("batch", batchTokens, 2 * batchDepth))
      break;
    auto prepare = [&] {
      for (int64_t row = 0; row < rows; ++row)
        if (heddle_status status =
                standBehind(row, (2 * row + 1) * batchDepth / rows))
          return status;
      return HEDDLE_OK;
    };
    if (int code =
            measure({"batch", rows, batchTokens, batchDepth, 0, 0}, prepare,
                    [&] { return writeTokens(rows, batchTokens); }))
      return code;
  }
  return 0;
}

int Bench::measureEncoder(const heddle_entry &entry) {
  for (int64_t rows : {int64_t{1}, int64_t{8}}) {
    if (rows > mostRows())
      continue;
    // What it takes of a row is known when it has been called.
    if (callEncoder(entry, rows))
      return complainLastError();
    int64_t tokens = lengths.empty() || !model->given(entry) ? 1 : lengths[0];
    if (int code = measure(
            {"encode", rows, tokens, 0, 0, 0}, [] { return HEDDLE_OK; },
            [&] { return callEncoder(entry, rows); }))
      return code;
  }
  return 0;
}

/// From a program that begins to its first logits: its weights are mapped anew.
int Bench::measureFirst(int32_t threads) {
  return measure(
      {"first token", 1, use.source ? 1 : firstPrompt, 0, 0, 0},
      [&] { return close(), HEDDLE_OK; },
      [&] {
        heddle_status status = open(threads);
        if (!status && use.source)
          status = callEncoder(*use.source, 1);
        return status ? status : read(0, use.source ? 1 : firstPrompt);
      });
}

int Bench::measureAll() {
  if (use.step) {
    if (use.source)
      if (int code = measureEncoder(*use.source))
        return code;
    // Every row of a batch has something that it is written of.
    if (use.source && callEncoder(*use.source, session->limits.rows))
      return complainLastError();
    if (!use.source)
      if (int code = measurePrompts())
        return code;
    if (int code = measureTexts())
      return code;
    if (int code = measureDraft())
      return code;
    return measureBatches();
  }
  const heddle_entry *entry = use.embed;
  if (!entry && program.answer)
    entry = &program.entries[program.answer->entry];
  for (int32_t e = 0; e < program.entry_count && !entry; ++e)
    if (othersHaveDefaults(program.entries[e]) &&
        program.entries[e].input_count)
      entry = &program.entries[e];
  if (!entry)
    return complain("bench: %s has no entry that reads one input alone",
                    program.name);
  return measureEncoder(*entry);
}

//===-- The program --===//

int64_t Bench::deepest() const {
  int64_t deepest = 2 * batchDepth + batchTokens;
  for (int64_t tokens : options.prompts)
    deepest = std::max(deepest, tokens);
  for (int64_t depth : options.depths)
    deepest = std::max(deepest, depth + options.tokens);
  return deepest;
}

/// Notes the reason of a failure.
heddle_status Bench::open(int32_t threads) {
  heddle_open_options opening = {arguments.weights, threads, 0};
  model = heddle_open(&program, &opening);
  if (!model)
    return HEDDLE_BAD_FILE;
  if (arguments.hugePages && heddle_use_huge_pages(model))
    return HEDDLE_OUT_OF_MEMORY;
  heddle_session_options limits = {1, 0, 0};
  for (int64_t rows : options.rows)
    limits.rows = std::max(limits.rows, std::min(rows, mostRows()));
  if (!use.step || use.source)
    limits.rows = std::max(limits.rows, std::min<int64_t>(8, mostRows()));
  if (use.step)
    limits.context = std::min(context(), deepest());
  if (use.step && !use.source && program.flags & HEDDLE_PREFILL_IN_CHUNKS)
    limits.tokens =
        std::max(limits.rows, tokensOfCall(program, limits.rows, chunkTokens));
  session = heddle_session_open(model, &limits);
  return session ? HEDDLE_OK : HEDDLE_OUT_OF_MEMORY;
}

void Bench::close() {
  heddle_session_close(session);
  heddle_close(model);
  session = nullptr, model = nullptr;
}

int Bench::run() {
  for (int64_t threads : options.threads) {
    close();
    if (open(static_cast<int32_t>(threads)))
      return complainLastError();
    if (!begun)
      report.begin(*model, options.repetitions);
    begun = true;
    if (int code = measureAll())
      return code;
    if (use.step)
      if (int code = measureFirst(static_cast<int32_t>(threads)))
        return code;
  }
  report.end(program);
  return 0;
}

int bench(const heddle_program &program, const Arguments &arguments) {
  return Bench(program, arguments).run();
}

} // namespace heddle::runtime
