// A program written by hand, so that the runtime is tested without a compiler:
//
//   dyn B in 1..4, T in 1..8 per B, S in 1..12 per B, M in 2..6 step 2 per B
//   (T to 64 and S to 96 with a larger vocabulary)
//   state memory: [B M 1]
//   step(ids: V[B T]) -> f32[B V]       how often row b has seen each id so
//                                       far, + bias, over all in its cache
//   encode(src: V[B M])                 memory = src
//   recall(ids: V[B T]) -> [B T M]      ids · memory
//   shift(x: [B T], by: f32[B] = 0.5) -> [B T]   x + by
//   sentence(ids: V[B T]) -> f32[B 3]   how many ids, their sum, the last one
//
// with V = 10 (unless TOY_VOCABULARY says otherwise) and the weight slots
// {bias, bias of shift}.
#ifndef HEDDLE_TEST_RUNTIME_TOYPROGRAM_H
#define HEDDLE_TEST_RUNTIME_TOYPROGRAM_H

#include "runtime/abi.h"
#include "runtime/checksum.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace toy {

enum { B, T, S, M };
#ifdef TOY_VOCABULARY
constexpr int vocabulary = TOY_VOCABULARY, mostTokens = 64, mostContext = 96;
#else
constexpr int vocabulary = 10, mostTokens = 8, mostContext = 12;
#endif
constexpr uint64_t fingerprint = 0x1234567890abcdef;

inline const heddle_size sizes[] = {
    {"B", 1, 4, 1, -1, -1},
    {"T", 1, mostTokens, 1, B, -1},
    {"S", 1, mostContext, 1, B, T},
    {"M", 2, 6, 2, B, -1},
};

inline const heddle_term one = {1, 1, {}};
inline const heddle_term v = {vocabulary, 1, {}};
inline const heddle_term b = {1, 1, {1}};
inline const heddle_term bv = {vocabulary, 1, {1}};
inline const heddle_term t = {1, 1, {0, 1}};
inline const heddle_term bt = {1, 1, {1, 1}};
inline const heddle_term m = {1, 1, {0, 0, 0, 1}};
inline const heddle_term bm = {1, 1, {1, 0, 0, 1}};
inline const heddle_term btm = {1, 1, {1, 1, 0, 1}};
inline const heddle_term scratch = {64, 1, {1, 1, 1}};

// Monomials of the frame.
enum { extentB, extentBT, extentBS, extentBTS, extentBM, extentBTM };
inline const heddle_term monomials[] = {
    b, bt, {1, 1, {1, 0, 1}}, {1, 1, {1, 1, 1}}, bm, btm};

inline const heddle_polynomial dimsBT[] = {{1, &b}, {1, &t}};
inline const heddle_polynomial dimsBM[] = {{1, &b}, {1, &m}};
inline const heddle_polynomial dimsBV[] = {{1, &b}, {1, &v}};
inline const heddle_polynomial dimsBTM[] = {{1, &b}, {1, &t}, {1, &m}};
inline const heddle_term three = {3, 1, {}};
inline const heddle_term b3 = {3, 1, {1}};
inline const heddle_polynomial dimsB3[] = {{1, &b}, {1, &three}};
inline const heddle_polynomial dimsB[] = {{1, &b}};

constexpr heddle_value value(const char *name, const char *axes,
                             heddle_type type, int32_t rank,
                             const heddle_polynomial *dims,
                             const heddle_term *elements, int32_t bound = 0) {
  return {.name = name,
          .axes = axes,
          .type = type,
          .rank = rank,
          .dims = dims,
          .elements = {1, elements},
          .has_default = 0,
          .index_bound = bound,
          .default_value = 0};
}

inline const heddle_value idsBT[] = {
    value("ids", "B T", HEDDLE_I32, 2, dimsBT, &bt, vocabulary)};
inline const heddle_value srcBM[] = {
    value("src", "B M", HEDDLE_I32, 2, dimsBM, &bm, vocabulary)};
inline const heddle_value logitsBV[] = {
    value("logits", "B V", HEDDLE_F32, 2, dimsBV, &bv)};
inline const heddle_value productBTM[] = {
    value("product", "B T M", HEDDLE_F32, 3, dimsBTM, &btm)};
inline const heddle_value shiftInputs[] = {
    value("x", "B T", HEDDLE_F32, 2, dimsBT, &bt),
    {"by", "B", HEDDLE_F32, 1, dimsB, {1, &b}, 1, 0, 0.5}};
