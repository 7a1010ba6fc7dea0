// See Preprocessor.h. What is done follows WhisperFeatureExtractor of
// transformers 5.
#include "compiler/checkpoint/Preprocessor.h"

namespace heddle::checkpoint {

/// What is read, what the class computes itself or only its caller says, and
/// whose work the file is.
static constexpr llvm::StringLiteral soundKeys[] = {"feature_size",
                                                    "sampling_rate",
                                                    "hop_length",
                                                    "chunk_length",
                                                    "n_fft",
                                                    "padding_value",

                                                    "mel_filters",
                                                    "n_samples",
                                                    "nb_max_frames",
                                                    "return_attention_mask",
                                                    "feature_extractor_type",
                                                    "processor_class",
                                                    "image_processor_type"};

static constexpr FixedKey fixedSoundKeys[] = {{"dither", "0.0"},
                                              {"padding_side", "\"right\""}};

static int32_t readCount(const JsonNode &node, int32_t byDefault, int32_t least,
                         int32_t most) {
  int32_t number = node ? node.integer() : byDefault;
  if (number < least || number > most)
    node.problem("found " + llvm::Twine(number) + ", needed " +
                 llvm::Twine(least) + " to " + llvm::Twine(most));
  return number;
}

/// Its frames are transformed in steps of 2, 3 and 5.
static void checkTransform(const JsonNode &node, int32_t size) {
  int32_t rest = size;
  for (int32_t factor : {2, 3, 5})
    while (rest > 1 && rest % factor == 0)
      rest /= factor;
  if (rest > 1 || size % 2)
    node.unsupported("found " + llvm::Twine(size) +
                     ", needed a product of 2, 3 and 5, and an even one");
}

std::optional<heddle_audio_steps> readFeatureExtractor(const Source &source,
                                                       Problems &problems) {
  Problems::Topic topic(problems, "pictures-and-sound");
  size_t before = problems.size(), lacking = problems.unsupported().size();
  PreprocessorFile file(source, "feature_extractor", problems);
  if (!file)
    return std::nullopt;
  const JsonNode &root = file.node();
  JsonNode type = root["feature_extractor_type"];
  if (type.stringOr("") != "WhisperFeatureExtractor") {
    type.unsupported("found " + type.stringOr("none") +
                     ", needed WhisperFeatureExtractor");
    return std::nullopt;
  }
  checkPreprocessorKeys(root, soundKeys, fixedSoundKeys);
  heddle_audio_steps steps = {};
  steps.mels = readCount(root["feature_size"], 80, 1, 1024);
  steps.sampling_rate = readCount(root["sampling_rate"], 16000, 1000, 384000);
  steps.fft = readCount(root["n_fft"], 400, 2, 1 << 14);
  steps.hop = readCount(root["hop_length"], 160, 1, 1 << 14);
  steps.samples = static_cast<int64_t>(steps.sampling_rate) *
                  readCount(root["chunk_length"], 30, 1, 3600);
  if (root["padding_value"])
    steps.padding = static_cast<float>(root["padding_value"].number());
  if (problems.size() > before)
    return std::nullopt;
  checkTransform(root["n_fft"], steps.fft);
  if (steps.samples <= steps.fft)
    root["n_fft"].unsupported("needed less than a sound has samples");
  if (problems.unsupported().size() > lacking)
    return std::nullopt;
  return steps;
}

} // namespace heddle::checkpoint
