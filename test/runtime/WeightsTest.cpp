// Every fault of a packed weights file ends in a message, never in a crash.

#include "ToyProgram.h"

#include "runtime/Model.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace {

class WeightsFile : public ::testing::Test {
protected:
  /// Opens the toy program with these bytes as its weights; what was wrong,
  /// with FILE for the file's name, or "".
  std::string open(const std::vector<uint8_t> &bytes, bool checkTensors = false,
                   const heddle_program &program = toy::program) {
    std::string path = toy::writeFile(
        ::testing::TempDir() + "weights-" + std::to_string(getpid()), bytes);
    heddle_open_options options = {path.c_str(), 1, checkTensors};
    heddle_model *model = heddle_open(&program, &options);
    std::string message = model ? "" : heddle_last_error();
    heddle_close(model);
    unlink(path.c_str());
    if (size_t at = message.find(path); at != std::string::npos)
      message.replace(at, path.size(), "FILE");
    return message;
  }

  heddle_file_header &header() {
    return *reinterpret_cast<heddle_file_header *>(file.data());
  }
  heddle_section &section(int index) {
    return reinterpret_cast<heddle_section *>(&header() + 1)[index];
  }

  /// The offsets of both slots, with a right checksum.
  void setSlots(int64_t first, int64_t second) {
    auto *slots = reinterpret_cast<int64_t *>(&file[section(0).offset]);
    slots[0] = first, slots[1] = second;
    section(0).checksum = heddle_checksum(slots, section(0).bytes);
    toy::sealHeader(file);
  }

  std::vector<uint8_t> file = toy::weightsFile();
};

TEST_F(WeightsFile, Whole) { EXPECT_EQ(open(file, true), ""); }

TEST_F(WeightsFile, CutAtEveryByte) {
  while (file.size() > 8) {
    file.pop_back();
    EXPECT_NE(open(file).find("cut off"), std::string::npos)
        << file.size() << ": " << heddle_last_error();
  }
  file.pop_back();
  EXPECT_EQ(open(file), "FILE: holds no packed weights");
  EXPECT_EQ(open({}), "FILE: holds no packed weights");
}

TEST_F(WeightsFile, EveryByteOfHeaderAndTableIsProtected) {
  size_t protectedBytes = sizeof(heddle_file_header) +
                          header().section_count * sizeof(heddle_section);
  for (size_t at = 0; at < protectedBytes; ++at) {
    file[at] ^= 0x10;
    EXPECT_NE(open(file), "") << at;
    file[at] ^= 0x10;
  }
}

TEST_F(WeightsFile, WrongMagic) {
  header().magic ^= 1;
  EXPECT_EQ(open(file), "FILE: holds no packed weights");
}

TEST_F(WeightsFile, WrongVersion) {
  header().version = 7;
  EXPECT_EQ(
      open(file),
      "FILE: packed weights have version 7, this program reads version 1");
}

TEST_F(WeightsFile, OfAnotherProgram) {
  header().fingerprint = 0xabc;
  toy::sealHeader(file);
  EXPECT_EQ(open(file),
            "FILE: packed for another program (fingerprint 0000000000000abc, "
            "needed 1234567890abcdef)");
}

TEST_F(WeightsFile, DamagedHeader) {
  header().header_checksum ^= 1;
  EXPECT_EQ(open(file), "FILE: damaged: its header has a wrong checksum");
}

TEST_F(WeightsFile, TooManySections) {
  header().section_count = 0xffffffff;
  EXPECT_EQ(open(file),
            "FILE: its table of 4294967295 sections exceeds the file");
}

TEST_F(WeightsFile, SectionOutside) {
  for (uint64_t offset : {uint64_t{1} << 20, ~uint64_t{63}, uint64_t{1}}) {
    section(1).offset = offset;
    toy::sealHeader(file);
    EXPECT_EQ(open(file),
              "FILE: damaged: section tensors lies outside of the file");
  }
}

TEST_F(WeightsFile, SectionTooLong) {
  section(1).bytes = ~uint64_t{0};
  toy::sealHeader(file);
  EXPECT_EQ(open(file),
            "FILE: damaged: section tensors lies outside of the file");
}

TEST_F(WeightsFile, SectionNameWithoutEnd) {
  memset(section(1).name, 'x', sizeof section(1).name);
  toy::sealHeader(file);
  EXPECT_EQ(open(file), "FILE: damaged: section 1 has no proper name");
}

TEST_F(WeightsFile, MissingSection) {
  strcpy(section(1).name, "others");
  toy::sealHeader(file);
  EXPECT_EQ(open(file), "FILE: has no section tensors");
}

TEST_F(WeightsFile, DamagedSlots) {
  file[section(0).offset] ^= 64;
  EXPECT_EQ(open(file), "FILE: damaged: section slots has a wrong checksum");
}

