// Entries called by name with arrays from files: `./m encode --in src=a.npy
// step --in ids=b.npy --out y.npy`. All calls share one session.

#include "runtime/Clock.h"
#include "runtime/Error.h"
#include "runtime/main/Commands.h"
#include "runtime/main/EntryCall.h"
#include "runtime/main/Output.h"

#include <algorithm>

namespace heddle::runtime {

/// All files appear, or, if one cannot be written, none.
static heddle_status writeAll(const Arguments &arguments,
                              Array<EntryCall *> &calls) {
  List<OutputFile *> files;
  heddle_status status = HEDDLE_OK;
  for (int64_t i = 0; i < calls.size() && !status; ++i)
    status = calls[i]->write(arguments, static_cast<int32_t>(i), files);
  for (OutputFile *file : files)
    if (!status && !file->commit())
      status = HEDDLE_BAD_FILE;
  for (OutputFile *file : files)
    destroy(file);
  return status;
}

/// Runs all calls; HEDDLE_BAD_FILE with nothing noted: an output has already
/// said what is wrong.
static heddle_status runAll(heddle_model &model, const Arguments &arguments,
                            Array<EntryCall *> &calls) {
  heddle_session_options options = {};
  for (size_t i = 0; i < arguments.calls.size(); ++i) {
    calls[i] = create<EntryCall>(model, *arguments.calls[i]);
    if (!calls[i])
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory for the calls");
    if (heddle_status status = calls[i]->read(arguments, i))
      return status;
    calls[i]->raise(options);
  }
  // A session for what the calls need, as far as the model goes; beyond that
  // the call itself says what is wrong.
  const heddle_program &program = *model.program;
  int64_t mostContext = 1;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (program.sizes[s].grows_by >= 0)
      mostContext = std::max(mostContext, program.sizes[s].max);
  options.context = std::min(options.context, mostContext);
  if (program.row_size >= 0)
    options.rows = std::min(options.rows, program.sizes[program.row_size].max);
  heddle_session *session = heddle_session_open(&model, &options);
  if (!session) {
    // The tokens exceed what the model takes: the call's message names the row.
    options.tokens = 0;
    session = heddle_session_open(&model, &options);
  }
  if (!session)
    return HEDDLE_BAD_ARGUMENT;
  clearError();

  heddle_status status = HEDDLE_OK;
  for (size_t i = 0; i < arguments.calls.size() && !status; ++i) {
    double start = secondsNow();
    status = calls[i]->run(*session);
    if (arguments.profile && !status)
      fprintf(stderr, "%-12s %10.3f ms\n", arguments.calls[i]->name,
              (secondsNow() - start) * 1e3);
  }
  heddle_session_close(session);
  return status ? status : writeAll(arguments, calls);
}

int callEntries(heddle_model &model, const Arguments &arguments) {
  Array<EntryCall *> calls;
  if (!calls.allocate(arguments.calls.size()))
    return complain("no memory for the calls");
  clearError();
  heddle_status status = runAll(model, arguments, calls);
  for (EntryCall *call : calls)
    destroy(call);
  if (!status)
    return 0;
  return *heddle_last_error() ? complainLastError() : outputExitCode();
}

} // namespace heddle::runtime
