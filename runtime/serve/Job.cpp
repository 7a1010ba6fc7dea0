#include "runtime/serve/Job.h"
#include "runtime/Clock.h"
#include "runtime/Memory.h"

namespace heddle::serve {

bool TextRequest::copy(const TextRequest &other) {
  options = other.options;
  prompt.append(other.prompt.data(), other.prompt.size());
  strings.append(other.strings.view());
  schema.append(other.schema.view());
  hasSchema = other.hasSchema;
  stops.append(other.stops.data(), other.stops.size());
  biased.append(other.biased.data(), other.biased.size());
  biases.append(other.biases.data(), other.biases.size());
  return text::trouble == text::Trouble::None;
}

void TextRequest::addStop(std::string_view stop) {
  stops.push(strings.size());
  strings.append(stop);
  strings.push('\0');
}

bool Job::prepare() {
  heddle_generate_options &options = request.options;
  for (size_t begin : request.stops)
    stops.push(request.strings.data() + begin);
  options.stops = stops.data();
  options.stop_count = static_cast<int32_t>(stops.size());
  options.biased_tokens = request.biased.data();
  options.biases = request.biases.data();
  options.bias_count = static_cast<int32_t>(request.biased.size());
  request.schema.push('\0');
  if (request.hasSchema)
    options.json_schema = request.schema.data();
  auto told = static_cast<size_t>(1 + options.likeliest);
  if (!likeliestTokens.resize(told) || !logProbabilities.resize(told))
    return false;
  options.likeliest_tokens = likeliestTokens.data();
  options.log_probabilities = logProbabilities.data();
  return text::trouble == text::Trouble::None;
}

void Job::release() {
  if (holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
    runtime::destroy(this);
}

bool Job::take(int32_t token, std::string_view text) {
  {
    Monitor::Lock lock(monitor);
    if (progress.tokens.empty())
      progress.firstToken = runtime::secondsNow();
    progress.text.append(text);
    progress.tokens.push({token, progress.text.size(), logProbabilities[0]});
    auto count = static_cast<size_t>(request.options.likeliest);
    progress.likeliest.append(likeliestTokens.data() + 1, count);
    progress.probabilities.append(logProbabilities.data() + 1, count);
  }
  wake(waker);
  return isCancelled();
}

void Job::end(const runtime::Ending &ending) {
  {
    Monitor::Lock lock(monitor);
    progress.text.append(ending.text);
    progress.ended = true;
    progress.status = ending.status;
    progress.reason = ending.reason;
    progress.sharedTokens = ending.sharedTokens;
    progress.endedAt = runtime::secondsNow();
    if (ending.status)
      snprintf(progress.message, sizeof progress.message, "%s",
               heddle_last_error());
  }
  wake(waker);
  release();
}

} // namespace heddle::serve
