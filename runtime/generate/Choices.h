// What comes next in the rows of a call, found for all of them at once on the
// model's threads. Who says it to the caller does so row by row.
#ifndef HEDDLE_RUNTIME_GENERATE_CHOICES_H
#define HEDDLE_RUNTIME_GENERATE_CHOICES_H

#include "runtime/generate/Writer.h"

namespace heddle::runtime {

class Choices {
public:
  Choices(heddle_model &model, StepCall &call) : model(model), call(call) {}
  [[nodiscard]] bool allocate(int64_t rows) { return writers.allocate(rows); }

  /// Notes in every row that has read all it has what Writer::choose() will
  /// choose; `writerOf(row)` is its writer, or null where nothing is to be
  /// noted. Nothing happens where it is not worth the threads.
  template <typename WriterOf>
  void find(int64_t vocabulary, WriterOf writerOf) {
    int64_t count = 0;
    for (int64_t i = 0; i < call.rows(); ++i) {
      Row &row = call.row(i);
      Writer *writer = row.unread() ? nullptr : writerOf(row);
      writers[i] = writer && writer->canForesee(row) ? writer : nullptr;
      count += writers[i] != nullptr;
    }
    if (count > 1 && count * vocabulary >= leastLogits)
      findOnThreads();
  }

private:
  static constexpr int64_t leastLogits = 1 << 16;
  void findOnThreads();
  static void findPart(void *choices, int64_t part);

  heddle_model &model;
  StepCall &call;
  Array<Writer *> writers; // by row of the call
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_CHOICES_H
