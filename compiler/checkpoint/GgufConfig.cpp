//===- GgufConfig.cpp - A GGUF file's metadata as config.json -------------===//
//
// Values become keys of config.json by the tables of the architecture. What no
// table knows stands there under the name it has: the model file does not read
// it, and the build stops and names it.
//
//===----------------------------------------------------------------------===//

#include "compiler/checkpoint/GgufConfig.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;

namespace heddle::checkpoint {

//===----------------------------------------------------------------------===//
// What metadata and tensors say
//===----------------------------------------------------------------------===//

GgufConfig::GgufConfig(const GgufHeader &header, StringRef architecture)
    : header(header), architecture(architecture) {
  for (const GgufTensor &tensor : header.tensors)
    tensors[tensor.name] = &tensor;
}

const GgufValue *GgufConfig::peek(StringRef key) const {
  return header.find((architecture + "." + key).str());
}

const GgufValue *GgufConfig::take(StringRef key) {
  const GgufValue *value = peek(key);
  if (value)
    used.insert(value->key);
  return value;
}

/// An array of one number again and again, as of layers alike, is that number.
static std::optional<double> oneNumber(const GgufValue *value) {
  if (!value || value->type == GgufType::String || value->size() == 0)
    return std::nullopt;
  for (size_t i = 1; i < value->size(); ++i)
    if (value->number(i) != value->number(0))
      return std::nullopt;
  if (!std::isfinite(value->number(0)))
    return std::nullopt;
  return value->number(0);
}

std::optional<double> GgufConfig::number(StringRef key) {
  std::optional<double> number = oneNumber(peek(key));
  if (number)
    take(key);
  return number;
}

int64_t GgufConfig::whole(StringRef key, int64_t otherwise) const {
  std::optional<double> number = oneNumber(peek(key));
  // What is none, or no size, the model file refuses.
  return number && *number >= 1 && *number < 0x1p30
             ? static_cast<int64_t>(*number)
             : otherwise;
}

int64_t GgufConfig::headSize() const {
  int64_t width = whole("embedding_length", 1);
  return whole("attention.key_length", std::max<int64_t>(width / heads(), 1));
}

const GgufTensor *GgufConfig::tensor(StringRef name) const {
  return tensors.lookup(name);
}

int64_t GgufConfig::rowsOf(StringRef name) const {
  const GgufTensor *found = tensor(name);
  return !found ? 0 : found->shape.size() < 2 ? 1 : found->shape[0];
}

void GgufConfig::expect(StringRef key, double expected) {
  if (oneNumber(peek(key)) == expected)
    take(key);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

static json::Value elementOf(const GgufValue &value, size_t index) {
  if (value.type == GgufType::String)
    return json::fixUTF8(value.strings[index]);
  if (value.type == GgufType::Bool)
    return value.integers[index] != 0;
  if (value.isInteger())
    return value.integers[index];
  return jsonNumber(value.reals[index]);
}

static json::Value jsonOf(const GgufValue &value) {
  if (!value.isArray)
    return elementOf(value, 0);
  if (oneNumber(&value))
    return elementOf(value, 0);
  json::Array array;
  for (size_t i = 0; i < value.size(); ++i)
    array.push_back(elementOf(value, i));
  return array;
}

static void addRenamed(GgufConfig &config, ArrayRef<GgufKeyRule> rules) {
  for (const GgufKeyRule &rule : rules) {
    const GgufValue *value = config.peek(rule.from);
    if (!value || config.isTaken(value->key))
      continue;
    config.take(rule.from);
    // A key that two rules lead to is the first one's.
    config.object.try_emplace(rule.to, jsonOf(*value));
  }
}

/// What llama.cpp takes where a key is not there, in place of the defaults that
/// a class of transformers has.
static void addDefaults(GgufConfig &config,
                        const GgufArchitecture &architecture) {
  for (ArrayRef<GgufKeyRule> rules : {architecture.ownKeys, architecture.keys})
    for (const GgufKeyRule &rule : rules) {
      if (rule.from == "rope.freq_base" && architecture.name != "bert" &&
          !config.peek(rule.from))
        config.object.try_emplace(rule.to, 10000.0);
      if (rule.from == "attention.head_count_kv" && !architecture.isEncoder() &&
          !config.peek(rule.from))
        config.object.try_emplace(rule.to, config.heads());
    }
  // Where it is said, and no more than D / H, few classes know it.
  if (config.headSize() * config.heads() == config.whole("embedding_length", 0))
    config.object.erase("head_dim");
}

/// What goes without saying.
static void addExpected(GgufConfig &config, bool isEncoder) {
  config.take("vocab_size"); // the table of embeddings has it
  config.expect("attention.value_length", config.headSize());
  config.expect("rope.dimension_count", config.headSize());
  config.expect("rope.dimension_count_swa", config.headSize());
  config.expect("attention.key_length_swa", config.headSize());
  config.expect("attention.value_length_swa", config.headSize());
  config.expect("attention.causal", isEncoder ? 0 : 1);
  config.expect("expert_count", 0);
  config.expect("expert_used_count", 0);
  config.take("rope.scaling.finetuned"); // how it was trained
  const GgufValue *layout = config.peek("tensor_data_layout");
  if (layout && layout->strings == std::vector<std::string>{"Meta AI original "
                                                            "pth"})
    config.take("tensor_data_layout");
}

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

using ReadTensor = function_ref<std::vector<float>(const GgufTensor &)>;

static json::Array arrayOf(ArrayRef<float> numbers) {
  json::Array array;
  for (float number : numbers)
    array.push_back(jsonNumber(number));
  return array;
}

/// Factors that divide the frequencies, computed when the file was made: those
/// of longrope, for texts of any length alike.
static json::Object factorsAsLongrope(GgufConfig &config,
                                      ArrayRef<float> ofShort,
                                      ArrayRef<float> ofLong) {
  json::Object scaling{{"rope_type", "longrope"},
                       {"short_factor", arrayOf(ofShort)},
                       {"long_factor", arrayOf(ofLong)}};
  if (std::optional<double> factor = config.number("rope.scaling.attn_factor"))
    scaling["attention_factor"] = *factor;
  return scaling;
}

static json::Object yarn(GgufConfig &config) {
  json::Object scaling{{"rope_type", "yarn"}};
  constexpr std::pair<StringLiteral, StringLiteral> keys[] = {
      {"rope.scaling.factor", "factor"},
      {"rope.scaling.original_context_length",
       "original_max_position_embeddings"},
      {"rope.scaling.yarn_beta_fast", "beta_fast"},
      {"rope.scaling.yarn_beta_slow", "beta_slow"}};
  for (auto [from, to] : keys)
    if (const GgufValue *value = config.take(from))
      scaling[to] = jsonOf(*value);
  config.expect("rope.scaling.attn_factor", 1);
  // A tenth of DeepSeek's mscale, which has two decimals.
  if (std::optional<double> tenth =
          config.number("rope.scaling.yarn_log_multiplier")) {
    double scale = std::round(*tenth * 1e5) / 1e4;
    scaling["mscale"] = scaling["mscale_all_dim"] = scale;
  }
  return scaling;
}

/// The object rope_scaling, or nothing.
static std::optional<json::Object> ropeScaling(GgufConfig &config,
                                               ReadTensor readTensor) {
  const GgufValue *type = config.peek("rope.scaling.type");
  StringRef name =
      type && !type->strings.empty() ? StringRef(type->strings[0]) : "none";
  if (const GgufTensor *factors = config.tensor("rope_freqs.weight")) {
    std::vector<float> numbers = readTensor(*factors);
    json::Object scaling = factorsAsLongrope(config, numbers, numbers);
    scaling.try_emplace("attention_factor", 1.0);
    scaling["original_max_position_embeddings"] =
        config.whole("context_length", 1);
    config.expect("rope.scaling.factor", 1);
    if (name == "none")
      config.take("rope.scaling.type");
    return scaling;
  }
  const GgufTensor *ofShort = config.tensor("rope_factors_short.weight");
  const GgufTensor *ofLong = config.tensor("rope_factors_long.weight");
  if (ofShort && ofLong) {
    if (name == "longrope" || name == "none")
      config.take("rope.scaling.type");
    return factorsAsLongrope(config, readTensor(*ofShort), readTensor(*ofLong));
  }
  if (name == "linear") {
    config.take("rope.scaling.type");
    std::optional<double> factor = config.number("rope.scaling.factor");
    return json::Object{{"rope_type", "linear"},
                        {"factor", factor.value_or(1)}};
  }
  if (name == "yarn") {
    config.take("rope.scaling.type");
    return yarn(config);
  }
  if (name == "none") {
    config.take("rope.scaling.type");
    config.take("rope.scaling.factor");
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// The text
//===----------------------------------------------------------------------===//

/// What says of the file who made it and how, and what the tokenizer is told.
static bool isBookkeeping(StringRef key) {
  return any_of(
      ArrayRef<StringLiteral>{"general.", "tokenizer.", "quantize.", "split."},
      [&](StringRef group) { return key.starts_with(group); });
}

std::string ggufConfig(const GgufHeader &header, StringRef name,
                       const GgufArchitecture &architecture,
                       ReadTensor readTensor) {
  GgufConfig config(header, name);
  json::Object &object = config.object;
  object["architectures"] = json::Array{architecture.className};
  object["model_type"] = architecture.modelType;
  json::Value constants =
      cantFail(json::parse("{" + architecture.constants.str() + "}"));
  for (auto &[key, value] : *constants.getAsObject())
    object[key] = value;
  object["vocab_size"] = config.rowsOf("token_embd.weight");
  object["tie_word_embeddings"] = !config.hasTensor("output.weight");
  addRenamed(config, architecture.ownKeys);
  addRenamed(config, architecture.keys);
  addDefaults(config, architecture);
  completeGgufConfig(architecture.name, config);
  if (std::optional<json::Object> scaling = ropeScaling(config, readTensor))
    object["rope_scaling"] = std::move(*scaling);
  addExpected(config, architecture.isEncoder());
  for (const GgufValue &value : header.values)
    if (!isBookkeeping(value.key) && !config.isTaken(value.key))
      object[json::fixUTF8(value.key)] = jsonOf(value);
  std::string text;
  raw_string_ostream(text) << formatv("{0:2}", json::Value(std::move(object)));
  return text;
}

} // namespace heddle::checkpoint