TEST_F(WeightsFile, SlotOutsideOfTensors) {
  // Even the last cache line of the tensors has no room for ten numbers, nor is
  // their end an offset that anything may be read from.
  for (int64_t offset : {int64_t{1} << 40, int64_t{-64}, int64_t{4},
                         int64_t{64}, INT64_MAX - 63, INT64_MIN}) {
    setSlots(0, offset);
    EXPECT_EQ(open(file), "FILE: damaged: weight slot 1 lies outside of the "
                          "tensors: found byte " +
                              std::to_string(static_cast<uint64_t>(offset)) +
                              " of 40, needed room for 40");
  }
}

TEST_F(WeightsFile, TensorsShorterThanWhatTheCodeReads) {
  for (uint64_t bytes : {39u, 1u, 0u}) {
    section(1).bytes = bytes;
    section(1).checksum = heddle_checksum(&file[section(1).offset], bytes);
    toy::sealHeader(file);
    EXPECT_EQ(open(file), "FILE: damaged: weight slot 0 lies outside of the "
                          "tensors: found byte 0 of " +
                              std::to_string(bytes) + ", needed room for 40");
  }
}

TEST_F(WeightsFile, SectionsThatOverlap) {
  for (uint64_t offset : {0u, 64u, 192u}) {
    section(1).offset = offset;
    toy::sealHeader(file);
    EXPECT_EQ(open(file),
              "FILE: damaged: section tensors overlaps what lies before it");
  }
}

TEST_F(WeightsFile, AProgramThatSaysNothingOfItsSlots) {
  heddle_program program = toy::program;
  program.weight_bytes = nullptr;
  EXPECT_EQ(open(file, false, program),
            "toy does not say how large its weights are");
}

TEST_F(WeightsFile, WrongNumberOfSlots) {
  section(0).bytes = 8;
  toy::sealHeader(file);
  EXPECT_EQ(open(file), "FILE: has 1 weight slots, the program needs 2");
}

TEST_F(WeightsFile, DamagedTensorsAreFoundOnRequest) {
  file[section(1).offset + 5] ^= 1;
  EXPECT_EQ(open(file, false), "");
  EXPECT_EQ(open(file, true),
            "FILE: damaged: section tensors has a wrong checksum");
}

TEST_F(WeightsFile, DamagedTokenizer) {
  file = toy::weightsFile({1, 2, 3});
  EXPECT_EQ(open(file), "");
  file[section(2).offset] ^= 1;
  EXPECT_EQ(open(file),
            "FILE: damaged: section tokenizer has a wrong checksum");
}

TEST_F(WeightsFile, FoundBehindAProgramByItsFooter) {
  std::vector<uint8_t> whole(2 * HEDDLE_PAGE, 0x7f);
  whole.insert(whole.end(), file.begin(), file.end());
  heddle_file_footer footer = {2 * HEDDLE_PAGE, HEDDLE_FOOTER_MAGIC};
  auto *bytes = reinterpret_cast<uint8_t *>(&footer);
  whole.insert(whole.end(), bytes, bytes + sizeof footer);
  EXPECT_EQ(open(whole, true), "");

  // A footer that points elsewhere.
  auto &written = *reinterpret_cast<heddle_file_footer *>(
      &whole[whole.size() - sizeof footer]);
  written.header_offset = HEDDLE_PAGE;
  EXPECT_EQ(open(whole), "FILE: no packed weights where they should be");
  written.header_offset = 2 * HEDDLE_PAGE + 64;
  EXPECT_EQ(open(whole), "FILE: packed weights begin at byte 8256, needed: a "
                         "multiple of 4096");
  written.header_offset = ~uint64_t{0};
  EXPECT_EQ(open(whole), "FILE: packed weights are cut off");
}

TEST_F(WeightsFile, PathsThatAreNoFile) {
  heddle_open_options options = {"/nonexistent/toy.weights", 1, 0};
  EXPECT_EQ(heddle_open(&toy::program, &options), nullptr);
  EXPECT_STREQ(heddle_last_error(),
               "/nonexistent/toy.weights: No such file or directory");
  options.weights = "/";
  EXPECT_EQ(heddle_open(&toy::program, &options), nullptr);
  EXPECT_STREQ(heddle_last_error(),
               "/: is a directory, needed: packed weights");
  options.weights = "/dev/zero";
  EXPECT_EQ(heddle_open(&toy::program, &options), nullptr);
  EXPECT_STREQ(heddle_last_error(),
               "/dev/zero: is no regular file, needed: packed weights");
  // Nobody writes to it, and nobody has to.
  std::string pipe = ::testing::TempDir() + "pipe-" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  options.weights = pipe.c_str();
  EXPECT_EQ(heddle_open(&toy::program, &options), nullptr);
  EXPECT_EQ(heddle_last_error(),
            pipe + ": is no regular file, needed: packed weights");
  unlink(pipe.c_str());
}

