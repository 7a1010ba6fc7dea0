//===- QuantisationConfig.cpp - How a checkpoint was quantised ------------===//

#include "compiler/checkpoint/QuantisationConfig.h"
#include "compiler/checkpoint/Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace heddle::checkpoint {

namespace {

using Method = QuantisationConfig::Method;

/// How tensors were made, with which data, and by which kernels they would be
/// read: the same tensors mean the same whatever these say.
constexpr StringLiteral harmless[] = {"quant_method",
                                      "act_group_aware",
                                      "backend",
                                      "batch_size",
                                      "block_name_to_quantize",
                                      "cache_block_outputs",
                                      "damp_auto_increment",
                                      "damp_percent",
                                      "dataset",
                                      "dequantize",
                                      "disable_exllama",
                                      "do_fuse",
                                      "exllama_config",
                                      "fuse_max_seq_len",
                                      "global_compression_ratio",
                                      "ignore",
                                      "ignored_layers",
                                      "lm_head",
                                      "max_input_length",
                                      "meta",
                                      "model_file_base_name",
                                      "model_name_or_path",
                                      "model_seqlen",
                                      "module_name_preceding_first_block",
                                      "modules_in_block_to_quantize",
                                      "modules_to_convert",
                                      "modules_to_fuse",
                                      "modules_to_not_convert",
                                      "mse",
                                      "offload_to_disk",
                                      "pad_token_id",
                                      "static_groups",
                                      "sym",
                                      "tokenizer",
                                      "true_sequential",
                                      "use_cuda_fp16",
                                      "use_exllama",
                                      "version_info"};

/// Reads the object's keys, and notes those that nobody has asked for.
class Reader {
public:
  Reader(const json::Object &object, StringRef path, Problems &problems)
      : object(object), path(path), problems(problems) {}

  std::optional<QuantisationConfig> run();

private:
  bool refuse(StringRef key, StringRef needed) {
    const json::Value *value = object.get(key);
    std::string found = value ? formatv("{0}", *value).str() : "none";
    constexpr size_t longest = 60;
    if (found.size() > longest)
      found = found.substr(0, longest) + "...";
    problems.add(path, "quantization_config." + key + ": found " + found +
                           ", needed " + needed);
    return false;
  }

  const json::Value *get(StringRef key) {
    read.push_back(key);
    const json::Value *value = object.get(key);
    return value && !value->getAsNull() ? value : nullptr;
  }

  /// In lower case; the default where the key is not there.
  std::string text(StringRef key, StringRef otherwise) {
    const json::Value *value = get(key);
    if (!value)
      return otherwise.str();
    return value->getAsString().value_or("").lower();
  }
  /// Where it has the key, it has to be one of the values.
  bool needsText(StringRef key, ArrayRef<StringRef> values) {
    return !get(key) || is_contained(values, text(key, "")) ||
           refuse(key, join(values, " or "));
  }
  bool needsOff(StringRef key) {
    const json::Value *value = get(key);
    return !value || value->getAsBoolean() == false ||
           (value->getAsObject() && value->getAsObject()->empty()) ||
           (value->getAsArray() && value->getAsArray()->empty()) ||
           refuse(key, "nothing: Heddle does not know what it changes");
  }
  bool readNumber(StringRef key, int64_t &to) {
    const json::Value *value = get(key);
    std::optional<int64_t> number =
        value ? value->getAsInteger() : std::nullopt;
    if (!number)
      return refuse(key, "a whole number");
    to = *number;
    return true;
  }

  bool readFp8();
  bool readGroups();
  bool readGptq();
  bool readAwq();
  bool readCompressed();
  bool readCompressedWeights(const json::Object &weights);
  bool refuseRest();

