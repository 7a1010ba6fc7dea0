// The toy program, opened once for a fuzz target.
#ifndef HEDDLE_TEST_FUZZ_TOYMODEL_H
#define HEDDLE_TEST_FUZZ_TOYMODEL_H

#include "test/fuzz/MemoryFile.h"
#include "test/runtime/ToyProgram.h"

namespace fuzz {

inline heddle_model *toyModel() {
  static heddle_model *opened = [] {
    std::vector<uint8_t> bytes = toy::weightsFile();
    MemoryFile file(
        {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
    heddle_open_options options = {file.path.c_str(), 1, 0};
    return heddle_open(&toy::program, &options);
  }();
  return opened;
}

} // namespace fuzz

#endif // HEDDLE_TEST_FUZZ_TOYMODEL_H
