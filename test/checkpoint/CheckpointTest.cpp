//===- CheckpointTest.cpp - Opening checkpoints, sound and damaged --------===//

#include "compiler/checkpoint/Json.h"
#include "test/checkpoint/Fixture.h"
#include <set>
#include <sys/stat.h>
#include <unistd.h>

using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;

namespace {

using Messages = std::vector<std::string>;

class CheckpointTest : public Fixture {
protected:
  /// The problems of opening the directory.
  Messages problemsOfDirectory(llvm::StringRef name = "") {
    Problems problems;
    std::unique_ptr<Source> checkpoint = openSource(
        name.empty() ? directory.str().str() : pathOf(name), problems);
    EXPECT_EQ(checkpoint == nullptr, !problems.empty());
    return messagesOf(problems);
  }

  /// The problems of one file with these bytes.
  Messages problemsOf(llvm::StringRef bytes) {
    write("model.safetensors", bytes);
    return problemsOfDirectory();
  }
  Messages problemsOfHeader(llvm::StringRef header, size_t dataBytes = 0) {
    return problemsOf(safetensors(header, std::string(dataBytes, 'x')));
  }

  static Messages one(llvm::StringRef message) {
    return {("DIR/model.safetensors: " + message).str()};
  }
};

TEST_F(CheckpointTest, ReadsTensorsOfOneFile) {
  write("model.safetensors", FileBuilder()
                                 .addRamp("b", {2, 3})
                                 .add("a", "BF16", {}, "\x80\x3f")
                                 .add("ids", "I64", {0}, "")
                                 .bytes());
  Problems problems;
  auto checkpoint = openSource(directory, problems);
  ASSERT_TRUE(checkpoint && problems.empty());
  EXPECT_EQ(checkpoint->tensors().size(), 3u);
  const StoredTensor *b = checkpoint->find("b");
  ASSERT_TRUE(b);
  EXPECT_EQ(b->dtype, DType::F32);
  EXPECT_EQ(shapeText(b->shape), "[2, 3]");
  EXPECT_EQ(checkpoint->fileOf(*b), pathOf("model.safetensors"));
  float last[2];
  llvm::cantFail(
      checkpoint->read(*b, 16, {reinterpret_cast<char *>(last), sizeof last}));
  EXPECT_EQ(last[0], 4.0f);
  EXPECT_EQ(last[1], 5.0f);
  EXPECT_EQ(checkpoint->find("a")->bytes, 2u);
  EXPECT_EQ(checkpoint->find("c"), nullptr);
}

TEST_F(CheckpointTest, AcceptsMetadataAndPaddedHeader) {
  EXPECT_EQ(problemsOfHeader("{\"__metadata__\":{\"format\":\"pt\"},"
                             "\"a\":{\"dtype\":\"U8\",\"shape\":[3],"
                             "\"data_offsets\":[0,3]}}      ",
                             3),
            Messages{});
}

TEST_F(CheckpointTest, ReadsShards) {
  write("model-00001-of-00002.safetensors",
        FileBuilder().addRamp("a", {2}).bytes());
  write("model-00002-of-00002.safetensors",
        FileBuilder().addRamp("b", {3}).addRamp("c", {1}).bytes());
  write("model.safetensors.index.json", R"({"metadata": {"total_size": 24},
    "weight_map": {"a": "model-00001-of-00002.safetensors",
                   "b": "model-00002-of-00002.safetensors",
                   "c": "model-00002-of-00002.safetensors"}})");
  Problems problems;
  auto checkpoint = openSource(directory, problems);
  ASSERT_TRUE(checkpoint) << messagesOf(problems)[0];
  EXPECT_EQ(checkpoint->tensors().size(), 3u);
  EXPECT_EQ(checkpoint->fileOf(*checkpoint->find("b")),
            pathOf("model-00002-of-00002.safetensors"));
}

//===- What may be wrong with a directory -------------------------------===//

