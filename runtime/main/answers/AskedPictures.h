// The pictures that a command line asks about, as rows of one entry.
#ifndef HEDDLE_RUNTIME_MAIN_ANSWERS_ASKEDPICTURES_H
#define HEDDLE_RUNTIME_MAIN_ANSWERS_ASKEDPICTURES_H

#include "runtime/Model.h"
#include "runtime/main/Arguments.h"
#include "runtime/main/InputFiles.h"
#include "runtime/main/Progress.h"

namespace heddle::runtime {

/// Files and folders of arguments and of --image, by the batch.
class AskedPictures {
public:
  /// Input number `input` of the entry takes the pictures.
  AskedPictures(heddle_model &model, const heddle_entry &entry, int32_t input)
      : model(model), entry(entry), input(entry.inputs[input]) {}
  AskedPictures(const AskedPictures &) = delete;
  AskedPictures &operator=(const AskedPictures &) = delete;
  ~AskedPictures();

  /// Returns the exit code, and has printed what was wrong.
  int open(const Arguments &arguments);
  /// Reads the next batch. False where there is none, or something is wrong,
  /// which has been printed: code().
  bool advance();
  /// The same, and calls the entry, which reads nothing else.
  bool next();
  int code() const { return exitCode; }

  // Of the batch.
  int64_t rows() const { return batchRows; }
  const char *fileOf(int64_t row) const {
    return files.all()[batchFiles == batchRows ? first + row : first];
  }
  const float *numbersOf(int64_t row) const {
    return numbers.data() + row * width;
  }
  /// What was read, row after row.
  const void *pictures() const { return array->data(); }

  Progress progress{"pictures"};

private:
  bool read();
  int call();

  heddle_model &model;
  const heddle_entry &entry;
  const heddle_value &input;
  heddle_session *session = nullptr;
  InputFiles files;
  NpyArray *array = nullptr; // of the batch
  int64_t first = 0, batchFiles = 0, batchRows = 0, mostRows = 1;
  int64_t sessionRows = 0;
  int64_t elements = 1, width = 1; // of a row: what it reads, what it gives
  List<float> numbers;
  int exitCode = 0;
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_ANSWERS_ASKEDPICTURES_H
