// The keys of Hugging Face's GenerationConfig (transformers 4 and 5), and of
// the generating part of older config.json.
#include "compiler/checkpoint/Generation.h"

#include "llvm/ADT/STLExtras.h"

namespace heddle::checkpoint {

using Key = GenerationKey;

static constexpr Key keys[] = {
    // How long a text gets, and where it begins and ends.
    {"max_length", Key::Read},
    {"max_new_tokens", Key::Read},
    {"min_length", Key::Read},
    {"min_new_tokens", Key::Read},
    {"bos_token_id", Key::Read},
    {"eos_token_id", Key::Read},
    {"decoder_start_token_id", Key::Read},
    {"forced_bos_token_id", Key::Read},
    {"force_bos_token_to_be_generated", Key::Read}, // forced_bos of old Bart
    {"forced_eos_token_id", Key::Read},
    {"stop_strings", Key::Read},

    // Which token is chosen.
    {"do_sample", Key::Read},
    {"temperature", Key::Read},
    {"top_k", Key::Read},
    {"top_p", Key::Read},
    {"min_p", Key::Read},
    {"typical_p", Key::Read},
    {"repetition_penalty", Key::Read},
    {"no_repeat_ngram_size", Key::Read},
    {"bad_words_ids", Key::Read},
    {"suppress_tokens", Key::Read},
    {"begin_suppress_tokens", Key::Read},

    // A search with beams, where nothing is drawn.
    {"num_beams", Key::Noted, "1", true, "without beams"},
    {"num_return_sequences", Key::Searched, "1", false, "one text a prompt"},
    {"length_penalty", Key::Read},
    {"early_stopping", Key::Read},
    {"renormalize_logits", Key::Read},
    {"num_beam_groups", Key::Refused, "1"},
    {"diversity_penalty", Key::Refused, "0"},

    // Ways to search that programs do not have: a text is still a text of the
    // model, found in a simpler way.
    {"penalty_alpha", Key::Noted, "0", false, "without contrastive search"},
    {"dola_layers", Key::Noted, "", false, "without contrasting layers"},
    {"max_time", Key::Noted, "", false, "without a limit of time"},
    {"prefix", Key::Noted, "\"\"", false, "from the prompt as it is given"},

    // Other distributions to choose from.
    {"top_h", Key::Refused, "", true},
    {"epsilon_cutoff", Key::Refused, "0", true},
    {"eta_cutoff", Key::Refused, "0", true},
    {"encoder_repetition_penalty", Key::Refused, "1"},
    {"encoder_no_repeat_ngram_size", Key::Refused, "0"},
    {"exponential_decay_length_penalty", Key::Refused},
    {"sequence_bias", Key::Refused},
    {"guidance_scale", Key::Refused, "1"},
    {"watermarking_config", Key::Refused},
    {"token_healing", Key::Refused, "false"},
    {"constraints", Key::Refused},
    {"force_words_ids", Key::Refused},
    {"assistant_ensemble_weight", Key::Refused},

    // Of speech: what begins a text. Times are noted where the caller asks for
    // them, and what a text that looks bad would be tried again with is not
    // there.
    {"forced_decoder_ids", Key::Read},
    {"lang_to_id", Key::Read},
    {"task_to_id", Key::Read},
    {"no_timestamps_token_id", Key::Read},
    {"language", Key::Read, "", false, "", true},
    {"task", Key::Read, "", false, "", true},
    {"return_timestamps", Key::Refused, "false"},
    {"condition_on_prev_tokens", Key::Refused, "false"},
    {"compression_ratio_threshold", Key::Refused},
    {"logprob_threshold", Key::Refused},
    {"no_speech_threshold", Key::Refused},
    {"is_multilingual", Key::NoEffect},
    {"alignment_heads", Key::NoEffect},
    {"max_initial_timestamp_index", Key::Read},
    {"prev_sot_token_id", Key::NoEffect},
    {"prompt_condition_type", Key::NoEffect},

    // Padding is no part of a program, and what is not a number is never
    // chosen.
    {"pad_token_id", Key::NoEffect},
    {"remove_invalid_values", Key::NoEffect},
    // Speed: speculation without loss, caches, compilation.
    {"use_cache", Key::NoEffect},
    {"cache_implementation", Key::NoEffect},
    {"cache_config", Key::NoEffect},
    {"max_cache_len", Key::NoEffect},
    {"prefill_chunk_size", Key::NoEffect},
    {"low_memory", Key::NoEffect},
    {"compile_config", Key::NoEffect},
    {"disable_compile", Key::NoEffect},
    {"continuous_batching_config", Key::NoEffect},
    {"use_mtp", Key::NoEffect},
    {"is_assistant", Key::NoEffect},
    {"num_assistant_tokens", Key::NoEffect},
    {"num_assistant_tokens_schedule", Key::NoEffect},
    {"assistant_confidence_threshold", Key::NoEffect},
    {"assistant_early_exit", Key::NoEffect},
    {"assistant_lookbehind", Key::NoEffect},
    {"target_lookbehind", Key::NoEffect},
    {"prompt_lookup_num_tokens", Key::NoEffect},
    {"max_matching_ngram_size", Key::NoEffect},
    {"speculation_type", Key::NoEffect},
    // What generate() returns beside the text.
    {"output_attentions", Key::NoEffect},
    {"output_hidden_states", Key::NoEffect},
    {"output_logits", Key::NoEffect},
    {"output_scores", Key::NoEffect},
    {"return_dict_in_generate", Key::NoEffect},
    {"return_legacy_cache", Key::NoEffect},
    // Settings of pipelines, by the name of a task that the caller gives.
    {"task_specific_params", Key::NoEffect},
    // Whose work the file is.
    {"_from_model_config", Key::NoEffect},
    {"_commit_hash", Key::NoEffect},
    {"transformers_version", Key::NoEffect},
};

llvm::ArrayRef<GenerationKey> generationKeys() { return keys; }

bool isGenerationKey(llvm::StringRef key, bool inConfig) {
  return llvm::any_of(keys, [&](const Key &known) {
    return known.name == key && !(inConfig && known.ofItsFile);
  });
}

} // namespace heddle::checkpoint
