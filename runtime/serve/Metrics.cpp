#include "runtime/serve/Metrics.h"

#include <cinttypes>
#include <cstdarg>

namespace heddle::serve {

[[gnu::format(printf, 2, 3)]] static void line(text::Text &out,
                                               const char *format, ...) {
  char written[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(written, sizeof written, format, arguments);
  va_end(arguments);
  out.append(written);
  out.push('\n');
}

static void describe(text::Text &out, const char *name, const char *type,
                     const char *help) {
  line(out, "# HELP %s %s", name, help);
  line(out, "# TYPE %s %s", name, type);
}

void Histogram::add(double seconds) {
  int at = 0;
  while (at < boundCount && seconds > bounds[at])
    ++at;
  ++counts[at];
  sum += seconds;
}

void Histogram::write(text::Text &out, const char *name,
                      const char *help) const {
  describe(out, name, "histogram", help);
  int64_t total = 0;
  for (int i = 0; i < boundCount; ++i)
    line(out, "%s_bucket{le=\"%g\"} %" PRId64, name, bounds[i],
         total += counts[i]);
  line(out, "%s_bucket{le=\"+Inf\"} %" PRId64, name,
       total += counts[boundCount]);
  line(out, "%s_sum %.9g", name, sum);
  line(out, "%s_count %" PRId64, name, total);
}

void Metrics::write(text::Text &out, const EngineCounts &counts) const {
  describe(out, "heddle_replies_total", "counter", "Replies, by code.");
  for (int i = 2; i < 6; ++i)
    line(out, "heddle_replies_total{code=\"%dxx\"} %" PRId64, i, replies[i]);
  const struct {
    const char *name, *type, *help;
    int64_t value;
  } values[] = {
      {"heddle_clients_gone_total", "counter",
       "Clients that went away before their reply.", gone},
      {"heddle_texts_at_work", "gauge", "Texts that are being written.",
       counts.atWork},
      {"heddle_texts_waiting", "gauge", "Texts that wait for a row.",
       counts.waiting},
      {"heddle_prompt_tokens_total", "counter", "Tokens of prompts.",
       counts.promptTokens},
      {"heddle_shared_prompt_tokens_total", "counter",
       "Tokens of prompts that had been read for another text.",
       counts.sharedTokens},
      {"heddle_written_tokens_total", "counter", "Tokens written.",
       counts.writtenTokens},
      {"heddle_drafted_tokens_total", "counter",
       "Tokens that were drafted (--speculate).", counts.draftedTokens},
      {"heddle_accepted_tokens_total", "counter",
       "Drafted tokens that the model chose.", counts.acceptedTokens},
      {"heddle_model_calls_total", "counter", "Calls of the model.",
       counts.calls},
  };
  for (const auto &value : values) {
    describe(out, value.name, value.type, value.help);
    line(out, "%s %" PRId64, value.name, value.value);
  }
  firstToken.write(out, "heddle_first_token_seconds",
                   "From a request to the first token of its text.");
  request.write(out, "heddle_request_seconds",
                "From a request to the end of its reply.");
}

} // namespace heddle::serve