inline const heddle_value shiftOutputs[] = {
    value("y", "B T", HEDDLE_F32, 2, dimsBT, &bt)};
inline const heddle_value vectorsB3[] = {
    value("result", "B 3", HEDDLE_F32, 2, dimsB3, &b3)};

enum { cacheIds, cacheMemory };
inline const heddle_cache caches[] = {{"ids", 4, S, 0, 1},
                                      {"memory", 4, M, 1, 1}};
inline const int32_t cacheSlots[] = {cacheIds, cacheMemory};

template <typename Element>
Element *cacheRow(const heddle_frame *frame, int slot, int64_t row) {
  const heddle_cache_view &view = frame->caches[slot];
  return reinterpret_cast<Element *>(view.data) +
         view.rows[row] * view.capacity;
}

inline int64_t ofRow(const heddle_frame *frame, int extent, int64_t row) {
  const int64_t *rows = frame->extents[extent].rows;
  return rows[row + 1] - rows[row];
}

inline int32_t step(heddle_frame *frame) {
  auto *ids = static_cast<const int32_t *>(frame->inputs[0]);
  auto *logits = static_cast<float *>(frame->outputs[0]);
  auto *bias = static_cast<const float *>(frame->weights[0]);
  int64_t rows = frame->extents[extentB].total;
  // The arena's last byte must be there.
  frame->arena[64 * frame->extents[extentBTS].total - 1] = 1;
  for (int64_t row = 0; row < rows; ++row) {
    int32_t *cache = cacheRow<int32_t>(frame, 0, row);
    int64_t given = ofRow(frame, extentBT, row);
    int64_t held = ofRow(frame, extentBS, row);
    memcpy(cache + held - given, ids + frame->extents[extentBT].rows[row],
           given * sizeof(int32_t));
    float *counts = logits + row * vocabulary;
    memcpy(counts, bias, vocabulary * sizeof(float));
    for (int64_t i = 0; i < held; ++i)
      counts[cache[i]] += 1;
  }
  return HEDDLE_OK;
}

inline int32_t encode(heddle_frame *frame) {
  auto *src = static_cast<const int32_t *>(frame->inputs[0]);
  for (int64_t row = 0; row < frame->extents[extentB].total; ++row)
    for (int64_t i = 0, n = ofRow(frame, extentBM, row); i < n; ++i)
      cacheRow<float>(frame, 1, row)[i] =
          static_cast<float>(src[frame->extents[extentBM].rows[row] + i]);
  return HEDDLE_OK;
}

inline int32_t recall(heddle_frame *frame) {
  auto *ids = static_cast<const int32_t *>(frame->inputs[0]);
  auto *product = static_cast<float *>(frame->outputs[0]);
  for (int64_t row = 0; row < frame->extents[extentB].total; ++row)
    for (int64_t i = 0, n = ofRow(frame, extentBT, row); i < n; ++i)
      for (int64_t j = 0, k = ofRow(frame, extentBM, row); j < k; ++j)
        product[frame->extents[extentBTM].rows[row] + i * k + j] =
            static_cast<float>(ids[frame->extents[extentBT].rows[row] + i]) *
            cacheRow<float>(frame, 1, row)[j];
  return HEDDLE_OK;
}

inline int32_t shift(heddle_frame *frame) {
  auto *x = static_cast<const float *>(frame->inputs[0]);
  auto *by = static_cast<const float *>(frame->inputs[1]);
  auto *y = static_cast<float *>(frame->outputs[0]);
  const heddle_extent &extent = frame->extents[extentBT];
  for (int64_t row = 0; row < frame->extents[extentB].total; ++row)
    for (int64_t i = extent.rows[row]; i < extent.rows[row + 1]; ++i)
      y[i] = x[i] + by[row];
  return HEDDLE_OK;
}

inline int32_t sentence(heddle_frame *frame) {
  auto *ids = static_cast<const int32_t *>(frame->inputs[0]);
  auto *vectors = static_cast<float *>(frame->outputs[0]);
  const heddle_extent &extent = frame->extents[extentBT];
  for (int64_t row = 0; row < frame->extents[extentB].total; ++row) {
    float *vector = vectors + 3 * row;
    vector[0] = static_cast<float>(ofRow(frame, extentBT, row));
    vector[1] = 0;
    for (int64_t i = extent.rows[row]; i < extent.rows[row + 1]; ++i)
      vector[1] += static_cast<float>(ids[i]);
    vector[2] = static_cast<float>(ids[extent.rows[row + 1] - 1]);
  }
  return HEDDLE_OK;
}

