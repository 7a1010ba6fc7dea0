// The loop behind a model's `generate` declaration.
#ifndef HEDDLE_RUNTIME_GENERATE_H
#define HEDDLE_RUNTIME_GENERATE_H

#include "runtime/heddle.h"

namespace heddle::runtime {

/// Where the time of a generation went. A call that reads prompts counts as
/// prefill, even if other rows of it go on writing.
struct GenerateTimes {
  int64_t prefillTokens = 0, decodeTokens = 0;
  double prefillSeconds = 0, decodeSeconds = 0, samplingSeconds = 0;
};

/// heddle_generate(), which adds its times to `times`.
heddle_status generate(heddle_session &session,
                       const heddle_generate_options &options,
                       heddle_token_callback callback, void *user,
                       GenerateTimes &times);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_GENERATE_H
