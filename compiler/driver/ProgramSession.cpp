//===- ProgramSession.cpp - calling a program that is loaded --------------===//

#include "compiler/driver/ProgramSession.h"
#include "compiler/driver/Process.h"

using namespace heddle;
using namespace heddle::driver;
using codegen::ProgramEntry;
using codegen::ProgramValue;
using llvm::LogicalResult;

template <typename Function>
Function *ProgramSession::function(llvm::StringRef name) const {
  const std::string &prefix = loaded->program().name;
  return reinterpret_cast<Function *>(
      loaded->function((prefix + "_" + name).str()));
}

/// One of the runtime's own, which is exported for this.
#define RUNTIME_FUNCTION(name)                                                 \
  reinterpret_cast<decltype(&(name))>(loaded->function(#name))

LogicalResult ProgramSession::failWithReason(llvm::StringRef doing) const {
  auto *lastError = function<const char *()>("last_error");
  return fail(doing + ": " + lastError());
}

llvm::FailureOr<ProgramSession>
ProgramSession::open(const LoadedProgram &loaded, int64_t rows, int64_t tokens,
                     int64_t context) {
  ProgramSession opened(loaded, rows);
  RunsProgram runs;
  auto *open = opened.function<heddle_model *(const char *, int32_t)>("open");
  opened.model = open(nullptr, /*threads=*/0);
  if (!opened.model)
    return opened.failWithReason("opening the program");
  heddle_session_options options = {rows, tokens, context};
  auto *openSession = reinterpret_cast<decltype(&heddle_session_open)>(
      loaded.function("heddle_session_open"));
  opened.session = openSession(opened.model, &options);
  if (!opened.session)
    return opened.failWithReason("opening a session");
  return opened;
}

ProgramSession::ProgramSession(ProgramSession &&other)
    : loaded(other.loaded), rows(other.rows),
      model(std::exchange(other.model, nullptr)),
      session(std::exchange(other.session, nullptr)) {}

ProgramSession::~ProgramSession() {
  if (session)
    function<void(heddle_session *)>("session_close")(session);
  if (model)
    function<void(heddle_model *)>("close")(model);
}

LogicalResult ProgramSession::call(const ProgramEntry &entry,
                                   llvm::ArrayRef<int64_t> lengths,
                                   llvm::ArrayRef<int32_t> ids,
                                   llvm::ArrayRef<float *> outputs) {
  RunsProgram runs;
  const heddle_entry *named =
      RUNTIME_FUNCTION(heddle_entry_named)(model, entry.name.c_str());
  assert(named && "entries of the description are the program's");
  std::vector<const void *> inputs;
  for (const ProgramValue &input : entry.inputs)
    inputs.push_back(input.defaultValue ? nullptr : ids.data());
  std::vector<void *> results(outputs.begin(), outputs.end());
  const int64_t *given = lengths.data();
  if (RUNTIME_FUNCTION(heddle_call)(session, named, lengths.size(), &given,
                                    /*session_rows=*/nullptr, inputs.data(),
                                    results.data()) != HEDDLE_OK)
    return failWithReason(entry.name);
  return llvm::success();
}

void ProgramSession::observeInputs(heddle_observer *observer, void *context) {
  // A program without products links nothing that tells of them.
  if (auto *observe = RUNTIME_FUNCTION(heddle_observe_with))
    observe(observer, context);
}

LogicalResult ProgramSession::rewind() {
  auto *rewindRow =
      function<int32_t(heddle_session *, int64_t, int64_t)>("session_rewind");
  for (int64_t row = 0; row < rows; ++row)
    if (rewindRow(session, row, 0) != HEDDLE_OK)
      return failWithReason("beginning anew");
  return llvm::success();
}

llvm::FailureOr<std::vector<int32_t>>
ProgramSession::tokenize(llvm::StringRef text, bool plain) {
  RunsProgram runs;
  auto *tokenize = function<int64_t(heddle_model *, const char *, int64_t,
                                    int32_t, int32_t *, int64_t)>("tokenize");
  if (!tokenize)
    return fail("the model has no tokenizer, needed --ids FILE");
  int32_t flags = plain ? HEDDLE_TOKENIZE_PLAIN : 0;
  // A token is at least a byte of the text, but for the special ones.
  std::vector<int32_t> ids(text.size() + 64);
  for (;;) {
    int64_t count = tokenize(model, text.data(), text.size(), flags, ids.data(),
                             ids.size());
    if (count < 0)
      return failWithReason("the text");
    bool fits = count <= static_cast<int64_t>(ids.size());
    ids.resize(count);
    if (fits)
      return ids;
  }
}

std::string ProgramSession::textOf(llvm::ArrayRef<int32_t> ids) {
  RunsProgram runs;
  auto *detokenize = function<int64_t(heddle_model *, const int32_t *, int64_t,
                                      char *, int64_t)>("detokenize");
  if (!detokenize)
    return "";
  std::string text(64, '\0');
  for (;;) {
    int64_t bytes =
        detokenize(model, ids.data(), ids.size(), text.data(), text.size());
    if (bytes < 0)
      return "";
    bool fits = bytes <= static_cast<int64_t>(text.size());
    text.resize(bytes);
    if (fits)
      return text;
  }
}
