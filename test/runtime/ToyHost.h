// What tests have in common that call the toy program as a host does.
#ifndef HEDDLE_TEST_RUNTIME_TOYHOST_H
#define HEDDLE_TEST_RUNTIME_TOYHOST_H

#include "ToyProgram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unistd.h>

namespace toy {

using Lengths = std::vector<std::vector<int64_t>>;

/// Prompts as heddle_generate_options has them. They and this outlive those.
class Prompts {
public:
  explicit Prompts(const std::vector<std::vector<int32_t>> &prompts) {
    for (const std::vector<int32_t> &prompt : prompts) {
      ids.push_back(prompt.data());
      lengths.push_back(static_cast<int64_t>(prompt.size()));
    }
  }
  void giveTo(heddle_generate_options &options) {
    options.rows = static_cast<int64_t>(ids.size());
    options.prompt_ids = ids.data();
    options.prompt_lengths = lengths.data();
  }

private:
  std::vector<const int32_t *> ids;
  std::vector<int64_t> lengths;
};

/// Lengths of the rows in each call of an entry that is recorded.
inline Lengths lengthsOfCalls;

/// An entry's function that notes what the rows have of a size.
template <int32_t (*function)(heddle_frame *), int extent = extentBT,
          Lengths &calls = lengthsOfCalls>
int32_t recorded(heddle_frame *frame) {
  std::vector<int64_t> lengths;
  for (int64_t b = 0; b < frame->extents[extentB].total; ++b)
    lengths.push_back(ofRow(frame, extent, b));
  calls.push_back(lengths);
  return function(frame);
}

/// A copy of the program that a test may change before it opens it.
class Host : public ::testing::Test {
protected:
  Host() {
    std::copy_n(toy::program.entries, 5, entries);
    program.entries = entries;
    lengthsOfCalls.clear();
  }

  void openModel(const std::vector<uint8_t> &weights = weightsFile(),
                 int32_t threads = 1) {
    path = writeFile(::testing::TempDir() + "toy-" + std::to_string(getpid()) +
                         ".weights",
                     weights);
    heddle_open_options options = {path.c_str(), threads, 1};
    model = heddle_open(&program, &options);
    ASSERT_NE(model, nullptr) << heddle_last_error();
  }
  void TearDown() override {
    heddle_session_close(session);
    heddle_close(model);
    unlink(path.c_str());
  }

  void open(heddle_session_options options) {
    heddle_session_close(session);
    session = heddle_session_open(model, &options);
    ASSERT_NE(session, nullptr) << heddle_last_error();
  }

  heddle_entry entries[5];
  heddle_program program = toy::program;
  std::string path;
  heddle_model *model = nullptr;
  heddle_session *session = nullptr;
};

} // namespace toy

#endif // HEDDLE_TEST_RUNTIME_TOYHOST_H
