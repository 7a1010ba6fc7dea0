// A program written by hand, so that the runtime is tested without a compiler:
//
//   dyn B in 1..4, T in 1..8 per B, S in 1..12 per B, M in 2..6 step 2 per B
//   state memory: [B M 1]
//   step(ids: V[B T]) -> f32[B V]       how often row b has seen each id so
//   far,
//                                       + bias, over everything in its cache
//   encode(src: V[B M])                 memory = src
//   recall(ids: V[B T]) -> [B T M]      ids · memory
//   shift(x: [B T], by: f32[B] = 0.5) -> [B T]   x + by, nothing kept
//
// with V = 10 and weights slots {bias, bias of shift}.
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
constexpr int vocabulary = 10;
constexpr uint64_t fingerprint = 0x1234567890abcdef;

inline const heddle_size sizes[] = {
    {"B", 1, 4, 1, -1, -1},
    {"T", 1, 8, 1, B, -1},
    {"S", 1, 12, 1, B, T},
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
inline const heddle_polynomial dimsB[] = {{1, &b}};

inline const heddle_value idsBT[] = {
    {"ids", "B T", HEDDLE_I32, 2, dimsBT, {1, &bt}, 0, vocabulary, 0}};
inline const heddle_value srcBM[] = {
    {"src", "B M", HEDDLE_I32, 2, dimsBM, {1, &bm}, 0, vocabulary, 0}};
inline const heddle_value logitsBV[] = {
    {"logits", "B V", HEDDLE_F32, 2, dimsBV, {1, &bv}, 0, 0, 0}};
inline const heddle_value productBTM[] = {
    {"product", "B T M", HEDDLE_F32, 3, dimsBTM, {1, &btm}, 0, 0, 0}};
inline const heddle_value shiftInputs[] = {
    {"x", "B T", HEDDLE_F32, 2, dimsBT, {1, &bt}, 0, 0, 0},
    {"by", "B", HEDDLE_F32, 1, dimsB, {1, &b}, 1, 0, 0.5}};
inline const heddle_value shiftOutputs[] = {
    {"y", "B T", HEDDLE_F32, 2, dimsBT, {1, &bt}, 0, 0, 0}};

enum { cacheIds, cacheMemory };
inline const heddle_cache caches[] = {{"ids", 4, S, 0}, {"memory", 4, M, 1}};
inline const int32_t cacheSlots[] = {cacheIds, cacheMemory};

template <typename Element>
Element *cacheRow(const heddle_frame *frame, int slot, int64_t row) {
  const heddle_cache_view &view = frame->caches[slot];
  return reinterpret_cast<Element *>(view.data) +
         frame->cache_rows[row] * view.capacity;
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

inline const heddle_entry entries[] = {
    {"step",
     1,
     1,
     idsBT,
     logitsBV,
     step,
     {1, &scratch},
     2,
     0,
     0,
     1u << S,
     0,
     0},
    {"encode",
     1,
     0,
     srcBM,
     nullptr,
     encode,
     {0, nullptr},
     0,
     0,
     0,
     0,
     1u << M,
     0},
    {"recall",
     1,
     1,
     idsBT,
     productBTM,
     recall,
     {0, nullptr},
     0,
     0,
     0,
     0,
     0,
     1u << M},
    {"shift",
     2,
     1,
     shiftInputs,
     shiftOutputs,
     shift,
     {0, nullptr},
     0,
     1,
     0,
     0,
     0,
     0},
};

inline const heddle_program program = {HEDDLE_ABI_VERSION,
                                       0,
                                       fingerprint,
                                       "toy",
                                       4,
                                       6,
                                       4,
                                       2,
                                       2,
                                       2,
                                       sizes,
                                       monomials,
                                       entries,
                                       caches,
                                       cacheSlots,
                                       B,
                                       HEDDLE_PREFILL_IN_CHUNKS,
                                       nullptr};

/// The packed weights of the program: both slots are one tensor of ten 0.25.
/// `tokenizer` is left out if empty.
inline std::vector<uint8_t>
weightsFile(const std::vector<uint8_t> &tokenizer = {}) {
  const float bias[vocabulary] = {0.25, 0.25, 0.25, 0.25, 0.25,
                                  0.25, 0.25, 0.25, 0.25, 0.25};
  const int64_t slots[] = {0, 0};
  struct {
    const char *name;
    const void *data;
    size_t bytes;
  } contents[] = {{"slots", slots, sizeof slots},
                  {"tensors", bias, sizeof bias},
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
