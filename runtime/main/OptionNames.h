// The names of all options.
#ifndef HEDDLE_RUNTIME_MAIN_OPTIONNAMES_H
#define HEDDLE_RUNTIME_MAIN_OPTIONNAMES_H

namespace heddle::runtime {

/// Every option, for those who misspell one.
inline constexpr const char *optionNames[] = {"--help",
                                              "--info",
                                              "--version",
                                              "--profile",
                                              "--huge-pages",
                                              "--check-weights",
                                              "--no-echo",
                                              "--plain-text",
                                              "--special",
                                              "--text",
                                              "--pair",
                                              "--pairs",
                                              "--top",
                                              "--timestamps",
                                              "--search",
                                              "--texts",
                                              "--tokens",
                                              "--ids",
                                              "--audio",
                                              "--image",
                                              "--language",
                                              "--source-language",
                                              "--task",
                                              "--prompt",
                                              "--context",
                                              "--seed",
                                              "--top-k",
                                              "--threads",
                                              "--temperature",
                                              "--top-p",
                                              "--min-p",
                                              "--repetition-penalty",
                                              "--typical-p",
                                              "--frequency-penalty",
                                              "--presence-penalty",
                                              "--logit-bias",
                                              "--stop",
                                              "--json-schema",
                                              "--samples",
                                              "--speculate",
                                              "--logprobs",
                                              "--beams",
                                              "--length-penalty",
                                              "--early-stopping",
                                              "--n-best",
                                              "--lines",
                                              "--chat",
                                              "--system",
                                              "--tools",
                                              "--session",
                                              "--format",
                                              "--weights",
                                              "--entry",
                                              "--in",
                                              "--out",
                                              "--lengths",
                                              "--rows"};
// `serve` refuses what is not its own, and lists what is.

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_OPTIONNAMES_H