constexpr heddle_entry entry(const char *name, int32_t inputCount,
                             const heddle_value *inputs,
                             const heddle_value *outputs,
                             int32_t (*function)(heddle_frame *)) {
  heddle_entry result = {};
  result.name = name;
  result.input_count = inputCount;
  result.inputs = inputs;
  result.output_count = outputs != nullptr;
  result.outputs = outputs;
  result.function = function;
  return result;
}

inline const heddle_entry *makeEntries() {
  static heddle_entry entries[] = {
      entry("step", 1, idsBT, logitsBV, step),
      entry("encode", 1, srcBM, nullptr, encode),
      entry("recall", 1, idsBT, productBTM, recall),
      entry("shift", 2, shiftInputs, shiftOutputs, shift),
      entry("sentence", 1, idsBT, vectorsB3, sentence),
  };
  entries[0].arena_bytes = {1, &scratch};
  entries[0].generates = 2;
  entries[0].grows = 1u << S;
  entries[1].sets = 1u << M;
  entries[2].reads = 1u << M;
  entries[3].weight_slot = 1;
  return entries;
}

inline const int64_t weightBytes[] = {vocabulary * sizeof(float),
                                      vocabulary * sizeof(float)};

inline const heddle_program program = {
    .abi_version = HEDDLE_ABI_VERSION,
    .cpu_level = 0,
    .fingerprint = fingerprint,
    .name = "toy",
    .size_count = 4,
    .monomial_count = 6,
    .entry_count = 5,
    .cache_count = 2,
    .weight_slot_count = 2,
    .cache_slot_count = 2,
    .sizes = sizes,
    .monomials = monomials,
    .entries = makeEntries(),
    .caches = caches,
    .cache_slots = cacheSlots,
    .row_size = B,
    .flags = HEDDLE_PREFILL_IN_CHUNKS,
    .cpu_features = nullptr,
    .weight_bytes = weightBytes,
    .stack_bytes = 256 << 10,
};

/// The packed weights of the program: both slots are one tensor, all 0.25.
/// `tokenizer` is left out if empty.
inline std::vector<uint8_t>
weightsFile(const std::vector<uint8_t> &tokenizer = {}) {
  const std::vector<float> bias(vocabulary, 0.25f);
  const int64_t slots[] = {0, 0};
  struct {
    const char *name;
    const void *data;
    size_t bytes;
  } contents[] = {{"slots", slots, sizeof slots},
                  {"tensors", bias.data(), bias.size() * sizeof(float)},
                  {"tokenizer", tokenizer.data(), tokenizer.size()}};
  uint32_t count = tokenizer.empty() ? 2 : 3;

  std::vector<uint8_t> file(192);
  std::vector<heddle_section> table(count);
  for (uint32_t i = 0; i < count; ++i) {
    strcpy(table[i].name, contents[i].name);
    table[i].offset = file.size();
    table[i].bytes = contents[i].bytes;
    table[i].checksum = heddle_checksum(contents[i].data, contents[i].bytes);
    auto *bytes = static_cast<const uint8_t *>(contents[i].data);
    file.insert(file.end(), bytes, bytes + contents[i].bytes);
    file.resize((file.size() + 63) / 64 * 64);
  }
  heddle_file_header header = {HEDDLE_FILE_MAGIC, HEDDLE_FILE_VERSION, count,
                               fingerprint,       file.size(),         0};
  memcpy(file.data(), &header, sizeof header);
  memcpy(file.data() + sizeof header, table.data(),
         count * sizeof(heddle_section));
  header.header_checksum = heddle_checksum(
      file.data(), sizeof header + count * sizeof(heddle_section));
  memcpy(file.data(), &header, sizeof header);
  return file;
}

/// Makes the header's checksum right again after a test has changed the file.
inline void sealHeader(std::vector<uint8_t> &file) {
  auto *header = reinterpret_cast<heddle_file_header *>(file.data());
  header->header_checksum = 0;
  header->header_checksum = heddle_checksum(
      header, sizeof *header + header->section_count * sizeof(heddle_section));
}

inline std::string writeFile(const std::string &path,
                             const std::vector<uint8_t> &bytes) {
  FILE *file = fopen(path.c_str(), "wb");
  fwrite(bytes.data(), 1, bytes.size(), file);
  fclose(file);
  return path;
}

} // namespace toy

#endif // HEDDLE_TEST_RUNTIME_TOYPROGRAM_H
