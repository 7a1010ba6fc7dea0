// One call of an entry by name: its arrays, sizes and results.
#ifndef HEDDLE_RUNTIME_MAIN_ENTRYCALL_H
#define HEDDLE_RUNTIME_MAIN_ENTRYCALL_H

#include "runtime/Session.h"
#include "runtime/main/Arguments.h"
#include "runtime/main/InputFiles.h"
#include "runtime/main/Npy.h"
#include "runtime/main/Output.h"

namespace heddle::runtime {

/// One call: read and checked before anything runs.
class EntryCall {
public:
  EntryCall(heddle_model &model, const heddle_entry &entry)
      : model(model), program(*model.program), entry(entry) {}

  // Each notes the reason of a failure, as heddle_last_error() gives it.
  heddle_status read(const Arguments &arguments, int32_t number);
  heddle_status run(heddle_session &session);
  /// Writes the outputs that have a --out to files, which are not committed
  /// yet; prints all outputs if there is none.
  heddle_status write(const Arguments &arguments, int32_t number,
                      List<OutputFile *> &files) const;

  /// Raises the limits to what this call needs.
  void raise(heddle_session_options &options) const;

private:
  int64_t mostElements(const heddle_value &input) const;
  heddle_status bind(const Binding &binding);
  heddle_status readFiles();
  heddle_status readTexts(bool plainText);
  int32_t findIds() const;
  heddle_status readLengths(const Binding &binding);
  heddle_status inferSizes();
  heddle_status inferSizes(const heddle_value &input, const NpyArray &array);
  heddle_status inferSize(const heddle_value &input, int32_t size,
                          int64_t value);
  heddle_status checkSizes();
  heddle_status checkCounts();
  int32_t findOutput(const Binding &binding) const;
  void print(int32_t output) const;
  int32_t soleSize(const heddle_polynomial &dim) const;
  void outputShape(int32_t output, int64_t *shape, int32_t &rank) const;

  heddle_model &model;
  const heddle_program &program;
  const heddle_entry &entry;
  bool given[HEDDLE_MAX_INPUTS] = {};
  InputFiles files[HEDDLE_MAX_INPUTS];
  NpyArray arrays[HEDDLE_MAX_INPUTS];
  List<const char *> texts, pairs; // --text, --pair: a row each
  int64_t rows = -1;
  List<int64_t> lengths[HEDDLE_MAX_SIZES]; // ragged: one a row
  List<int64_t> sessionRows;
  CallSizes sizes = {};
  text::Buffer<uint8_t> outputs[HEDDLE_MAX_INPUTS];
  int64_t counts[HEDDLE_MAX_INPUTS] = {};
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_ENTRYCALL_H
