//===- GgufTest.cpp - Blocks, headers and layouts of GGUF -----------------===//

#include "compiler/checkpoint/GgufBlocks.h"
#include "compiler/checkpoint/GgufSource.h"
#include "test/checkpoint/Fixture.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;
namespace kernel = heddle::kernel;

namespace {

/// Little-endian bytes, one behind the other.
class Bytes {
public:
  template <typename T> Bytes &number(T number) {
    for (size_t i = 0; i < sizeof(T); ++i)
      all += static_cast<char>(static_cast<uint64_t>(number) >> 8 * i);
    return *this;
  }
  Bytes &text(llvm::StringRef text) {
    number<uint64_t>(text.size());
    all += text;
    return *this;
  }
  Bytes &u32(llvm::StringRef key, uint32_t value) {
    return text(key).number<uint32_t>(4).number(value);
  }
  Bytes &string(llvm::StringRef key, llvm::StringRef value) {
    return text(key).number<uint32_t>(8).text(value);
  }
  Bytes &tensor(llvm::StringRef name, llvm::ArrayRef<uint64_t> sizes,
                uint32_t type, uint64_t offset) {
    text(name).number<uint32_t>(sizes.size());
    for (uint64_t size : sizes)
      number(size);
    return number(type).number(offset);
  }
  Bytes &zeros(size_t count) {
    all.append(count, '\0');
    return *this;
  }
  Bytes &aligned() { return zeros(-all.size() % 32); }

  std::string all;
};

Bytes header(uint64_t tensors, uint64_t values, uint32_t version = 3) {
  Bytes bytes;
  bytes.all = "GGUF";
  return bytes.number(version).number(tensors).number(values);
}

class GgufTest : public Fixture {
protected:
  /// The only message about a file of these bytes.
  std::string faultOf(const Bytes &bytes) {
    std::string path = write("model.gguf", bytes.all);
    Problems problems;
    GgufSource source(path);
    EXPECT_FALSE(source.open(problems));
    EXPECT_TRUE(source.tensors().empty());
    std::vector<std::string> messages = messagesOf(problems);
    EXPECT_EQ(messages.size(), 1u);
    return messages.empty() ? "" : messages[0];
  }