  const json::Object &object;
  StringRef path;
  Problems &problems;
  QuantisationConfig config;
  SmallVector<StringRef> read;
};

bool Reader::readFp8() {
  config.method = Method::Fp8;
  if (!needsText("activation_scheme", {"dynamic"}) ||
      !needsText("fmt", {"e4m3"}) || !needsText("scale_fmt", {"float"}) ||
      !needsText("expert_dtype", {"fp8"}))
    return false;
  const json::Value *block = get("weight_block_size");
  if (!block && object.get("weight_block_size"))
    return true; // null: one scale a tensor
  config.blockRows = config.blockColumns = 128;
  if (!block)
    return true;
  const json::Array *sizes = block->getAsArray();
  if (!sizes || sizes->size() != 2 ||
      !all_of(*sizes, [](const json::Value &size) {
        return size.getAsInteger().value_or(0) > 0;
      }))
    return refuse("weight_block_size", "two numbers of rows and columns");
  config.blockRows = *(*sizes)[0].getAsInteger();
  config.blockColumns = *(*sizes)[1].getAsInteger();
  return true;
}

/// bits and group_size, or w_bit and q_group_size.
bool Reader::readGroups() {
  StringRef bitsKey = object.get("w_bit") ? "w_bit" : "bits";
  StringRef groupKey =
      object.get("q_group_size") ? "q_group_size" : "group_size";
  int64_t bits;
  if (!readNumber(bitsKey, bits) || !readNumber(groupKey, config.group))
    return false;
  bool isGptq = config.method == Method::Gptq;
  if (bits != 4 && !(isGptq && (bits == 2 || bits == 8)))
    return refuse(bitsKey, isGptq ? "2, 4 or 8" : "4");
  if (config.group != -1 && config.group <= 0)
    return refuse(groupKey, "-1 or a number of inputs");
  config.bits = bits;
  config.group = std::max<int64_t>(config.group, 0);
  return true;
}

bool Reader::readGptq() {
  config.method = Method::Gptq;
  StringRef formatKey =
      get("checkpoint_format") ? "checkpoint_format" : "format";
  if (!readGroups() || !needsText(formatKey, {"gptq", "gptq_v2"}) ||
      !needsText("pack_dtype", {"int32"}) || !needsOff("is_marlin_format") ||
      !needsOff("dynamic") || !needsOff("adapter"))
    return false;
  config.storesZerosLessOne = text(formatKey, "gptq") == "gptq";
  get("format");
  const json::Value *reordered = get("desc_act");
  if (reordered && !reordered->getAsBoolean())
    return refuse("desc_act", "true or false");
  config.isReordered = reordered && *reordered->getAsBoolean();
  return true;
}

bool Reader::readAwq() {
  config.method = Method::Awq;
  const json::Value *zeros = get("zero_point");
  if (zeros && zeros->getAsBoolean() != true)
    return refuse("zero_point", "true");
  return readGroups() && needsText("version", {"gemm"}) &&
         needsText("format", {"gemm"});
}

/// One group of layers whose weights alone are integers, all of one kind.
bool Reader::readCompressed() {
  config.method = Method::Compressed;
  get("version"); // of the package
  if (!needsText("format", {"pack-quantized"}) ||
      !needsText("quantization_status", {"compressed"}) ||
      !needsOff("kv_cache_scheme") || !needsOff("transform_config"))
    return false;
  if (const json::Value *sparsity = get("sparsity_config");
      sparsity && !(sparsity->getAsObject() &&
                    (sparsity->getAsObject()->empty() ||
                     sparsity->getAsObject()->getString("format") == "dense")))
    return refuse("sparsity_config", "none, or the format dense");
  const json::Value *groups = get("config_groups");
  const json::Object *list = groups ? groups->getAsObject() : nullptr;
  if (!list || list->size() != 1)
    return refuse("config_groups", "one group");
  const json::Object *group = list->begin()->second.getAsObject();
  const json::Object *weights = group ? group->getObject("weights") : nullptr;
  if (!weights)
    return refuse("config_groups", "a group with weights");
  for (StringRef key : {"input_activations", "output_activations"})
    if (const json::Value *value = group->get(key);
        value && !value->getAsNull())
      return refuse("config_groups",
                    "activations that are not quantised (" + key.str() + ")");
  return readCompressedWeights(*weights);
}

bool Reader::readCompressedWeights(const json::Object &weights) {
  auto wants = [&](const Twine &what) {
    return refuse("config_groups", ("weights with " + what).str());
  };
  int64_t bits = weights.getInteger("num_bits").value_or(0);
  if (bits != 2 && bits != 4 && bits != 8)
    return wants("num_bits of 2, 4 or 8");
  config.bits = bits;
  if (weights.getString("type").value_or("int") != "int")
    return wants("type int");
  if (weights.getBoolean("dynamic").value_or(false))
    return wants("dynamic false");
  StringRef strategy = weights.getString("strategy").value_or("");
  if (strategy != "group" && strategy != "channel")
    return wants("the strategy group or channel");
  config.group = weights.getInteger("group_size").value_or(0);
  if ((strategy == "group") != (config.group > 0))
    return wants("a group_size where the strategy is group, and only there");
  config.isSymmetric = weights.getBoolean("symmetric").value_or(true);
  config.isReordered = weights.getString("actorder").value_or("") == "group";
  return true;
}

bool Reader::refuseRest() {
  std::vector<StringRef> unknown;
  for (const auto &[key, value] : object)
    if (!is_contained(read, StringRef(key)) &&
        !is_contained(harmless, StringRef(key)))
      unknown.push_back(key);
  llvm::sort(unknown);
  for (StringRef key : unknown)
    refuse(key, "no such key: Heddle does not know what it changes");
  return unknown.empty();
}

std::optional<QuantisationConfig> Reader::run() {
  std::string method = text("quant_method", "");
  bool isGood =
      method == "fp8"    ? readFp8()
      : method == "gptq" ? readGptq()
      : method == "awq"  ? readAwq()
      : method == "compressed-tensors"
          ? readCompressed()
          : refuse("quant_method", "fp8, gptq, awq or compressed-tensors");
  if (!isGood || !refuseRest())
    return std::nullopt;
  return config;
}

} // namespace

std::optional<QuantisationConfig> readQuantisation(const Document &config,
                                                   Problems &problems) {
  if (!config.isThere())
    return QuantisationConfig();
  std::optional<json::Value> value = parseJson(config, problems);
  if (!value)
    return std::nullopt;
  const json::Object *root = value->getAsObject();
  const json::Value *found = root ? root->get("quantization_config") : nullptr;
  if (!found || found->getAsNull())
    return QuantisationConfig();
  if (const json::Object *object = found->getAsObject())
    return Reader(*object, config.name(), problems).run();
  problems.add(config.name(), "quantization_config: needed an object");
  return std::nullopt;
}

} // namespace heddle::checkpoint
