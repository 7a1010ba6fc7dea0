//===- PackerTest.cpp - The packed file, byte for byte --------------------===//
//
// Every packed element is compared with a straightforward computation of what
// the layout's description says, written without the layout's own arithmetic.
//
//===----------------------------------------------------------------------===//

#include "runtime/Weights.h"
#include "test/checkpoint/PackerFixture.h"
#include <cmath>
#include <sys/stat.h>

using namespace heddle;
using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;
using kernel::PackedLayout;
using kernel::PackedType;

namespace {

TEST_F(PackerTest, PacksEveryLayoutAsDescribed) {
  for (bool transposed : {false, true})
    for (PackedType type : {PackedType::F32, PackedType::BF16, PackedType::F16})
      for (llvm::StringRef dtype : {"F32", "BF16"}) {
        expectPanels(dtype, 5, 3, PackedLayout::plain(type, transposed));
        for (int64_t interleave : {1, 2, 4}) {
          expectPanels(
              dtype, 70, 3,
              PackedLayout::panels(32, type, transposed, {}, interleave));
          expectPanels(dtype, 70, 5,
                       PackedLayout::panels(32, type, transposed, {33, 5, 32},
                                            interleave));
        }
      }
}

TEST_F(PackerTest, PacksTensorsOfManyTiles) {
  // Several megabytes, cut at places that are no multiples of each other.
  for (bool transposed : {false, true}) {
    expectPanels("F32", 1501, 777,
                 PackedLayout::plain(PackedType::F32, transposed));
    expectPanels("BF16", 1501, 777,
                 PackedLayout::plain(PackedType::BF16, transposed));
    expectPanels(
        "F32", 1501, 777,
        PackedLayout::panels(48, PackedType::F32, transposed, {700, 1, 800}));
    expectPanels("F32", 3001, 777,
                 PackedLayout::panels(32, PackedType::BF16, transposed,
                                      {1000, 1001, 1000}, 2));
  }
}

TEST_F(PackerTest, JoinsPartsAlongTheirOutputs) {
  for (bool transposed : {false, true}) {
    auto shape = [&](int64_t outputs) -> llvm::SmallVector<int64_t, 2> {
      if (transposed)
        return {500, outputs};
      return {outputs, 500};
    };
    open(FileBuilder()
             .add("q", "F32", shape(3001), rampBytes("F32", 3001 * 500))
             .add("k", "BF16", shape(9), rampBytes("BF16", 9 * 500))
             .add("v", "F32", shape(40), rampBytes("F32", 40 * 500)));
    request.tensors = {
        {{part("q"), part("k"), part("v")},
         PackedLayout::panels(32, PackedType::F32, transposed, {3001, 9, 40})}};
    request.slots = {0};
    pack();
    Matrix matrix;
    for (int64_t outputs : {3001, 9, 40})
      for (int64_t n = 0; n < outputs; ++n) {
        matrix.emplace_back();
        for (int64_t k = 0; k < 500; ++k)
          matrix.back().push_back(
              elementAt(transposed ? k * outputs + n : n * 500 + k));
      }
    std::vector<float> expected = expectedPanels(matrix, 32, 1, {3001, 9, 40});
    EXPECT_TRUE(tensor(0, expected.size(), PackedType::F32) == expected);
  }
}

TEST_F(PackerTest, PairsHalvesInTurn) {
  for (bool transposed : {false, true})
    for (PackedType type : {PackedType::F32, PackedType::BF16}) {
      constexpr int64_t half = 2003, inputs = 300;
      open(FileBuilder()
               .add("gate", "F32",
                    transposed ? llvm::SmallVector<int64_t, 2>{inputs, half}
                               : llvm::SmallVector<int64_t, 2>{half, inputs},
                    rampBytes("F32", half * inputs))
               .add("up", "F32",
                    transposed ? llvm::SmallVector<int64_t, 2>{inputs, half}
                               : llvm::SmallVector<int64_t, 2>{half, inputs},
                    rampBytes("F32", half * inputs)));
      request.tensors = {
          {{part("gate"), part("up")},
           PackedLayout::ofProduct(type, transposed, {}, /*paired=*/true)}};
      request.slots = {0};
      pack();
      // Sixteen rows of the one, sixteen of the other, zeros behind both.
      Matrix paired;
      for (int64_t begin = 0; begin < half; begin += 16)
        for (int side = 0; side < 2; ++side)
          for (int64_t n = begin; n < begin + 16; ++n) {
            std::vector<float> &row = paired.emplace_back(inputs);
            for (int64_t k = 0; k < inputs && n < half; ++k)
              row[k] = elementAt(transposed ? k * half + n : n * inputs + k);
          }
      std::vector<float> expected =
          expectedPanels(paired, 32, type == PackedType::F32 ? 1 : 2, {});
      EXPECT_TRUE(tensor(0, expected.size(), type) == expected);
    }
}

TEST_F(PackerTest, SlotsOfTiedWeightsShareATensor) {
  open(FileBuilder().addRamp("a", {3}).addRamp("b", {2, 2}));
  request.tensors = {{{part("a")}, PackedLayout::plain()},
                     {{part("b")}, PackedLayout::plain()}};
  request.slots = {1, 0, 1};
  pack();
  auto offsets = reinterpret_cast<const int64_t *>(bytesOf("slots").data());
  EXPECT_EQ(std::vector<int64_t>(offsets, offsets + 3),
            (std::vector<int64_t>{64, 0, 64}));
  EXPECT_EQ(bytesOf("tensors").size(), 128u);
  EXPECT_EQ(tensor(0, 4, PackedType::F32), (std::vector<float>{0, 1, 2, 3}));
}

TEST_F(PackerTest, HeaderHolds) {
  open(FileBuilder().addRamp("a", {300, 70}).addRamp("b", {5}));
  request.tensors = {{{part("a")}, PackedLayout::panels(32)},
                     {{part("b")}, PackedLayout::plain()}};
  request.slots = {0, 1};
  request.fingerprint = 0x1234;
  std::string tables = "tables of the tokenizer";
  request.tokenizer = {tables.data(), tables.size()};
  pack();
  EXPECT_EQ(header.magic, HEDDLE_FILE_MAGIC);
  EXPECT_EQ(header.version, HEDDLE_FILE_VERSION);
  EXPECT_EQ(header.fingerprint, 0x1234u);
  EXPECT_EQ(header.file_bytes, file.size());
  EXPECT_EQ(result.fileBytes, file.size());
  EXPECT_EQ(bytesOf("tokenizer"), tables);
  std::string head =
      file.substr(0, sizeof header + sections.size() * sizeof sections[0]);
  std::memset(&head[offsetof(heddle_file_header, header_checksum)], 0, 8);
  EXPECT_EQ(header.header_checksum, heddle_checksum(head.data(), head.size()));
}

TEST_F(PackerTest, TheRuntimeAcceptsTheFile) {
  open(FileBuilder().addRamp("a", {300, 70}));
  request.tensors = {{{part("a")}, PackedLayout::plain()}};
  request.slots = {0};
  request.fingerprint = 7;
  pack();
  heddle_program program = {};
  program.abi_version = HEDDLE_ABI_VERSION;
  program.fingerprint = 7;
  program.name = "test";
  program.weight_slot_count = 1;
  const int64_t weightBytes[] = {300 * 70 * sizeof(float)};
  program.weight_bytes = weightBytes;
  for (bool appended : {false, true}) {
    std::string path = pathOf("weights");
    if (appended) {
      path = write("program", "\177ELF and so on");
      llvm::Expected<PackResult> packed = appendPackedFile(path, request);
      ASSERT_TRUE(bool(packed));
    }
    runtime::Weights weights;
    ASSERT_EQ(weights.open(program, path.c_str()), HEDDLE_OK) << path;
    EXPECT_EQ(weights.checkTensors(), HEDDLE_OK) << path;
    auto elements = static_cast<const float *>(weights.slots()[0]);
    EXPECT_EQ(elements[20999], 20999.0f);
  }
}

TEST_F(PackerTest, AppendsAtAPageWithAFooter) {
  open(FileBuilder().addRamp("a", {3}));
  request.tensors = {{{part("a")}, PackedLayout::plain()}};
  request.slots = {0};
  pack();
  std::string program = write("program", std::string(5000, 'p'));
  ASSERT_EQ(chmod(program.c_str(), 0755), 0);
  ASSERT_TRUE(bool(appendPackedFile(program, request)));
  std::string bytes = contentOf(program);
  EXPECT_EQ(bytes.substr(0, 5000), std::string(5000, 'p'));
  EXPECT_EQ(bytes.substr(8192, file.size()), file);
  heddle_file_footer footer;
  ASSERT_EQ(bytes.size(), 8192 + file.size() + sizeof footer);
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof footer,
              sizeof footer);
  EXPECT_EQ(footer.magic, HEDDLE_FOOTER_MAGIC);
  EXPECT_EQ(footer.header_offset, 8192u);
  struct stat status;
  ASSERT_EQ(stat(program.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);

  llvm::Expected<PackResult> again = appendPackedFile(program, request);
  EXPECT_EQ(llvm::toString(again.takeError()),
            program + ": carries packed weights already");
  EXPECT_EQ(contentOf(program), bytes);
}

TEST_F(PackerTest, SameBytesForAnyNumberOfThreads) {
  open(FileBuilder().addRamp("a", {900, 700}, 0.37f).addRamp("b", {7, 7}));
  request.tensors = {
      {{part("a")}, PackedLayout::panels(32, PackedType::BF16, true, {}, 2)},
      {{part("b")}, PackedLayout::plain()},
      {{{"r", {1000, 1000}}}, PackedLayout::panels(48)}};
  request.slots = {0, 1, 2};
  request.threads = 1;
  pack();
  std::string once = file;
  request.threads = 5;
  pack();
  EXPECT_TRUE(file == once);
}

TEST_F(PackerTest, RandomWeightsDoNotDependOnTheLayout) {
  auto random = [](llvm::ArrayRef<int64_t> shape) -> TensorPart {
    return {"w", llvm::SmallVector<int64_t, 4>(shape)};
  };
  request.randomSeed = 3;
  request.tensors = {
      {{random({700, 900})}, PackedLayout::plain()},
      {{random({900, 700})}, PackedLayout::plain(PackedType::F32, true)},
      {{random({900, 700})}, PackedLayout::panels(32, PackedType::F32, true)},
      {{{"n", {3}, "", nullptr, program::Fill::Ones}}, PackedLayout::plain()}};
  request.slots = {0, 1, 2, 3};
  pack();
  std::vector<float> plain = tensor(0, 700 * 900, PackedType::F32);
  EXPECT_TRUE(plain == tensor(1, 700 * 900, PackedType::F32));
  Matrix matrix;
  for (int64_t n = 0; n < 700; ++n)
    matrix.emplace_back(plain.begin() + n * 900, plain.begin() + n * 900 + 900);
  std::vector<float> expected = expectedPanels(matrix, 32, 1, {});
  EXPECT_TRUE(tensor(2, expected.size(), PackedType::F32) == expected);
  EXPECT_EQ(tensor(3, 3, PackedType::F32), (std::vector<float>{1, 1, 1}));
}

TEST_F(PackerTest, PacksEmptyModelsAndTensors) {
  open(FileBuilder().add("nothing", "F32", {0, 4}, ""));
  request.tensors = {{{part("nothing")}, PackedLayout::panels(32)}};
  request.slots = {0};
  pack();
  EXPECT_EQ(bytesOf("tensors").size(), 0u);
  request.tensors.clear();
  request.slots.clear();
  pack();
  EXPECT_EQ(header.section_count, 2u);
}

TEST_F(PackerTest, CountsWeightsThatAreNotFinite) {
  std::string bytes = rampBytes("F32", 6);
  float bad[] = {INFINITY, NAN};
  std::memcpy(&bytes[4], bad, sizeof bad);
  open(FileBuilder().add("bad", "F32", {6}, bytes).addRamp("good", {6}));
  request.tensors = {{{part("good")}, PackedLayout::plain()},
                     {{part("bad")}, PackedLayout::plain(PackedType::BF16)}};
  request.slots = {0, 1};
  pack();
  ASSERT_EQ(result.nonFinite.size(), 1u);
  EXPECT_EQ(result.nonFinite[0].path, "bad");
  EXPECT_EQ(result.nonFinite[0].count, 2u);
}

TEST_F(PackerTest, ProgressRisesToTheWhole) {
  open(FileBuilder().addRamp("a", {1000, 2000}));
  request.tensors = {{{part("a")}, PackedLayout::plain()}};
  request.slots = {0};
  request.threads = 2;
  std::vector<uint64_t> steps;
  request.progress = [&](uint64_t done, uint64_t total) {
    EXPECT_EQ(total, 8'000'000u);
    steps.push_back(done);
  };
  pack();
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  ASSERT_FALSE(steps.empty());
  EXPECT_EQ(steps.back(), 8'000'000u);
}

} // namespace
