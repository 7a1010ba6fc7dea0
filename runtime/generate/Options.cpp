// What the caller of a generation gave, checked and put together with what the
// checkpoint says.

#include "runtime/Error.h"
#include "runtime/generate/Generation.h"

#include <cinttypes>
#include <cmath>

namespace heddle::runtime {

/// What is 0 is as in `settings`; −1 is what the sampler calls 0.
text::SamplerOptions
Writer::samplerOptions(const heddle_generate_options &options,
                       const heddle_generation &settings) {
  auto choose = [](auto asked, auto setting) {
    return asked == 0 ? setting : asked == -1 ? decltype(asked)(0) : asked;
  };
  text::SamplerOptions result;
  result.temperature = choose(options.temperature, settings.temperature);
  result.topK = choose(options.top_k, settings.top_k);
  result.topP = choose(options.top_p, settings.top_p);
  result.minP = choose(options.min_p, settings.min_p);
  result.repetitionPenalty =
      choose(options.repetition_penalty, settings.repetition_penalty);
  result.typicalP = options.typical_p == 0
                        ? settings.typical_p == 0 ? 1 : settings.typical_p
                        : options.typical_p;
  result.presencePenalty = options.presence_penalty;
  result.frequencyPenalty = options.frequency_penalty;
  result.biased = options.biased_tokens;
  result.biases = options.biases;
  result.biasCount = options.bias_count;
  result.seed = options.seed;
  return result;
}

/// What there is about choosing tokens, beside numbers.
heddle_status Writer::checkChoice() const {
  if (options.bias_count < 0 || options.stop_count < 0 || options.likeliest < 0)
    return fail(HEDDLE_BAD_ARGUMENT,
                "bias_count, stop_count and likeliest are %d, %d and %d, "
                "needed: 0 or more",
                options.bias_count, options.stop_count, options.likeliest);
  if (options.bias_count && (!options.biased_tokens || !options.biases))
    return fail(HEDDLE_BAD_ARGUMENT, "biased_tokens or biases is NULL");
  if (options.likeliest &&
      (!options.likeliest_tokens || !options.log_probabilities))
    return fail(HEDDLE_BAD_ARGUMENT,
                "likeliest_tokens or log_probabilities is NULL");
  if (options.stop_count && !options.stops)
    return fail(HEDDLE_BAD_ARGUMENT, "stops is NULL");
  for (int32_t i = 0; i < options.stop_count; ++i)
    if (!options.stops[i] || !*options.stops[i])
      return fail(HEDDLE_BAD_ARGUMENT, "stop %d is empty, needed: a text", i);
  if (options.stop_count && !session.model->weights.tokenizer())
    return fail(HEDDLE_NOT_SUPPORTED,
                "stops are texts: %s was compiled without a tokenizer",
                session.program().name);
  if (settings.stop_count && !session.model->weights.tokenizer())
    return fail(HEDDLE_NOT_SUPPORTED,
                "stop_strings of the model's generation_config.json are texts: "
                "%s was compiled without a tokenizer",
                session.program().name);
  if (options.json_schema && !session.model->weights.tokenizer())
    return fail(HEDDLE_NOT_SUPPORTED,
                "json_schema is about texts: %s was compiled without a "
                "tokenizer",
                session.program().name);
  return HEDDLE_OK;
}

heddle_status Writer::checkSpeculation() const {
  if (options.speculate < HEDDLE_SPECULATE_NONE ||
      options.speculate > HEDDLE_SPECULATE_MODEL)
    return fail(HEDDLE_BAD_ARGUMENT, "speculate is %d, needed: 0 to %d",
                options.speculate, int{HEDDLE_SPECULATE_MODEL});
  return options.speculate
             ? step.checkSpeculation(session.program(), options.speculate)
             : HEDDLE_OK;
}

heddle_status Writer::checkBiases() const {
  for (int32_t i = 0; i < options.bias_count; ++i)
    if (int32_t token = options.biased_tokens[i];
        token < 0 || token >= step.vocabulary)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "token %d has a bias, needed: 0 to %" PRId64, token,
                  step.vocabulary - 1);
  return HEDDLE_OK;
}

heddle_status Generation::checkPrompts() {
  if (readsMedia() != (options.sources != nullptr))
    return fail(HEDDLE_BAD_ARGUMENT,
                readsMedia() ? "there are no sources, which %s reads: sources "
                               "is NULL"
                             : "%s reads no pictures and no sound: sources is "
                               "not NULL",
                source.entry ? source.entry->name : step.entry->name);
  if (!readsMedia() && !options.prompts &&
      (!options.prompt_ids || !options.prompt_lengths))
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are no prompts: prompts is NULL, and so is %s",
                options.prompt_ids ? "prompt_lengths" : "prompt_ids");
  return HEDDLE_OK;
}

