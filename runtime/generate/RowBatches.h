// Rows of token ids for one entry, many of them in one call.
#ifndef HEDDLE_RUNTIME_GENERATE_ROWBATCHES_H
#define HEDDLE_RUNTIME_GENERATE_ROWBATCHES_H

#include "runtime/Model.h"
#include "runtime/text/Buffer.h"

#include <span>

namespace heddle::runtime {

/// Rows are added until they are enough for one call, called, and taken out
/// again. The entry reads V[B T], perhaps types of the same shape, and gives
/// numbers, one run of them a row ([B Z]) or a token ([B T Z]).
class RowBatches {
public:
  RowBatches(heddle_model &model, const heddle_entry &entry);
  RowBatches(const RowBatches &) = delete;
  RowBatches &operator=(const RowBatches &) = delete;
  ~RowBatches();

  /// Opens the session; notes the reason of a failure.
  heddle_status open();

  /// Tokens that the model takes of one row.
  int64_t mostLength() const { return longest; }
  /// Numbers in a run.
  int64_t width() const { return numbersOfRun; }
  bool takesTypes() const { return typesInput >= 0; }

  /// Whether a row of so many tokens more belongs into another call.
  bool isFullFor(int64_t tokens) const;
  /// Empty types: the entry's default.
  void add(std::span<const int32_t> ids, std::span<const int32_t> types);
  int64_t rows() const { return static_cast<int64_t>(lengths.size()); }
  void clear();

  /// Notes the reason of a failure.
  heddle_status call();

  // Of a row that was called.
  std::span<const int32_t> idsOf(int64_t row) const;
  /// Its first run.
  const float *numbersOf(int64_t row) const;

private:
  heddle_model &model;
  const heddle_entry &entry;
  heddle_session *session = nullptr;
  int32_t typesInput = -1;
  int64_t numbersOfRun, longest = 0, mostRows = 1, mostTokens = 0;
  bool runsOfTokens;
  text::Ids ids, types;
  text::Buffer<int64_t> lengths, begins; // of rows, in tokens
  text::Buffer<float> numbers;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_ROWBATCHES_H
