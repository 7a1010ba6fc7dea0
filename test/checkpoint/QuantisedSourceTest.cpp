//===- QuantisedSourceTest.cpp - GPTQ, AWQ and FP8 ------------------------===//

#include "test/checkpoint/Fixture.h"

using namespace heddle::checkpoint;
using namespace heddle::checkpoint::test;
using heddle::kernel::PackedType;
namespace kernel = heddle::kernel;

namespace {

using Messages = std::vector<std::string>;

std::vector<float> floatsOf(const Source &source, const StoredTensor &tensor,
                            uint64_t first, size_t count) {
  std::vector<float> floats(count);
  llvm::SmallVector<char, 0> scratch;
  llvm::cantFail(source.readFloats(tensor, first, floats, scratch));
  return floats;
}

//===----------------------------------------------------------------------===//
// What golden/make_quantised.py has written
//===----------------------------------------------------------------------===//

class QuantisedGoldenTest : public ::testing::TestWithParam<const char *> {
protected:
  QuantisedGoldenTest() {
    std::string folder =
        std::string(HEDDLE_GOLDEN_DIR) + "/quantised/" + GetParam();
    Problems problems;
    source = openSource(folder + "/model.safetensors", problems);
    // Read as it is: config.json beside it says that it is quantised.
    expected = openSource(folder + "/expected.safetensors", problems);
    EXPECT_TRUE(problems.empty()) << problems.messages()[0];
  }

