// A session of a conversation, changed in a few places by somebody who makes
// its checksums right → readSession → a call that goes on from there.
#include "runtime/main/SessionFile.h"
#include "test/fuzz/ToyModel.h"
#include <fuzzer/FuzzedDataProvider.h>

using namespace heddle;

static void step(heddle_session *session, int64_t tokens) {
  const int64_t *lengths[] = {&tokens};
  const int32_t ids[] = {1, 2, 3, 4};
  float logits[toy::vocabulary];
  const void *inputs[] = {ids};
  void *outputs[] = {logits};
  if (heddle_call(session, heddle_entry_named(fuzz::toyModel(), "step"), 1,
                  lengths, nullptr, inputs, outputs))
    abort();
}

/// A session in which four tokens have been read, as it is written.
static std::vector<uint8_t> whole() {
  heddle_session *session = heddle_session_open(fuzz::toyModel(), nullptr);
  step(session, 4);
  text::Ids ids;
  for (int32_t id = 1; id <= 4; ++id)
    ids.push(id);
  std::string path = fuzz::memoryFolder() + "/session";
  if (!runtime::writeSession(path.c_str(), *session, ids, "[{\"a\": 1}]"))
    abort();
  heddle_session_close(session);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Makes right what the header says of the file as a whole. Its last fields are
/// the checksums of what stands behind it, and of itself.
static void seal(std::vector<uint8_t> &file) {
  constexpr size_t header = 80, bytes = 32, content = 64, own = 72;
  if (file.size() < header)
    return;
  auto set = [&](size_t at, uint64_t value) {
    memcpy(file.data() + at, &value, sizeof value);
  };
  set(bytes, file.size());
  set(content, heddle_checksum(file.data() + header, file.size() - header));
  set(own, 0);
  set(own, heddle_checksum(file.data(), header));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::vector<uint8_t> original = whole();
  FuzzedDataProvider input(data, size);
  std::vector<uint8_t> file = original;
  if (input.ConsumeBool())
    file.resize(input.ConsumeIntegralInRange<size_t>(0, file.size() + 256));
  bool sealed = input.ConsumeIntegral<uint8_t>() < 240;
  while (input.remaining_bytes() > 0 && file.size() > 8) {
    size_t at =
        input.ConsumeIntegralInRange<size_t>(0, file.size() - 8) / 4 * 4;
    uint64_t value = input.ConsumeBool() ? input.ConsumeIntegral<uint64_t>()
                                         : input.ConsumeIntegral<uint8_t>();
    memcpy(file.data() + at, &value, sizeof value);
  }
  if (sealed)
    seal(file);
  fuzz::MemoryFile onDisk(
      {reinterpret_cast<const char *>(file.data()), file.size()});
  static heddle_session *session =
      heddle_session_open(fuzz::toyModel(), nullptr);
  text::Ids ids;
  text::Text json;
  heddle_status status =
      runtime::readSession(onDisk.path.c_str(), *session, ids, json);
  int64_t held = heddle_session_length(session, 0);
  if (status ? held != 0 || !*heddle_last_error()
             : held != static_cast<int64_t>(ids.size()) ||
                   held > session->limits.perRow[toy::S])
    abort();
  // Any number may be one of a cache, but here they are ids.
  auto *cached = reinterpret_cast<uint32_t *>(session->views[0].data);
  for (int64_t i = 0; i < held; ++i)
    cached[i] %= toy::vocabulary;
  if (held < session->limits.perRow[toy::S])
    step(session, 1);
  heddle_session_rewind(session, 0, 0);
  return 0;
}