TEST(OwnWeights, AreLookedForInAndBesideTheExecutable) {
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  ASSERT_GT(length, 0);
  std::string executable(self, length);
  std::string directory = executable.substr(0, executable.rfind('/') + 1);
  // Other tests run in the same directory.
  std::string name = "toy-" + std::to_string(getpid());
  heddle_program program = toy::program;
  program.name = name.c_str();
  std::string besides[] = {executable + ".weights",
                           directory + name + ".weights"};
  EXPECT_EQ(heddle_open(&program, nullptr), nullptr);
  EXPECT_EQ(heddle_last_error(), executable +
                                     ": carries no weights, and there is "
                                     "neither " +
                                     besides[0] + " nor " + besides[1]);
  for (const std::string &path : besides) {
    toy::writeFile(path, toy::weightsFile());
    heddle_model *model = heddle_open(&program, nullptr);
    EXPECT_NE(model, nullptr) << heddle_last_error();
    heddle_close(model);
    unlink(path.c_str());
  }
}

TEST(Program, OfAnotherInterfaceIsRefused) {
  heddle_program program = toy::program;
  program.abi_version = 99;
  EXPECT_EQ(heddle_open(&program, nullptr), nullptr);
  EXPECT_EQ(heddle_last_error(),
            "the program was compiled for runtime interface 99, this runtime "
            "has " +
                std::to_string(HEDDLE_INTERFACE_VERSION));
}

TEST(Program, WithoutWeightsNeedsNoFile) {
  heddle_program program = toy::program;
  program.weight_slot_count = 0;
  heddle_open_options options = {nullptr, -1, 0};
  EXPECT_EQ(heddle_open(&program, &options), nullptr);
  EXPECT_STREQ(heddle_last_error(),
               "threads is -1, needed: 1 to 1024, or 0 for one a core");
  options.threads = 1;
  heddle_model *model = heddle_open(&program, &options);
  EXPECT_NE(model, nullptr) << heddle_last_error();
  heddle_close(model);
}

#if defined(__x86_64__)
TEST(Program, NeedsTheCpuItWasCompiledFor) {
  heddle_program program = toy::program;
  program.weight_slot_count = 0;
  if (__builtin_cpu_supports("amx-int8") &&
      __builtin_cpu_supports("avx512vp2intersect"))
    GTEST_SKIP() << "this CPU has everything that the test could miss";
  program.cpu_features = "avx2,amx-int8,avx512vp2intersect,unheard-of";
  EXPECT_EQ(heddle_open(&program, nullptr), nullptr);
  std::string message = heddle_last_error();
  EXPECT_TRUE(message.starts_with("toy was compiled for a CPU with a"))
      << message;
  EXPECT_TRUE(message.ends_with(", which this machine lacks")) << message;
  program.cpu_features = "unheard-of,+sse2";
  heddle_model *model = heddle_open(&program, nullptr);
  EXPECT_NE(model, nullptr) << heddle_last_error();
  heddle_close(model);
}

TEST(Program, UsesTheFirstVersionThatTheMachineExecutes) {
  const heddle_version versions[] = {
      {4, "amx-int8,avx512vp2intersect", nullptr},
      {0, "sse2", nullptr},
      {0, nullptr, nullptr}};
  heddle_program program = toy::program;
  program.weight_slot_count = 0;
  program.versions = versions;
  for (int32_t count : {0, 1, 3}) {
    program.version_count = count;
    heddle_model *model = heddle_open(&program, nullptr);
    ASSERT_NE(model, nullptr) << heddle_last_error();
    bool hasAll = __builtin_cpu_supports("amx-int8") &&
                  __builtin_cpu_supports("avx512vp2intersect");
    const heddle_version *best = count && hasAll ? &versions[0]
                                 : count == 3    ? &versions[1]
                                                 : nullptr;
    EXPECT_EQ(model->version, best) << count;
    heddle_close(model);
  }
}

TEST(Program, LevelsAgreeWithTheCompilersOwnDetection) {
  heddle_program program = toy::program;
  program.weight_slot_count = 0;
  for (auto [level, supported] :
       {std::pair{2u, __builtin_cpu_supports("x86-64-v2")},
        std::pair{3u, __builtin_cpu_supports("x86-64-v3")},
        std::pair{4u, __builtin_cpu_supports("x86-64-v4")}}) {
    program.cpu_level = level;
    heddle_model *model = heddle_open(&program, nullptr);
    EXPECT_EQ(model != nullptr, supported != 0) << level;
    heddle_close(model);
  }
}
#endif

} // namespace