  std::unique_ptr<Source> source, expected;
};

TEST_P(QuantisedGoldenTest, NumbersAreThoseOfTheFormulas) {
  ASSERT_TRUE(source && expected);
  EXPECT_EQ(source->tensors().size(), expected->tensors().size());
  for (const StoredTensor &wanted : expected->tensors()) {
    const StoredTensor *tensor = source->find(wanted.name);
    ASSERT_TRUE(tensor) << wanted.name;
    EXPECT_EQ(tensor->dtype, DType::F32);
    EXPECT_EQ(tensor->shape, wanted.shape) << wanted.name;
    ASSERT_EQ(tensor->bytes, wanted.bytes) << wanted.name;
    size_t count = wanted.bytes / sizeof(float);
    EXPECT_EQ(floatsOf(*source, *tensor, 0, count),
              floatsOf(*expected, wanted, 0, count))
        << wanted.name;
    std::string bytes(5, '\0'), wantedBytes = bytes;
    llvm::cantFail(source->read(*tensor, 3, bytes));
    llvm::cantFail(expected->read(wanted, 3, wantedBytes));
    EXPECT_EQ(bytes, wantedBytes) << wanted.name;
  }
}

TEST_P(QuantisedGoldenTest, RunsBeginAndEndAnywhere) {
  ASSERT_TRUE(source && expected);
  for (const StoredTensor &wanted : expected->tensors()) {
    const StoredTensor &tensor = *source->find(wanted.name);
    size_t all = wanted.bytes / sizeof(float);
    for (size_t first : {1u, 63u, 64u, 65u, 128u, 500u})
      for (size_t count : {1u, 40u, 64u, 65u, 200u, 1000u})
        if (first + count <= all) {
          ASSERT_EQ(floatsOf(*source, tensor, first, count),
                    floatsOf(*expected, wanted, first, count))
              << wanted.name << " " << first << " " << count;
        }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, QuantisedGoldenTest,
                         ::testing::Values("gptq", "gptq-reordered", "gptq-v2",
                                           "gptq-8", "gptq-2", "awq",
                                           "compressed", "compressed-zeros",
                                           "compressed-8", "fp8",
                                           "fp8-tensor"));

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// What the kept integers of outputs first ... first + count stand for.
std::vector<float> keptOf(const Source &source, const StoredTensor &tensor,
                          uint64_t first, uint64_t count) {
  const auto &format = kernel::formatOf(*source.integersOf(tensor));
  uint64_t columns = tensor.shape[1], run = format.run(), runs = columns / run;
  std::vector<uint8_t> integers(count * columns);
  std::vector<RunNumbers> numbers(count * runs);
  llvm::SmallVector<char, 0> scratch;
  llvm::cantFail(
      source.readIntegers(tensor, first, count, integers, numbers, scratch));
  std::vector<float> floats(integers.size());
  for (size_t i = 0; i < numbers.size(); ++i)
    dequantise(format, &integers[i * run], numbers[i], &floats[i * run], run);
  return floats;
}

/// The narrowest type that holds a method's numbers, or none: groups of 16,
/// inputs out of order, zero points of eight bits, floats.
TEST(QuantisedIntegersTest, WhatIsKeptStandsForTheSameNumbers) {
  std::pair<const char *, std::optional<PackedType>> types[] = {
      {"gptq", PackedType::Q5},         {"gptq-reordered", std::nullopt},
      {"gptq-v2", std::nullopt},        {"gptq-8", std::nullopt},
      {"gptq-2", std::nullopt},         {"awq", PackedType::Q5},
      {"compressed", PackedType::Q4},   {"compressed-zeros", std::nullopt},
      {"compressed-8", PackedType::Q8}, {"fp8", std::nullopt}};
  for (auto [folder, type] : types) {
    SCOPED_TRACE(folder);
    Problems problems;
    auto source = openSource(
        std::string(HEDDLE_GOLDEN_DIR) + "/quantised/" + folder, problems);
    ASSERT_TRUE(source);
    EXPECT_EQ(source->integersOf(*source->find("norm.weight")), std::nullopt);
    for (llvm::StringRef name : {"a.weight", "b.c.weight", "b.weight"}) {
      const StoredTensor *tensor = source->find(name);
      if (!tensor)
        continue;
      ASSERT_EQ(source->integersOf(*tensor), type) << name.str();
      if (!type)
        continue;
      uint64_t rows = tensor->shape[0], columns = tensor->shape[1];
      EXPECT_EQ(keptOf(*source, *tensor, 0, rows),
                floatsOf(*source, *tensor, 0, rows * columns));
      EXPECT_EQ(keptOf(*source, *tensor, 7, 3),
                floatsOf(*source, *tensor, 7 * columns, 3 * columns));
    }
  }
}

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

class QuantisedSourceTest : public Fixture {
protected:
  Messages faultsOf(llvm::StringRef quantisation,
                    const FileBuilder &tensors = FileBuilder()) {
    write("config.json",
          ("{\"quantization_config\": " + quantisation + "}").str());
    write("model.safetensors", tensors.bytes());
    Problems problems;
    EXPECT_FALSE(openSource(directory, problems));
    return messagesOf(problems);
  }
};

TEST_F(QuantisedSourceTest, OtherMethodsAreRefusedByTheirKeys) {
  std::pair<llvm::StringRef, llvm::StringRef> faults[] = {
      {R"("fp8")", ": needed an object"},
      {R"({})", ".quant_method: found none, needed fp8, gptq, awq or "
                "compressed-tensors"},
      {R"({"quant_method": "bitsandbytes"})",
       R"(.quant_method: found "bitsandbytes", needed fp8, gptq, awq or compressed-tensors)"},
      {R"({"quant_method": "fp8", "activation_scheme": "static"})",
       R"(.activation_scheme: found "static", needed dynamic)"},
      {R"({"quant_method": "fp8", "fmt": "e5m2"})",
       R"(.fmt: found "e5m2", needed e4m3)"},
      {R"({"quant_method": "fp8", "weight_block_size": [128, 0]})",
       ".weight_block_size: found [128,0], needed two numbers of rows and "
       "columns"},
      {R"({"quant_method": "gptq", "group_size": 128})",
       ".bits: found none, needed a whole number"},
      {R"({"quant_method": "gptq", "bits": 3, "group_size": 128})",
       ".bits: found 3, needed 2, 4 or 8"},
      {R"({"quant_method": "gptq", "bits": 4, "group_size": 0})",
       ".group_size: found 0, needed -1 or a number of inputs"},
      {R"({"quant_method": "gptq", "bits": 4, "group_size": 8,
           "checkpoint_format": "marlin"})",
       R"(.checkpoint_format: found "marlin", needed gptq or gptq_v2)"},
      {R"({"quant_method": "gptq", "bits": 4, "group_size": 8,
           "dynamic": {"-:.*": {}}})",
       ".dynamic: found {\"-:.*\":{}}, needed nothing: Heddle does not know "
       "what it changes"},
      {R"({"quant_method": "gptq", "bits": 4, "group_size": 8, "hyb_act": 1})",
       ".hyb_act: found 1, needed no such key: Heddle does not know what it "
       "changes"},
      {R"({"quant_method": "compressed-tensors", "format": "marlin-24"})",
       R"(.format: found "marlin-24", needed pack-quantized)"},
      {R"({"quant_method": "compressed-tensors", "config_groups": {}})",
       ".config_groups: found {}, needed one group"},
      {R"({"quant_method": "compressed-tensors", "config_groups":
           {"a": {"input_activations": {}, "weights": {}}}})",
       R"(.config_groups: found {"a":{"input_activations":{},"weights":{}}}, )"
       "needed activations that are not quantised (input_activations)"},
      {R"({"quant_method": "compressed-tensors", "config_groups":
           {"a": {"weights": {"num_bits": 3}}}})",
       R"(.config_groups: found {"a":{"weights":{"num_bits":3}}}, needed )"
       "weights with num_bits of 2, 4 or 8"},
      {R"({"quant_method": "awq", "bits": 8, "group_size": 8})",
       ".bits: found 8, needed 4"},
      {R"({"quant_method": "awq", "w_bit": 4, "q_group_size": 8,
           "version": "gemv"})",
       R"(.version: found "gemv", needed gemm)"},
      {R"({"quant_method": "awq", "bits": 4, "group_size": 8,
           "zero_point": false})",
       ".zero_point: found false, needed true"},
  };
  for (auto [quantisation, message] : faults)
    EXPECT_EQ(
        faultsOf(quantisation),
        Messages{("DIR/config.json: quantization_config" + message).str()});
}

