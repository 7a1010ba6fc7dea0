//===- SourceTest.cpp - What a checkpoint gives, whatever its format ------===//

#include "test/checkpoint/Fixture.h"

using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;

namespace {

using SourceTest = Fixture;

TEST_F(SourceTest, ReadsElementsAsFloats) {
  write("model.safetensors", FileBuilder()
                                 .addRamp("a", {2, 3})
                                 .add("b", "BF16", {2}, "\x80\x3f\x40\x40")
                                 .bytes());
  Problems problems;
  auto checkpoint = openSource(directory, problems);
  ASSERT_TRUE(checkpoint && problems.empty());
  llvm::SmallVector<char, 0> scratch;
  float numbers[2];
  llvm::cantFail(
      checkpoint->readFloats(*checkpoint->find("a"), 3, numbers, scratch));
  EXPECT_EQ(numbers[0], 3.0f);
  EXPECT_EQ(numbers[1], 4.0f);
  llvm::cantFail(
      checkpoint->readFloats(*checkpoint->find("b"), 0, numbers, scratch));
  EXPECT_EQ(numbers[0], 1.0f);
  EXPECT_EQ(numbers[1], 3.0f);
}

TEST_F(SourceTest, OpensOnceItsFilesAreMended) {
  auto checkpoint = createSource(directory);
  for (int again = 0; again < 2; ++again) {
    Problems problems;
    EXPECT_FALSE(checkpoint->open(problems));
    EXPECT_EQ(problems.size(), 1u);
    EXPECT_TRUE(checkpoint->tensors().empty());
  }
  write("model.safetensors", FileBuilder().addRamp("a", {2}).bytes());
  Problems problems;
  EXPECT_TRUE(checkpoint->open(problems));
  EXPECT_TRUE(checkpoint->open(problems));
  EXPECT_EQ(checkpoint->tensors().size(), 1u);
}

TEST_F(SourceTest, FindsTheFilesBesideTheWeights) {
  std::string config = write("config.json", "{}");
  std::string weights = write("x.safetensors", FileBuilder().bytes());
  EXPECT_EQ(createSource(weights)->document("config.json"), config);
  EXPECT_FALSE(createSource(weights)->document("tokenizer.json").isThere());
  EXPECT_EQ(createSource(directory)->document("config.json"), config);
  EXPECT_FALSE(createSource("")->document("config.json").isThere());
  for (llvm::StringRef path : {directory.str(), llvm::StringRef(weights)}) {
    Problems problems;
    EXPECT_TRUE(openSource(path, problems)) << path.str();
  }
}

} // namespace
