// A trace in Chrome's format, a line a slice.
//
//   thread 0   call           step
//              layer          layer 3
//              op             layer: linear mlp.c_fc [B T F]
//              task           what this thread did of the op's loop
//   thread 1   task           the same of another one
//
// What a draft did has the same form, with `draft: ` before its names.
//
// Times are whole nanoseconds since the first call, so that what lies within
// something does so in the file. A reader takes of two slices that begin at
// once the first for the outer one: outer ones are written first.

#include "runtime/main/TraceText.h"
#include "runtime/main/Bounds.h"
#include "runtime/main/JsonString.h"
#include "runtime/text/Buffer.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>

namespace heddle::runtime {

namespace {

class TraceWriter {
public:
  TraceWriter(FILE *file, const heddle_program &model, const Trace &trace)
      : file(file), model(model), trace(trace), ops(trace.ops()),
        until(trace.wholeUntil()) {}

  /// False if there is no memory.
  bool write();
  int64_t written() const { return written_; }
  /// What is not in the file.
  int64_t leftOut() const { return trace.leftOut() + late; }

private:
  /// The turn of a loop that an op is in.
  struct Turn {
    const char *layer; // null: in none
    int64_t number;

    bool operator==(const Turn &other) const {
      return number == other.number && !layer == !other.layer &&
             (!layer || !strcmp(layer, other.layer));
    }
  };

  void writeThreads();
  int64_t nanoseconds(double time) const;
  void beginSlice(int32_t thread, const char *kind, double begin, double end);
  void endSlice() { fputs("}", file); }
  void writeName(const char *name);
  void findTurns(const Trace::Call &call);
  void writeCall(const Trace::Call &call);
  void writeLayer(int64_t first, int64_t last);
  void writeOp(const Trace::Slice &op);
  void writeTasks(const Trace::Slice &op);
  Turn turnOf(int32_t site);

