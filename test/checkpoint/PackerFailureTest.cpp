//===- PackerFailureTest.cpp - Failures of packing leave nothing behind ---===//

#include "test/checkpoint/PackerFixture.h"
#include <sys/resource.h>
#include <unistd.h>

using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;

namespace {

class PackerFailureTest : public PackerTest {
protected:
  PackerFailureTest() {
    open(FileBuilder().addRamp("a", {1000, 2000}));
    request.tensors = {{{part("a")}, PackedLayout::plain()}};
    request.slots = {0};
  }

  /// Lets files grow to `bytes` only, as a full disk would.
  struct FileSizeLimit {
    rlimit before;
    explicit FileSizeLimit(rlim_t bytes) {
      signal(SIGXFSZ, SIG_IGN);
      getrlimit(RLIMIT_FSIZE, &before);
      rlimit limit = {bytes, before.rlim_max};
      setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before); }
  };

  std::string failure(llvm::Expected<PackResult> packed) {
    EXPECT_FALSE(bool(packed));
    return llvm::toString(packed.takeError());
  }
};

TEST_F(PackerFailureTest, FullDiskKeepsTheFileAsItWas) {
  std::string weights = write("weights", "");
  std::string program = write("program", "old program");
  {
    FileSizeLimit limit(4'000'000);
    EXPECT_EQ(failure(writePackedFile(weights, request)),
              weights + ": cannot be written: File too large");
    EXPECT_EQ(failure(appendPackedFile(program, request)),
              program + ": cannot be written: File too large");
  }
  EXPECT_EQ(contentOf(weights), "");
  EXPECT_EQ(contentOf(program), "old program");
  EXPECT_TRUE(holdsOnly({"model.safetensors", "weights", "program"}));
}

TEST_F(PackerFailureTest, CheckpointThatShrinksKeepsTheFileAsItWas) {
  std::string weights = write("weights", "");
  std::string program = write("program", "old program");
  ASSERT_EQ(truncate(pathOf("model.safetensors").c_str(), 5'000'000), 0);
  for (unsigned threads : {1, 4}) {
    request.threads = threads;
    std::string expected = pathOf("model.safetensors") +
                           ": tensor a: the file ended while it was read";
    EXPECT_EQ(failure(writePackedFile(weights, request)), expected);
    EXPECT_EQ(failure(appendPackedFile(program, request)), expected);
  }
  EXPECT_EQ(contentOf(weights), "");
  EXPECT_EQ(contentOf(program), "old program");
}

TEST_F(PackerFailureTest, RefusesPlacesThatCannotBeWritten) {
  EXPECT_EQ(failure(writePackedFile(pathOf("no/weights"), request)),
            pathOf("no/weights") +
                ": cannot be written: No such file or directory");
  EXPECT_EQ(failure(appendPackedFile(pathOf("program"), request)),
            pathOf("program") +
                ": cannot be written: No such file or directory");
  ASSERT_FALSE(llvm::sys::fs::create_directory(pathOf("weights")));
  EXPECT_EQ(failure(writePackedFile(pathOf("weights"), request)),
            pathOf("weights") + ": cannot be written: Is a directory");
  EXPECT_TRUE(holdsOnly({"model.safetensors", "weights"}));
}

} // namespace