heddle_status Generation::readBeamOptions() {
  auto choose = [](auto asked, auto setting, auto byDefault) {
    return asked ? asked : setting ? setting : byDefault;
  };
  BeamOptions &beams = beamOptions;
  const heddle_generation &settings = writer.settings;
  beams.beams = choose(options.beams, settings.beams, 1);
  beams.texts = choose(options.texts, beams.beams > 1 ? settings.texts : 0, 1);
  beams.lengthPenalty = options.length_penalty ? *options.length_penalty
                                               : settings.length_penalty;
  beams.earlyStopping = choose(options.early_stopping, settings.early_stopping,
                               int32_t{HEDDLE_EARLY_STOPPING_NO});
  return checkBeams(
      beams, Writer::samplerOptions(options, writer.settings).temperature);
}

heddle_status Generation::checkBeams(const BeamOptions &beams,
                                     float temperature) const {
  if (beams.beams < 1)
    return fail(HEDDLE_BAD_ARGUMENT, "beams is %d, needed: 0 or more",
                beams.beams);
  if (beams.beams > session.limits.rows / options.rows)
    return fail(HEDDLE_BAD_ARGUMENT,
                "there are %" PRId64 " prompts with %d beams each, the session "
                "was opened for %" PRId64 " rows",
                options.rows, beams.beams, session.limits.rows);
  if (beams.texts < 1 || beams.texts > beams.beams)
    return fail(HEDDLE_BAD_ARGUMENT,
                "texts is %d, needed: 1 to %d, as many as there are beams",
                beams.texts, beams.beams);
  if (beams.earlyStopping < HEDDLE_EARLY_STOPPING_NO ||
      beams.earlyStopping > HEDDLE_EARLY_STOPPING_NEVER)
    return fail(HEDDLE_BAD_ARGUMENT, "early_stopping is %d, needed: 0 to %d",
                beams.earlyStopping, int{HEDDLE_EARLY_STOPPING_NEVER});
  if (!std::isfinite(beams.lengthPenalty))
    return fail(HEDDLE_BAD_ARGUMENT, "length_penalty is %g, needed: a number",
                beams.lengthPenalty);
  if (beams.beams == 1)
    return options.scores ? fail(HEDDLE_BAD_ARGUMENT,
                                 "scores are those of beams, and there are "
                                 "none: needed: beams of 2 or more")
                          : HEDDLE_OK;
  if (temperature > 0)
    return fail(HEDDLE_NOT_SUPPORTED,
                "temperature is %g, needed for a search with %d beams: 0",
                temperature, beams.beams);
  if (options.stop_count || options.likeliest)
    return fail(HEDDLE_NOT_SUPPORTED,
                "a search with %d beams knows its texts when it is over: it "
                "takes no stops, and tells no likeliest tokens",
                beams.beams);
  if (writer.settings.stop_count)
    return fail(HEDDLE_NOT_SUPPORTED,
                "a search with %d beams does not look for stop_strings, which "
                "the model's generation_config.json has",
                beams.beams);
  if (options.json_schema)
    return fail(HEDDLE_NOT_SUPPORTED,
                "a search with %d beams keeps to no json_schema", beams.beams);
  if (options.speculate)
    return fail(HEDDLE_NOT_SUPPORTED,
                "a search with %d beams chooses among texts, not tokens: "
                "it takes no speculate",
                beams.beams);
  if (options.resume)
    return fail(HEDDLE_NOT_SUPPORTED,
                "a search with %d beams begins anew: it cannot resume a text",
                beams.beams);
  return HEDDLE_OK;
}

} // namespace heddle::runtime

using namespace heddle::runtime;

heddle_status heddle_describe_generation(const heddle_model *model,
                                         heddle_generate_options *options) {
  if (!model || !options)
    return fail(HEDDLE_BAD_ARGUMENT, "%s is NULL", model ? "options" : "model");
  const heddle_generation &settings = generationOf(*model->program);
  // What the settings call 0 is −1 where 0 means that nothing is said.
  auto said = [](auto setting) {
    return setting == 0 ? decltype(setting)(-1) : setting;
  };
  *options = {};
  options->max_tokens =
      settings.max_length ? settings.max_tokens : said(settings.max_tokens);
  options->temperature = said(settings.temperature);
  options->top_k = said(settings.top_k);
  options->top_p = settings.top_p;
  options->min_p = said(settings.min_p);
  options->repetition_penalty = settings.repetition_penalty;
  options->typical_p = settings.typical_p == 0 ? 1 : settings.typical_p;
  options->beams = settings.beams ? settings.beams : 1;
  options->texts = options->beams > 1 && settings.texts ? settings.texts : 1;
  options->length_penalty = &settings.length_penalty;
  options->early_stopping = settings.early_stopping ? settings.early_stopping
                                                    : HEDDLE_EARLY_STOPPING_NO;
  return HEDDLE_OK;
}
