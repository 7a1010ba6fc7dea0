// preprocessor_config.json: what becomes of the files that a model is given
// before they are numbers.
#ifndef HEDDLE_COMPILER_CHECKPOINT_PREPROCESSOR_H
#define HEDDLE_COMPILER_CHECKPOINT_PREPROCESSOR_H

#include "compiler/checkpoint/JsonNode.h"
#include "compiler/checkpoint/Source.h"
#include "runtime/abi.h"

#include <optional>

namespace heddle::checkpoint {

/// What an image processor of transformers does, whose class the file names or,
/// where it does not, that of config.json's model. None where there is no such
/// file, or it asks for more than programs do, which `problems` then tells as
/// unsupported: such a model is given arrays.
std::optional<heddle_image_steps> readImageProcessor(const Source &source,
                                                     llvm::StringRef modelType,
                                                     Problems &problems);

/// The same of sound, and of a feature extractor: Whisper's.
std::optional<heddle_audio_steps> readFeatureExtractor(const Source &source,
                                                       Problems &problems);

/// The part of preprocessor_config.json, or of processor_config.json, which
/// goes before it, that is about one kind of input; null: there is none.
class PreprocessorFile {
public:
  /// `part` is where processor_config.json has it.
  PreprocessorFile(const Source &source, llvm::StringRef part,
                   Problems &problems);

  explicit operator bool() const { return root && root->object(); }
  const JsonNode &node() const { return *root; }

private:
  Document document;
  std::optional<llvm::json::Value> json;
  std::optional<JsonNode> root;
};

/// A key and the JSON that it has to be, if it is there and not null.
using FixedKey = std::pair<llvm::StringLiteral, llvm::StringLiteral>;

/// What is neither in `known` nor as in `fixed` is unsupported.
void checkPreprocessorKeys(const JsonNode &root,
                           llvm::ArrayRef<llvm::StringLiteral> known,
                           llvm::ArrayRef<FixedKey> fixed);

} // namespace heddle::checkpoint

#endif // HEDDLE_COMPILER_CHECKPOINT_PREPROCESSOR_H