  FILE *file;
  const heddle_program &model, *program = &model; // whose call is written
  const Trace &trace;
  const Trace::Lane<Trace::Slice> &ops;
  double until, origin = 0;
  int64_t nextOp = 0, written_ = 0, late = 0;
  Array<int64_t> nextTask; // by thread
  Array<int64_t> runs;     // of a site, in the call
  Array<Turn> turns;       // of every op
  Turn turn = {};
  text::Text name;
};

int64_t TraceWriter::nanoseconds(double time) const {
  return llround((time - origin) * 1e9);
}

/// Up to its arguments, which are the caller's.
void TraceWriter::beginSlice(int32_t thread, const char *kind, double begin,
                             double end) {
  int64_t from = nanoseconds(begin), length = nanoseconds(end) - from;
  fprintf(file,
          ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%" PRId32 ",\"ts\":%" PRId64
          ".%03" PRId64 ",\"dur\":%" PRId64 ".%03" PRId64
          ",\"cat\":\"%s\",\"name\":",
          thread, from / 1000, from % 1000, length / 1000, length % 1000, kind);
  ++written_;
}

void TraceWriter::writeName(const char *of) {
  name.clear();
  if (program != &model)
    name.append("draft: ");
  name.append(of);
  printJsonString(file, name.view());
}

void TraceWriter::writeThreads() {
  fputs("\n{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{"
        "\"name\":",
        file);
  printJsonString(file, model.name);
  fputs("}}", file);
  for (int32_t thread = 0; thread < trace.threads(); ++thread)
    fprintf(file,
            ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%" PRId32
            ",\"name\":\"thread_name\",\"args\":{\"name\":\"%s %" PRId32 "\"}}",
            thread, thread ? "thread" : "calls, thread", thread);
}

/// An op that runs once a turn counts them; of others the turn is known by
/// what ran before.
TraceWriter::Turn TraceWriter::turnOf(int32_t site) {
  const heddle_site &about = program->sites[site];
  if (!about.layer)
    return {};
  int64_t number = about.first_layer + runs[site]++;
  if (about.counts_layers)
    turn = {about.layer, number};
  else if (!turn.layer || strcmp(turn.layer, about.layer) != 0)
    turn = {about.layer, about.first_layer};
  return turn;
}

/// What every thread did meanwhile. Who is at work at the end of a loop may go
/// on with the next one, which is the next op's.
void TraceWriter::writeTasks(const Trace::Slice &op) {
  for (int32_t thread = 0; thread < trace.threads(); ++thread) {
    const Trace::Lane<Trace::Slice> &tasks = trace.tasks(thread);
    int64_t &next = nextTask[thread];
    for (; next < tasks.count; ++next) {
      const Trace::Slice &task = tasks.first[next];
      double begin = std::max(task.begin, op.begin),
             end = std::min(task.end, op.end);
      if (task.begin >= op.end)
        break;
      if (begin < end) {
        beginSlice(thread, "task", begin, end);
        writeName(program->sites[op.site].name);
        endSlice();
      }
      if (task.end > op.end)
        break;
    }
  }
}

void TraceWriter::writeOp(const Trace::Slice &op) {
  const heddle_site &site = program->sites[op.site];
  beginSlice(0, "op", op.begin, op.end);
  writeName(site.name);
  fputs(",\"args\":{", file);
  if (site.place) {
    fputs("\"place\":", file);
    printJsonString(file, site.place);
  }
  fputs("}", file);
  endSlice();
  writeTasks(op);
}

void TraceWriter::writeLayer(int64_t first, int64_t last) {
  const Turn &of = turns[first];
  if (of.layer) {
    beginSlice(0, "layer", ops.first[first].begin, ops.first[last].end);
    char layer[300];
    snprintf(layer, sizeof layer, "%.250s %" PRId64, of.layer, of.number);
    writeName(layer);
    endSlice();
  }
  for (int64_t op = first; op <= last; ++op)
    writeOp(ops.first[op]);
}

/// Of the ops of a call, from nextOp on, which moves behind them.
void TraceWriter::findTurns(const Trace::Call &call) {
  std::fill(runs.begin(), runs.end(), 0);
  turn = {};
  for (; nextOp < ops.count && ops.first[nextOp].end <= call.end; ++nextOp)
    if (ops.first[nextOp].end <= until)
      turns[nextOp] = turnOf(ops.first[nextOp].site);
    else
      ++late;
}

void TraceWriter::writeCall(const Trace::Call &call) {
  program = call.program;
  beginSlice(0, "call", call.begin, call.end);
  writeName(program->entries[call.entry].name);
  fputs(",\"args\":{", file);
  const char *comma = "";
  for (int32_t s = 0; s < program->size_count; ++s)
    if (call.sizes[s] > 0) {
      fputs(comma, file);
      printJsonString(file, program->sizes[s].name);
      fprintf(file, ":%" PRId64, call.sizes[s]);
      comma = ",";
    }
  fputs("}", file);
  endSlice();
  int64_t first = nextOp;
  findTurns(call);
  int64_t behind = nextOp;
  while (behind > first && ops.first[behind - 1].end > until)
    --behind;
  for (int64_t begin = first, end; begin < behind; begin = end) {
    for (end = begin + 1; end < behind && turns[end] == turns[begin];)
      ++end;
    writeLayer(begin, end - 1);
  }
}

bool TraceWriter::write() {
  int32_t sites = model.site_count;
  if (model.draft)
    sites = std::max(sites, model.draft->site_count);
  if (!nextTask.allocate(trace.threads()) || !runs.allocate(sites) ||
      !turns.allocate(ops.count))
    return false;
  writeThreads();
  if (trace.calls().count)
    origin = trace.calls().first->begin;
  for (const Trace::Call &call : trace.calls())
    if (call.begin < until)
      writeCall(call);
    else
      ++late;
  late += ops.count - nextOp;
  for (int32_t thread = 0; thread < trace.threads(); ++thread)
    late += std::count_if(
        trace.tasks(thread).begin(), trace.tasks(thread).end(),
        [&](const Trace::Slice &task) { return task.end > until; });
  return true;
}

//===----------------------------------------------------------------------===//
// Totals
//===----------------------------------------------------------------------===//

void writeLimits(FILE *file, const Limits &limits) {
  fprintf(file,
          "  \"limits\": {\"f32\": %.6g, \"bf16\": %.6g, \"i8\": %.6g, "
          "\"memory\": %.6g",
          limits.f32, limits.bf16, limits.i8, limits.memory());
  for (int i = 0; i + 1 < Limits::levelCount; ++i)
    fprintf(file, ", \"%s\": %.6g", limits.levels[i].name,
            limits.levels[i].speed);
  fputs("},\n", file);
}

void writeCalls(FILE *file, const ProgramTotals &totals) {
  fputs("  \"calls\": [", file);
  const char *comma = "\n";
  for (int32_t e = 0; e < totals.program->entry_count; ++e) {
    const EntryTotals &entry = totals.entries[e];
    if (!entry.runs)
      continue;
    fprintf(file, "%s    {\"entry\": ", comma);
    printJsonString(file, totals.program->entries[e].name);
    fprintf(file, ", \"runs\": %" PRId64 ", \"seconds\": %.9f}", entry.runs,
            entry.seconds);
    comma = ",\n";
  }
  fputs("],\n", file);
}

const char *nameOfArithmetic(int32_t type) {
  return type == HEDDLE_BF16 ? "bf16" : type == HEDDLE_I8 ? "i8" : "f32";
}

void writeSite(FILE *file, const ProgramTotals &program, int32_t s,
               const Limits &limits) {
  const heddle_site &site = program.program->sites[s];
  const SiteTotals &totals = program.sites[s];
  fputs("    {\"name\": ", file);
  printJsonString(file, site.name);
  fputs(", \"place\": ", file);
  printJsonString(file, site.place ? site.place : "");
  fprintf(file,
          ", \"runs\": %" PRId64
          ", \"seconds\": %.9f, \"flops\": %.0f, \"bytes\": %.0f, "
          "\"arithmetic\": \"%s\"",
          totals.runs, totals.seconds, totals.flops, totals.bytes,
          nameOfArithmetic(site.arithmetic));
  if (Bound bound = boundOf(workOf(program, s), limits); bound.resource)
    fprintf(file, ", \"limit\": %.4f, \"bound\": \"%s\"", bound.share,
            bound.resource);
  fputs("}", file);
}

void writeSites(FILE *file, const ProgramTotals &totals, const Limits &limits) {
  fputs("  \"sites\": [", file);
  const char *comma = "\n";
  for (int32_t s = 0; s < totals.program->site_count; ++s)
    if (totals.sites[s].runs) {
      fputs(comma, file);
      writeSite(file, totals, s, limits);
      comma = ",\n";
    }
  fputs("]", file);
}

void writeTotals(FILE *file, const Profile &profile, const Limits &limits) {
  writeCalls(file, profile.model());
  writeSites(file, profile.model(), limits);
  const ProgramTotals &draft = profile.draft();
  if (!draft.program)
    return;
  fputs(",\n  \"draft\": {\n  \"model\": ", file);
  printJsonString(file, draft.program->name);
  fputs(",\n", file);
  writeCalls(file, draft);
  writeSites(file, draft, limits);
  fputs("}", file);
}

} // namespace

bool writeTraceText(FILE *file, const Profile &profile, const Trace &trace,
                    const Limits &limits, TraceCounts &counts) {
  const heddle_program &program = *profile.model().program;
  fputs("{\"traceEvents\": [", file);
  TraceWriter writer(file, program, trace);
  if (!writer.write())
    return false;
  counts = {writer.written(), writer.leftOut()};
  fputs("\n],\n\"displayTimeUnit\": \"ms\",\n\"heddle\": {\n  \"model\": ",
        file);
  printJsonString(file, program.name);
  fprintf(file,
          ", \"version\": %u, \"threads\": %" PRId32 ", \"left_out\": %" PRId64
          ",\n",
          HEDDLE_ABI_VERSION, trace.threads(), counts.leftOut);
  writeLimits(file, limits);
  writeTotals(file, profile, limits);
  fputs("}}\n", file);
  return true;
}

} // namespace heddle::runtime