  static std::vector<float> floatsOf(const Source &source,
                                     llvm::StringRef name) {
    const StoredTensor *tensor = source.find(name);
    EXPECT_TRUE(tensor) << name.str();
    if (!tensor)
      return {};
    std::vector<float> floats(tensor->bytes / sizeof(float));
    llvm::SmallVector<char, 0> scratch;
    llvm::cantFail(source.readFloats(*tensor, 0, floats, scratch));
    return floats;
  }
};

bool haveSameBits(llvm::ArrayRef<float> a, llvm::ArrayRef<float> b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

//===----------------------------------------------------------------------===//
// Against the package gguf
//===----------------------------------------------------------------------===//

/// What golden/make_gguf.py has written; its header names no model, so that the
/// reader of headers is asked.
struct GoldenBlocks {
  GoldenBlocks() : path(std::string(HEDDLE_GOLDEN_DIR) + "/gguf/blocks.gguf") {
    file = llvm::cantFail(llvm::sys::fs::openNativeFileForRead(path));
    header = readGgufHeader(file, path, problems);
  }
  ~GoldenBlocks() { llvm::sys::fs::closeFile(file); }

  std::vector<uint8_t> bytesOf(const GgufTensor &tensor) const {
    std::vector<uint8_t> bytes(tensor.bytes);
    llvm::cantFail(llvm::sys::fs::readNativeFileSlice(
        file, {reinterpret_cast<char *>(bytes.data()), bytes.size()},
        tensor.offset));
    return bytes;
  }
  const GgufTensor *find(llvm::StringRef name) const {
    for (const GgufTensor &tensor : header->tensors)
      if (tensor.name == name)
        return &tensor;
    return nullptr;
  }

  std::string path;
  llvm::sys::fs::file_t file;
  Problems problems;
  std::optional<GgufHeader> header;
};

TEST(GgufBlocksTest, BlocksOfEachTypeAreTheNumbersOfThePackage) {
  GoldenBlocks golden;
  ASSERT_TRUE(golden.header);
  unsigned types = 0;
  for (const GgufTensor &tensor : golden.header->tensors) {
    const GgufTensor *expected = golden.find(tensor.name + ".expected");
    if (!expected)
      continue;
    ++types;
    EXPECT_EQ(tensor.format->name, tensor.name);
    ASSERT_TRUE(tensor.format->isReadable()) << tensor.name;
    std::vector<uint8_t> blocks = golden.bytesOf(tensor),
                         wanted = golden.bytesOf(*expected);
    std::vector<float> found(wanted.size() / sizeof(float));
    tensor.format->toFloats(blocks.data(), found.data(),
                            blocks.size() / tensor.format->bytes);
    EXPECT_EQ(std::memcmp(found.data(), wanted.data(), wanted.size()), 0)
        << tensor.name;
  }
  // As many as the table says can be read.
  EXPECT_EQ(types, llvm::StringRef(readableGgufFormats()).count(",") + 1u);
}

TEST(GgufBlocksTest, PartsOfABlockMakeItsNumbers) {
  GoldenBlocks golden;
  ASSERT_TRUE(golden.header);
  unsigned types = 0;
  for (const GgufTensor &tensor : golden.header->tensors) {
    const GgufBlockFormat &format = *tensor.format;
    if (!format.unpack)
      continue;
    ++types;
    ASSERT_LE(format.elements, GgufBlock::most);
    ASSERT_LE(format.elements / format.group, GgufBlock::mostGroups);
    std::vector<uint8_t> block = golden.bytesOf(tensor);
    std::vector<float> floats(format.elements);
    format.toFloats(block.data(), floats.data(), 1);
    GgufBlock parts;
    format.unpack(block.data(), parts);
    for (unsigned i = 0; i < format.elements; ++i) {
      unsigned group = i / format.group;
      float product =
          parts.scales[group] * static_cast<float>(parts.integers[i]);
      float minimum = format.hasMinima ? parts.minima[group] : 0;
      EXPECT_EQ(llvm::bit_cast<uint32_t>(product - minimum),
                llvm::bit_cast<uint32_t>(floats[i]))
          << tensor.name << " " << i;
    }
  }
  EXPECT_EQ(types, 15u);
}

/// Kept as integers, blocks are the same numbers to the bit.
TEST(GgufBlocksTest, IntegersOfABlockStandForItsNumbers) {
  GoldenBlocks golden;
  ASSERT_TRUE(golden.header);
  unsigned kept = 0;
  for (const GgufTensor &tensor : golden.header->tensors) {
    const GgufBlockFormat &format = *tensor.format;
    if (format.packed == kernel::PackedType::F32)
      continue;
    const kernel::PackedFormat &packed = kernel::formatOf(format.packed);
    std::vector<uint8_t> block = golden.bytesOf(tensor);
    size_t count = block.size() / format.bytes,
           elements = count * format.elements, run = packed.run();
    std::vector<float> wanted(elements), found(elements);
    format.toFloats(block.data(), wanted.data(), count);
    std::vector<uint8_t> integers(elements);
    std::vector<RunNumbers> numbers(elements / run);
    // Of random bytes, blocks of MXFP4 have scales that are no f16.
    if (!format.toIntegers(block.data(), integers.data(), numbers.data(),
                           count)) {
      EXPECT_EQ(format.name, "MXFP4");
      continue;
    }
    for (size_t i = 0; i < numbers.size(); ++i)
      dequantise(packed, &integers[i * run], numbers[i], &found[i * run], run);
    for (size_t i = 0; i < elements; ++i)
      ASSERT_TRUE(llvm::bit_cast<uint32_t>(wanted[i]) ==
                      llvm::bit_cast<uint32_t>(found[i]) ||
                  (wanted[i] == 0 && found[i] == 0) ||
                  (std::isnan(wanted[i]) && std::isnan(found[i])))
          << format.name.str() << " " << i << ": " << wanted[i] << " "
          << found[i];
    ++kept;
  }
  EXPECT_GE(kept, 12u);
}

TEST(GgufHeaderTest, ValuesOfEachTypeAreRead) {
  GoldenBlocks golden;
  ASSERT_TRUE(golden.header);
  auto value = [&](llvm::StringRef name) {
    const GgufValue *found = golden.header->find(("test." + name).str());
    EXPECT_TRUE(found) << name.str();
    return found ? *found : GgufValue();
  };
  using Integers = std::vector<int64_t>;
  EXPECT_EQ(value("u8").integers, Integers{200});
  EXPECT_EQ(value("i8").integers, Integers{-100});
  EXPECT_EQ(value("u16").integers, Integers{60000});
  EXPECT_EQ(value("i16").integers, Integers{-30000});
  EXPECT_EQ(value("u32").integers, Integers{4000000000});
  EXPECT_EQ(value("i32").integers, Integers{-2000000000});
  EXPECT_EQ(value("u64").integers, Integers{int64_t(1) << 62});
  EXPECT_EQ(value("i64").integers, Integers{-(int64_t(1) << 62)});
  EXPECT_EQ(value("f32").reals, std::vector<double>{0.5});
  EXPECT_EQ(value("f64").reals, std::vector<double>{0.1});
  EXPECT_EQ(value("bool").integers, Integers{1});
  EXPECT_EQ(value("string").strings, std::vector<std::string>{"é\n"});
  EXPECT_FALSE(value("string").isArray);
  EXPECT_TRUE(value("numbers").isArray);
  EXPECT_EQ(value("numbers").integers, (Integers{3, 1, 2}));
  EXPECT_EQ(value("strings").strings,
            (std::vector<std::string>{"a", "", "b c"}));
}

//===----------------------------------------------------------------------===//
// Runs of elements
//===----------------------------------------------------------------------===//

/// A GPT-2 without layers but for one matrix, which transformers has the other
/// way round, and one of blocks.
Bytes smallModel() {
  Bytes bytes = header(2, 7);
  bytes.string("general.architecture", "gpt2");
  for (llvm::StringRef key :
       {"context_length", "embedding_length", "block_count",
        "feed_forward_length", "attention.head_count"})
    bytes.u32(("gpt2." + key).str(), 4);
  bytes.text("gpt2.attention.layer_norm_epsilon")
      .number<uint32_t>(6)
      .number<uint32_t>(0x3727c5ac);
  bytes.tensor("blk.0.attn_qkv.weight", {3, 5}, 0, 0);
  bytes.tensor("token_embd.weight", {64, 3}, 8, 64).aligned();
  for (int i = 0; i < 15; ++i)
    bytes.number(llvm::bit_cast<uint32_t>(float(i)));
  bytes.aligned();
  for (int block = 0; block < 6; ++block) {
    bytes.number<uint16_t>(0x3800); // a half
    for (int i = 0; i < 32; ++i)
      bytes.number<int8_t>(block * 16 + i % 16);
  }
  return bytes;
}

TEST_F(GgufTest, RunsBeginAndEndAnywhereInABlock) {
  std::string path = write("model.gguf", smallModel().all);
  Problems problems;
  auto source = openSource(path, problems);
  ASSERT_TRUE(source) << messagesOf(problems)[0];
  const StoredTensor *tensor = source->find("transformer.wte.weight");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(shapeText(tensor->shape), "[3, 64]");
  std::vector<float> whole = floatsOf(*source, tensor->name);
  ASSERT_EQ(whole.size(), 192u);
  EXPECT_EQ(whole[33], 8.5f);
  llvm::SmallVector<char, 0> scratch;
  for (size_t first : {0u, 1u, 31u, 32u, 63u, 100u})
    for (size_t count : {1u, 2u, 31u, 32u, 33u, 70u, 92u}) {
      std::vector<float> run(count);
      llvm::cantFail(source->readFloats(*tensor, first, run, scratch));
      EXPECT_TRUE(haveSameBits(run, llvm::ArrayRef(whole).slice(first, count)))
          << first << " " << count;
    }
  std::vector<char> bytes(11);
  llvm::cantFail(source->read(*tensor, 33 * 4 + 2, bytes));
  EXPECT_EQ(std::memcmp(bytes.data(),
                        reinterpret_cast<const char *>(&whole[33]) + 2, 11),
            0);
}

TEST_F(GgufTest, ADirectoryOfOneModelIsThatModel) {
  std::string path = write("model.gguf", smallModel().all);
  write("model-00002-of-00002.gguf", "a later part of another");
  Problems problems;
  auto source = openSource(directory, problems);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->filePaths(), std::vector<std::string>{path});
  EXPECT_TRUE(source->document("config.json").isThere());
  write("other.gguf", smallModel().all);
  auto undecided = createSource(directory);
  EXPECT_TRUE(undecided->holdsItsTexts());
  EXPECT_FALSE(undecided->open(problems));
  EXPECT_EQ(messagesOf(problems),
            std::vector<std::string>{"DIR: found 2 files of weights "
                                     "(model.gguf, other.gguf), needed one: "
                                     "name it in place of the directory"});
}

TEST_F(GgufTest, AMatrixOfGpt2IsTurnedByRunsAndByColumns) {
  std::string path = write("model.gguf", smallModel().all);
  Problems problems;
  auto source = openSource(path, problems);
  ASSERT_TRUE(source);
  llvm::StringRef name = "transformer.h.0.attn.c_attn.weight";
  EXPECT_EQ(shapeText(source->find(name)->shape), "[3, 5]");
  std::vector<float> whole = floatsOf(*source, name);
  EXPECT_EQ(whole, (std::vector<float>{0, 3, 6, 9, 12, 1, 4, 7, 10, 13, 2, 5, 8,
                                       11, 14}));
  std::vector<float> columns(3 * 4, -1.0f);
  llvm::SmallVector<char, 0> scratch;
  llvm::cantFail(source->readColumns(*source->find(name), {3, 5, 1, 3, 4},
                                     columns.data(), scratch));
  EXPECT_EQ(columns,
            (std::vector<float>{3, 6, 9, -1, 4, 7, 10, -1, 5, 8, 11, -1}));
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

TEST_F(GgufTest, DamagedHeadersAreRefusedWithTheirPlace) {
  std::string at = "DIR/model.gguf: ";
  std::pair<Bytes, std::string> faults[] = {
      {header(0, 0, 1), "byte 4: found version 1 of GGUF, needed 2 or 3"},
      {header(0, 0, 0x03000000),
       "byte 4: found a big-endian file, needed a little-endian one"},
      {header(9, 0), "byte 8: found 9 tensors, needed at most 0"},
      {header(0, uint64_t(1) << 60).zeros(26),
       "byte 16: found 1152921504606846976 values, needed at most 2"},
      {header(0, 1).number(uint64_t(1) << 62).zeros(8),
       "byte 24: found a key of 4611686018427387904 bytes, needed at most 8"},
      {header(0, 1).text("k").number<uint32_t>(13),
       "byte 33: key k: found type 13, needed at most 12"},
      {header(0, 1).text("k").number<uint32_t>(9).number<uint32_t>(9).number(
           uint64_t(0)),
       "byte 37: key k: found an array of arrays, needed one of numbers or "
       "texts"},
      {header(0, 1).text("k").number<uint32_t>(9).number<uint32_t>(4).number(
           uint64_t(1) << 61),
       "byte 37: key k: found an array of 2305843009213693952 elements, "
       "needed at most 0"},
      {header(0, 1).text("k").number<uint32_t>(10).number(~uint64_t(0)),
       "byte 37: key k: found 18446744073709551615, needed below 2^63"},
      {header(0, 1).text("k").number<uint32_t>(7).number<uint8_t>(2),
       "byte 37: key k: found 2, needed 0 or 1 for a truth value"},
      {header(0, 2).u32("k", 1).u32("k", 1),
       "byte 41: key k: found a second one, needed one"},
      {header(0, 1).u32("general.alignment", 24),
       "byte 24: key general.alignment: needed a power of two up to 1048576"},
      {header(1, 0).tensor("t", {1, 1, 1, 1, 1}, 0, 0),
       "byte 24: tensor t: found 5 axes, needed at most 4"},
      {header(1, 0).tensor("t", {~uint64_t(0)}, 0, 0),
       "byte 24: tensor t: found an axis of 18446744073709551615, needed "
       "below 2^63"},
      {header(1, 0).tensor("t", {32}, 99, 0),
       "byte 24: tensor t: found type 99, needed one of " +
           readableGgufFormats()},
      {header(2, 0).tensor("t", {1}, 0, 0).tensor("t", {1}, 0, 32),
       "byte 57: tensor t: found a second one, needed one"},
      {header(1, 0).tensor("t", {33}, 8, 0).zeros(99),
       "tensor t: found rows of 33 elements, needed a multiple of 32 for Q8_0"},
      {header(1, 0)
           .tensor("t", {uint64_t(1) << 40, uint64_t(1) << 30}, 0, 0)
           .zeros(99),
       "tensor t: found shape [1073741824, 1099511627776], needed fewer "
       "elements"},
      {header(1, 0).tensor("t", {8}, 0, 16).aligned().zeros(64),
       "tensor t: found offset 16, needed a multiple of 32"},
      {header(1, 0).tensor("t", {9}, 0, 32).aligned().zeros(64),
       "tensor t: found 36 bytes at 32 of the data, needed them within 64"},
      {header(2, 0)
           .tensor("a", {9}, 0, 0)
           .tensor("b", {8}, 0, 32)
           .aligned()
           .zeros(64),
       "tensor b: overlaps a"},
      {header(2, 0)
           .tensor("a", {1}, 0, 0)
           .tensor("b", {8}, 0, 64)
           .aligned()
           .zeros(96),
       "found 60 bytes before tensor b that belong to none"},
      {header(1, 0).tensor("a", {8}, 0, 0).aligned().zeros(64),
       "found 32 bytes behind the last tensor that belong to none"},
      {header(0, 0), "key general.architecture: found none, needed one of "},
      {header(0, 1).string("general.architecture", "llama"),
       "key llama.context_length: found none, needed it"},
      {header(0, 1).string("general.type", "adapter"),
       "key general.type: found adapter, needed model"},
  };
  for (auto &[bytes, message] : faults)
    EXPECT_TRUE(llvm::StringRef(faultOf(bytes)).starts_with(at + message))
        << message << "\nfound: " << faultOf(bytes);
}

TEST_F(GgufTest, AFileThatEndsAnywhereIsRefused) {
  std::string whole = smallModel().all;
  for (size_t length = 4; length < whole.size(); length += 7) {
    Bytes bytes;
    bytes.all = whole.substr(0, length);
    EXPECT_NE(faultOf(bytes), "") << length;
  }
}

TEST_F(GgufTest, PartsThatDoNotBelongTogetherAreRefused) {
  auto part = [](uint32_t number, uint32_t count, uint32_t tensors) {
    return header(0, 3)
        .u32("split.no", number)
        .u32("split.count", count)
        .u32("split.tensors.count", tensors)
        .all;
  };
  auto fault = [&](llvm::StringRef name) {
    Problems problems;
    EXPECT_FALSE(openSource(pathOf(name), problems));
    return messagesOf(problems).front();
  };
  write("model.gguf", part(0, 2, 0));
  EXPECT_EQ(fault("model.gguf"),
            "DIR/model.gguf: found part 1 of 2 (split.no, split.count), needed "
            "a file named like it: NAME-00001-of-00002.gguf");
  write("m-00001-of-00002.gguf", part(0, 2, 1));
  EXPECT_TRUE(llvm::StringRef(fault("m-00001-of-00002.gguf"))
                  .starts_with("DIR/m-00002-of-00002.gguf: "));
  write("m-00002-of-00002.gguf", part(0, 2, 1));
  EXPECT_EQ(fault("m-00001-of-00002.gguf"),
            "DIR/m-00002-of-00002.gguf: needed part 2 of 2 (split.no, "
            "split.count)");
  write("m-00002-of-00002.gguf", part(1, 2, 1));
  EXPECT_EQ(fault("m-00002-of-00002.gguf"),
            "DIR/m-00001-of-00002.gguf: found 0 tensors in all parts, needed 1 "
            "(split.tensors.count)");
}

} // namespace