TEST_F(CheckpointTest, RefusesMissingDirectory) {
  EXPECT_EQ(problemsOfDirectory("nowhere"),
            Messages{"DIR/nowhere: no such file or directory"});
}

TEST_F(CheckpointTest, RefusesDirectoryWithoutWeights) {
  constexpr llvm::StringLiteral needed =
      ", needed model.safetensors, pytorch_model.bin, an index of shards of "
      "either, or one file of weights";
  EXPECT_EQ(problemsOfDirectory(),
            Messages{("DIR: found no weights" + needed).str()});
  write("tf_model.h5", "x");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{("DIR: found tf_model.h5" + needed).str()});
  write("a.pt", "");
  write("b.gguf", "");
  EXPECT_EQ(
      problemsOfDirectory(),
      Messages{
          ("DIR: found 2 files of weights (a.pt, b.gguf)" + needed).str()});
  write("a.safetensors", "");
  write("b.safetensors", "");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{("DIR: found 2 files of weights (a.safetensors, "
                      "b.safetensors)" +
                      needed)
                         .str()});
}

TEST_F(CheckpointTest, RefusesPipeWithoutWaiting) {
  ASSERT_EQ(mkfifo(pathOf("model.safetensors").c_str(), 0600), 0);
  EXPECT_EQ(problemsOfDirectory(), one("found a pipe, needed a regular file"));
  unlink(pathOf("model.safetensors").c_str());
}

//===- What may be wrong with an index ------------------------------------===//

TEST_F(CheckpointTest, RefusesMissingShard) {
  write("1.safetensors", FileBuilder().addRamp("a", {2}).bytes());
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "1.safetensors", "c": "2.safetensors",
                           "b": "2.safetensors"}})");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{"DIR/2.safetensors: missing shard: needed for 2 tensors, "
                     "the first of them b"});
}

TEST_F(CheckpointTest, RefusesShardWithoutItsTensor) {
  write("1.safetensors", FileBuilder().addRamp("a", {2}).bytes());
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "1.safetensors", "b": "1.safetensors"}})");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{"DIR/1.safetensors: tensor b: not found, needed by the "
                     "index model.safetensors.index.json"});
}

TEST_F(CheckpointTest, RefusesTensorInTwoShards) {
  write("1.safetensors", FileBuilder().addRamp("a", {2}).bytes());
  write("2.safetensors",
        FileBuilder().addRamp("a", {2}).addRamp("b", {2}).bytes());
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}})");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{"DIR/2.safetensors: tensor a: found a second one, in "
                     "DIR/1.safetensors as well, needed one"});
}

TEST_F(CheckpointTest, RefusesShardOutsideOfTheDirectory) {
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "../1.safetensors", "b": 7, "c": ".."}})");
  Messages messages = problemsOfDirectory();
  ASSERT_EQ(messages.size(), 3u);
  for (const std::string &message : messages)
    EXPECT_NE(message.find("needed the name of a file beside the index"),
              std::string::npos)
        << message;
}

TEST_F(CheckpointTest, RefusesMalformedIndex) {
  write("model.safetensors.index.json", "{\n  \"weight_map\" [}");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{"DIR/model.safetensors.index.json:2:16: malformed JSON: "
                     "expected : after object key"});
  write("model.safetensors.index.json", "[]");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{"DIR/model.safetensors.index.json: found no "
                     "\"weight_map\", needed an object of tensor names and "
                     "their files"});
  write("model.safetensors.index.json",
        "{\"weight_map\": {\"a\": \"1.safetensors\",\n"
        "  \"\\u0061\": \"2.safetensors\"}}");
  EXPECT_EQ(problemsOfDirectory(),
            Messages{"DIR/model.safetensors.index.json:2:3: the key \"a\" is "
                     "given twice"});
}

//===- What may be wrong with the header's size ---------------------------===//