constexpr llvm::StringLiteral gptq =
    R"({"quant_method": "gptq", "bits": 4, "group_size": 8})";

std::string zeros(size_t count) { return std::string(count, '\0'); }

/// 16 inputs, 8 outputs, two groups.
FileBuilder layer(llvm::StringRef missing = "",
                  const std::string &qzeros = zeros(8)) {
  FileBuilder file;
  if (missing != "qweight")
    file.add("a.qweight", "I32", {2, 8}, zeros(64));
  if (missing != "qzeros")
    file.add("a.qzeros", "I32", {2, 1}, qzeros);
  if (missing != "scales")
    file.add("a.scales", "F16", {2, 8}, zeros(32));
  return file;
}

TEST_F(QuantisedSourceTest, PartsThatDoNotFitAreRefused) {
  std::string at = "DIR/model.safetensors: tensor ";
  EXPECT_EQ(faultsOf(gptq, layer("qzeros")),
            Messages{"DIR: tensor a.qzeros: found none, needed [2, 1]"});
  EXPECT_EQ(faultsOf(gptq, layer("scales")),
            Messages{"DIR: tensor a.scales: found none, needed [2, 8]"});
  EXPECT_EQ(
      faultsOf(gptq, layer("scales").add("a.scales", "I32", {2, 8}, zeros(64))),
      Messages{at + "a.scales: found I32 [2, 8], needed F16 [2, 8]"});
  EXPECT_EQ(
      faultsOf(gptq, layer("scales").add("a.scales", "F16", {1, 8}, zeros(16))),
      Messages{at + "a.scales: found F16 [1, 8], needed F16 [2, 8]"});
  EXPECT_EQ(faultsOf(gptq, layer("qweight").add("a.qweight", "F32", {2, 8},
                                                zeros(64))),
            Messages{at + "a.qweight: found F32 [2, 8], needed a matrix of "
                          "I32"});
  EXPECT_EQ(faultsOf(gptq, layer("qweight").add("a.qweight", "I32", {2, 7},
                                                zeros(56))),
            Messages{at + "a.qweight: found 7 outputs, needed a multiple of "
                          "8"});
  EXPECT_EQ(faultsOf(gptq, layer().add("a.weight", "F32", {1}, zeros(4))),
            Messages{at + "a.weight: found it quantised as well, needed one"});
  EXPECT_EQ(faultsOf(R"({"quant_method": "gptq", "bits": 4, "group_size": 8,
                   "desc_act": true})",
                     layer()),
            Messages{"DIR: tensor a.g_idx: found none, needed [16]"});
  llvm::StringRef fp8 = R"({"quant_method": "fp8"})";
  FileBuilder bytes =
      FileBuilder().add("a.weight", "F8_E4M3", {130, 2}, zeros(260));
  EXPECT_EQ(faultsOf(fp8, bytes),
            Messages{"DIR: tensor a.weight_scale_inv: found none, needed "
                     "[2, 1]"});
  EXPECT_EQ(faultsOf(fp8, FileBuilder().add("a", "F8_E4M3", {2}, zeros(2))),
            Messages{at + "a: found [2], needed matrices of F8_E4M3"});
}

