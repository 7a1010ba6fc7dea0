//===- HarmlessKeys.cpp - Keys that cannot change a result ----------------===//
//
// The one list of keys of config.json that no model file needs to read:
// whatever their values, what a trained model computes in inference is the
// same. A key belongs here only if that holds for every architecture; what is
// without effect in one of them stands in that one's model file, as `ignore
// .key`.
//
//===----------------------------------------------------------------------===//

#include "compiler/language/ConfigKeys.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"

using namespace llvm;

namespace heddle::language {

namespace {
struct HarmlessKeys {
  StringLiteral why;
  ArrayRef<StringLiteral> keys;
};
} // namespace

/// Where the checkpoint came from, what it is called, which code loads it, and
/// what its classes are called.
static constexpr StringLiteral bookkeeping[] = {
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_name_or_path",
    "_num_labels",
    "architectures",
    "attn_implementation",
    "auto_map",
    "custom_pipelines",
    "finetuning_task",
    "id2label",
    "label2id",
    "model_type",
    "name_or_path",
    "num_labels",
    "problem_type",
    "tokenizer_class",
    "transformers_version",
};

/// In which type the weights were stored or trained, which tensors say
/// themselves, and how a framework would run them: pieces of the same sum,
/// faster code for the same formula, more outputs beside the same ones.
static constexpr StringLiteral execution[] = {
    "attention_softmax_in_fp32",
    "chunk_size_feed_forward",
    "dtype",
    "fp32_residual_connection",
    "gradient_checkpointing",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_router_logits",
    "output_scores",
    "pretraining_tp",
    "reorder_and_upcast_attn",
    "return_dict",
    "return_dict_in_generate",
    "softmax_in_fp32",
    "tf_legacy_loss",
    "torch_dtype",
    "torchscript",
    "use_bfloat16",
    "use_cache",
    "use_return_dict",
    "xla_device",
};

/// How weights were drawn before training.
static constexpr StringLiteral initialisers[] = {
    "init_method",
    "init_std",
    "initializer_factor",
    "initializer_range",
    "initializer_cutoff_factor",
};

/// Dropout is the identity in inference.
static constexpr StringLiteral dropout[] = {
    "activation_dropout",
    "attention_dropout",
    "attention_dropout_prob",
    "attention_probs_dropout_prob",
    "attn_pdrop",
    "classif_dropout",
    "classifier_dropout",
    "classifier_dropout_prob",
    "decoder_layerdrop",
    "dropout",
    "dropout_rate",
    "emb_pdrop",
    "embd_pdrop",
    "embed_dropout",
    "embedding_dropout",
    "encoder_layerdrop",
    "hidden_dropout",
    "hidden_dropout_prob",
    "layerdrop",
    "resid_dropout",
    "resid_pdrop",
    "residual_dropout",
    "summary_first_dropout",
};

/// Losses and noise of training.
static constexpr StringLiteral training[] = {
    "label_smoothing",     "loss_type",          "router_aux_loss_coef",
    "router_jitter_noise", "router_z_loss_coef",
};

/// Which ids stand for a token in the tokenizer's files. The network treats
/// them as any other: padding does not exist here. transformers has not read
/// the plural since version 3.
static constexpr StringLiteral tokenIds[] = {
    "cls_token_id", "eos_token_ids", "mask_token_id",
    "pad_token_id", "sep_token_id",  "unk_token_id",
};

static constexpr HarmlessKeys harmlessKeys[] = {
    {"bookkeeping", bookkeeping},     {"execution", execution},
    {"initialisation", initialisers}, {"dropout", dropout},
    {"training", training},           {"tokens", tokenIds},
};

/// What every configuration class of transformers has, and older checkpoints
/// write out: without effect at this value only, which is `false`, `null`, `0`
/// or empty.
static constexpr StringLiteral harmlessWhenOff[] = {
    "add_cross_attention", "cross_attention_hidden_size",
    "is_decoder",          "is_encoder_decoder",
    "pruned_heads",        "quantization_bit",
    "quantization_config", "tie_encoder_decoder",
};

static bool isOff(const json::Value &value) {
  switch (value.kind()) {
  case json::Value::Null:
    return true;
  case json::Value::Boolean:
    return !*value.getAsBoolean();
  case json::Value::Number:
    return *value.getAsNumber() == 0;
  case json::Value::String:
    return value.getAsString()->empty();
  case json::Value::Array:
    return value.getAsArray()->empty();
  case json::Value::Object:
    return value.getAsObject()->empty();
  }
  llvm_unreachable("a JSON value is of one of these kinds");
}

StringRef whyHarmless(StringRef key, const json::Value &value) {
  for (const HarmlessKeys &group : harmlessKeys)
    if (is_contained(group.keys, key))
      return group.why;
  return is_contained(harmlessWhenOff, key) && isOff(value) ? "off" : "";
}

} // namespace heddle::language