TEST_F(CheckpointTest, RefusesFileWithoutHeaderSize) {
  EXPECT_EQ(problemsOf(""), one("truncated: found 0 bytes, needed the 8 of a "
                                "header size"));
  EXPECT_EQ(problemsOf("1234567"), one("truncated: found 7 bytes, needed the "
                                       "8 of a header size"));
}

TEST_F(CheckpointTest, RefusesNaNAsHeaderSize) {
  // A double in the place of the size: 0x7ff8000000000000.
  EXPECT_EQ(problemsOf(llvm::StringRef("\0\0\0\0\0\0\xf8\x7f{}", 10)),
            one("found a header size of 9221120237041090560 bytes, needed at "
                "most 100000000: is this a safetensors file?"));
}

TEST_F(CheckpointTest, RefusesHugeAndNegativeHeaderSize) {
  EXPECT_EQ(problemsOf(llvm::StringRef("\x01\xe1\xf5\x05\0\0\0\0{}", 10)),
            one("found a header size of 100000001 bytes, needed at most "
                "100000000: is this a safetensors file?"));
  EXPECT_EQ(problemsOf("\xff\xff\xff\xff\xff\xff\xff\xff{}"),
            one("found a header size of 18446744073709551615 bytes, needed at "
                "most 100000000: is this a safetensors file?"));
}

TEST_F(CheckpointTest, RefusesHeaderBeyondTheFile) {
  EXPECT_EQ(problemsOf(llvm::StringRef("\x40\0\0\0\0\0\0\0{}", 10)),
            one("truncated: found 10 bytes, needed 72 for the header alone"));
}

TEST_F(CheckpointTest, NamesGGUF) {
  EXPECT_EQ(problemsOf("GGUF\x03...."),
            one("found a GGUF file, needed safetensors"));
}

TEST_F(CheckpointTest, NamesTheGitLfsPointer) {
  EXPECT_EQ(problemsOf("version https://git-lfs.github.com/spec/v1\n"),
            one("found a git-lfs pointer, needed the file it stands for (git "
                "lfs pull)"));
}

//===- What may be wrong with the header's JSON ---------------------------===//

TEST_F(CheckpointTest, RefusesMalformedHeader) {
  EXPECT_EQ(problemsOfHeader(""),
            Messages{"DIR/model.safetensors: header:1:1: malformed JSON: "
                     "unexpected eof"});
  EXPECT_EQ(problemsOfHeader("{\"a\": }"),
            Messages{"DIR/model.safetensors: header:1:7: malformed JSON: "
                     "invalid json value"});
  EXPECT_EQ(problemsOfHeader("{} {"),
            Messages{"DIR/model.safetensors: header:1:4: malformed JSON: text "
                     "after end of document"});
  EXPECT_EQ(problemsOfHeader("[1]"), one("the header is no JSON object"));
  EXPECT_EQ(problemsOfHeader("{\"\xff\": 1}").size(), 1u);
}

TEST_F(CheckpointTest, RefusesBottomlessNesting) {
  EXPECT_EQ(problemsOfHeader(std::string(1'000'000, '[')),
            Messages{"DIR/model.safetensors: header:1:65: brackets nested "
                     "deeper than 64"});
}

TEST_F(CheckpointTest, RefusesNameGivenTwice) {
  EXPECT_EQ(problemsOfHeader(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]"
                "},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]"
                "}}",
                2),
            Messages{"DIR/model.safetensors: header:1:54: the key \"a\" is "
                     "given twice"});
}

//===- What may be wrong with a tensor ------------------------------------===//

class TensorFaultTest : public CheckpointTest {
protected:
  Messages problemsOfTensor(llvm::StringRef info, size_t dataBytes = 4) {
    return problemsOfHeader(("{\"w\":" + info + "}").str(), dataBytes);
  }
  static Messages fault(llvm::StringRef message) {
    return one(("tensor w: " + message).str());
  }
};