TEST_F(QuantisedSourceTest, WhatOnlyNumbersTellIsRefusedWhenTheyAreRead) {
  auto faultOf = [&](const FileBuilder &file) {
    write("config.json", ("{\"quantization_config\": " + gptq + "}").str());
    write("model.safetensors", file.bytes());
    Problems problems;
    auto source = openSource(directory, problems);
    EXPECT_TRUE(source);
    std::vector<float> floats(20);
    llvm::SmallVector<char, 0> scratch;
    llvm::Error error =
        source->readFloats(*source->find("a.weight"), 0, floats, scratch);
    return withoutDirectory({llvm::toString(std::move(error))})[0];
  };
  EXPECT_EQ(faultOf(layer("", zeros(4) + "\x0f" + zeros(3))),
            "DIR/model.safetensors: tensor a.qzeros: found a zero point of 15 "
            "in the first format of GPTQ, which its readers take for 16 or 0, "
            "needed at most 14");
  EXPECT_EQ(faultOf(layer().add("a.g_idx", "I32", {16},
                                zeros(60) + "\xff\xff\xff\xff")),
            "DIR/model.safetensors: tensor a.g_idx: found group -1, needed "
            "one of 2");
}

TEST_F(QuantisedSourceTest, IntegersAreKeptWhereEachScaleIsAnF16) {
  auto typeWith = [&](llvm::StringRef scales) {
    write("config.json", R"({"quantization_config": {"quant_method": "gptq",
      "bits": 4, "group_size": 32, "checkpoint_format": "gptq_v2"}})");
    std::string middle(4, '\x88');
    write("model.safetensors", FileBuilder()
                                   .add("a.qweight", "I32", {4, 8}, zeros(128))
                                   .add("a.qzeros", "I32", {1, 1}, middle)
                                   .add("a.scales", "BF16", {1, 8}, scales)
                                   .bytes());
    Problems problems;
    auto source = openSource(directory, problems);
    EXPECT_TRUE(source);
    return source->integersOf(*source->find("a.weight"));
  };
  std::string ones;
  for (int i = 0; i < 8; ++i)
    ones += "\x81\x3f"; // 1.0078125
  EXPECT_EQ(typeWith(ones), PackedType::Q4);
  std::string tiny = ones.substr(2) + "\x81\x30"; // 2^-30 * 1.0078125
  EXPECT_EQ(typeWith(tiny), std::nullopt);
  std::string infinite = ones.substr(2) + "\x80\x7f";
  EXPECT_EQ(typeWith(infinite), std::nullopt);
}

TEST_F(QuantisedSourceTest, ADirectoryThatIsNotQuantisedIsAsItIs) {
  write("config.json", R"({"quantization_config": null})");
  write("model.safetensors",
        FileBuilder().add("a.qweight", "I32", {2}, zeros(8)).bytes());
  Problems problems;
  auto source = openSource(directory, problems);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->tensors().front().name, "a.qweight");
  EXPECT_EQ(source->typeOf(source->tensors().front()), "I32");
}

} // namespace
