// A packed weights file, changed in a few places by somebody who makes its
// checksums right → heddle_open → a call.
#include "test/fuzz/MemoryFile.h"
#include "test/runtime/ToyProgram.h"
#include <fuzzer/FuzzedDataProvider.h>

/// Makes every checksum of the file right that can be.
static void seal(std::vector<uint8_t> &file) {
  heddle_file_header header;
  if (file.size() < sizeof header)
    return;
  memcpy(&header, file.data(), sizeof header);
  uint64_t count = std::min<uint64_t>(
      header.section_count,
      (file.size() - sizeof header) / sizeof(heddle_section));
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t *place = file.data() + sizeof header + i * sizeof(heddle_section);
    heddle_section section;
    memcpy(&section, place, sizeof section);
    if (section.offset > file.size() ||
        section.bytes > file.size() - section.offset)
      continue;
    section.checksum =
        heddle_checksum(file.data() + section.offset, section.bytes);
    memcpy(place, &section, sizeof section);
  }
  if (count == header.section_count)
    toy::sealHeader(file);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FuzzedDataProvider input(data, size);
  std::vector<uint8_t> file = toy::weightsFile();
  if (input.ConsumeBool())
    file.resize(input.ConsumeIntegralInRange<size_t>(0, file.size() + 256));
  bool sealed = input.ConsumeBool();
  while (input.remaining_bytes() > 0 && file.size() > 8) {
    size_t at =
        input.ConsumeIntegralInRange<size_t>(0, file.size() - 8) / 4 * 4;
    uint64_t value = input.ConsumeBool() ? input.ConsumeIntegral<uint64_t>()
                                         : input.ConsumeIntegral<uint8_t>() * 64;
    memcpy(file.data() + at, &value, sizeof value);
  }
  if (sealed)
    seal(file);
  fuzz::MemoryFile onDisk(
      {reinterpret_cast<const char *>(file.data()), file.size()});
  heddle_open_options options = {onDisk.path.c_str(), 1, 1};
  heddle_model *model = heddle_open(&toy::program, &options);
  if (!model)
    return *heddle_last_error() ? 0 : (abort(), 0);
  heddle_session *session = heddle_session_open(model, nullptr);
  if (!session)
    abort();
  const int64_t length = 2, *lengths[] = {&length};
  const int32_t ids[] = {1, 2};
  float logits[toy::vocabulary];
  const void *inputs[] = {ids};
  void *outputs[] = {logits};
  if (heddle_call(session, heddle_entry_named(model, "step"), 1, lengths,
                  nullptr, inputs, outputs))
    abort();
  heddle_session_close(session);
  heddle_close(model);
  return 0;
}