TEST_F(TensorFaultTest, RefusesUnknownType) {
  EXPECT_EQ(
      problemsOfTensor(R"({"dtype":"F33","shape":[1],"data_offsets":[0,4]})"),
      fault("found dtype \"F33\", needed a type of the format, such as F32, "
            "F16 or BF16"));
  EXPECT_EQ(problemsOfTensor(R"({"shape":[1],"data_offsets":[0,4]})"),
            fault("found no dtype, needed a type of the format, such as F32, "
                  "F16 or BF16"));
  EXPECT_EQ(problemsOfTensor("7"),
            fault("found 7, needed an object with dtype, shape, data_offsets"));
}

TEST_F(TensorFaultTest, RefusesShapesThatAreNoNumbers) {
  auto problems = [&](llvm::StringRef shape) {
    return problemsOfTensor(
        ("{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[0,4]}")
            .str());
  };
  EXPECT_EQ(problems("[-1]"),
            fault("found shape [-1], needed whole numbers from 0"));
  EXPECT_EQ(problems("[1.5]"),
            fault("found shape [1.5], needed whole numbers from 0"));
  EXPECT_EQ(problems("4"), fault("found shape 4, needed whole numbers from 0"));
  EXPECT_EQ(problems("[1e30]"),
            fault("found shape [1e+30], needed whole numbers from 0"));
  EXPECT_EQ(problems("[NaN]"),
            Messages{"DIR/model.safetensors: header:1:30: malformed JSON: "
                     "invalid json value"});
}

TEST_F(TensorFaultTest, RefusesShapesThatOverflow) {
  EXPECT_EQ(problemsOfTensor(R"({"dtype":"F32","shape":[4294967296,4294967296],
                                 "data_offsets":[0,4]})"),
            fault("found shape [4294967296,4294967296] of F32, needed a size "
                  "in whole bytes below 2^60"));
  EXPECT_EQ(
      problemsOfTensor(R"({"dtype":"F4","shape":[7],"data_offsets":[0,4]})"),
      fault("found shape [7] of F4, needed a size in whole bytes below "
            "2^60"));
}

TEST_F(TensorFaultTest, RefusesOffsetsThatDisagreeWithTheShape) {
  EXPECT_EQ(
      problemsOfTensor(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"),
      fault("found 4 bytes at data_offsets [0,4], needed 8 for [2] of "
            "F32"));
  EXPECT_EQ(
      problemsOfTensor(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"),
      fault("found data_offsets [4,0], needed [begin, end] with 0 <= "
            "begin <= end"));
  EXPECT_EQ(
      problemsOfTensor(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})"),
      fault("found data_offsets [0,4,8], needed [begin, end] with 0 <= "
            "begin <= end"));
  EXPECT_EQ(problemsOfTensor(R"({"dtype":"F32","shape":[1]})"),
            fault("found no data_offsets, needed [begin, end] with 0 <= begin "
                  "<= end"));
  EXPECT_EQ(
      problemsOfTensor(R"({"dtype":"F32","shape":[1],"data_offsets":[-4,0]})"),
      fault("found data_offsets [-4,0], needed [begin, end] with 0 <= begin "
            "<= end"));
}

TEST_F(CheckpointTest, RefusesTruncatedFile) {
  std::string bytes = FileBuilder().addRamp("a", {2}).addRamp("b", {3}).bytes();
  EXPECT_EQ(problemsOf(llvm::StringRef(bytes).drop_back(1)),
            one("tensor b: truncated: found a file of 135 bytes, needed 136 "
                "(1 tensor cut off)"));
  EXPECT_EQ(problemsOf(llvm::StringRef(bytes).drop_back(13)),
            one("tensor a: truncated: found a file of 123 bytes, needed 136 "
                "(2 tensors cut off)"));
}

TEST_F(CheckpointTest, RefusesOverlapGapAndTrailingBytes) {
  auto header = [](llvm::StringRef offsets) {
    return ("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
            "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" +
            offsets + "}}")
        .str();
  };
  EXPECT_EQ(problemsOfHeader(header("[3,7]"), 7),
            one("tensor b: found offset 3, needed 4: it overlaps tensor a"));
  EXPECT_EQ(problemsOfHeader(header("[0,4]"), 4),
            one("tensor b: found offset 0, needed 4: it overlaps tensor a"));
  EXPECT_EQ(problemsOfHeader(header("[5,9]"), 9),
            one("tensor b: found offset 5, needed 4: the bytes between belong "
                "to no tensor"));
  EXPECT_EQ(problemsOfHeader(header("[4,8]"), 9),
            one("found 1 bytes after the last tensor, needed none"));
  EXPECT_EQ(problemsOfHeader(header("[9223372036854775803,"
                                    "9223372036854775807]"),
                             8)
                .size(),
            2u);
}

TEST_F(CheckpointTest, ReportsSeveralFaultsInOrderOfNames) {
  EXPECT_EQ(problemsOfHeader("{\"b\":1,\"a\":2,\"c\":3}").size(), 3u);
  EXPECT_EQ(problemsOfHeader("{\"b\":1,\"a\":2}")[0],
            "DIR/model.safetensors: tensor a: found 2, needed an object with "
            "dtype, shape, data_offsets");
}

TEST_F(CheckpointTest, NoticesAFileThatShrinks) {
  write("model.safetensors", FileBuilder().addRamp("a", {64}).bytes());
  Problems problems;
  auto checkpoint = openSource(directory, problems);
  ASSERT_TRUE(checkpoint);
  ASSERT_EQ(truncate(pathOf("model.safetensors").c_str(), 100), 0);
  std::vector<char> bytes(256);
  EXPECT_NE(llvm::toString(checkpoint->read(*checkpoint->find("a"), 0, bytes))
                .find("tensor a: the file ended while it was read"),
            std::string::npos);
}

TEST_F(CheckpointTest, SurvivesAnyDamageToTheHeader) {
  std::string sound = FileBuilder()
                          .addRamp("a", {2, 3})
                          .add("b", "BF16", {4}, "12345678")
                          .bytes();
  size_t headerEnd = sound.size() - 32, refused = 0;
  uint32_t state = 1;
  auto next = [&](uint32_t below) {
    return ((state = state * 1664525u + 1013904223u) >> 8) % below;
  };
  constexpr char syntax[] = "{}[]\",:0-9e.\\x\xff";
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = sound;
    for (uint32_t i = 0; i <= next(3); ++i)
      damaged[next(headerEnd)] = syntax[next(sizeof syntax)];
    if (next(4) == 0)
      damaged.resize(next(damaged.size()));
    write("model.safetensors", damaged);
    Problems problems;
    auto checkpoint = openSource(directory, problems);
    ASSERT_EQ(checkpoint == nullptr, !problems.empty());
    refused += !checkpoint;
    if (checkpoint)
      for (const StoredTensor &tensor : checkpoint->tensors())
        ASSERT_LE(tensor.offset + tensor.bytes, damaged.size());
  }
  EXPECT_GT(refused, 2000u); // the rest changed a name or nothing
}

TEST(GoldenCheckpoints, AllOpen) {
  std::error_code error;
  size_t opened = 0, shards = 0;
  for (llvm::sys::fs::directory_iterator it(HEDDLE_GOLDEN_DIR, error), end;
       it != end && !error; it.increment(error)) {
    if (!createSource(it->path())->document("config.json").isThere())
      continue;
    Problems problems;
    auto checkpoint = openSource(it->path(), problems);
    ASSERT_TRUE(checkpoint) << problems.messages()[0];
    std::set<llvm::StringRef> files;
    for (const StoredTensor &tensor : checkpoint->tensors()) {
      EXPECT_TRUE(holdsWeights(tensor.dtype)) << tensor.name;
      files.insert(checkpoint->fileOf(tensor));
    }
    ++opened;
    shards = std::max(shards, files.size());
  }
  EXPECT_GE(opened, 8u);
  EXPECT_GE(shards, 2u) << "one of them is sharded";
}

} // namespace
