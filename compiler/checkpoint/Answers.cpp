// See Answers.h. What is done follows the pipelines of transformers 5 and,
// where a checkpoint names an activation for its scores,
// sentence-transformers 6.
#include "compiler/checkpoint/Answers.h"

#include "compiler/checkpoint/Json.h"
#include "compiler/checkpoint/JsonNode.h"
#include "compiler/checkpoint/Tokenizer.h"
#include "runtime/abi.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace heddle::checkpoint {

namespace {

/// How the name of an architecture ends, and what that means.
struct Task {
  llvm::StringLiteral ending;
  int kind;
  llvm::StringLiteral entry;
};

class AnswerReader {
public:
  AnswerReader(const llvm::json::Value &config, StringRef configName,
               const Source &source, Problems &problems)
      : root(&config, configName, problems), source(source),
        problems(problems) {}

  std::optional<Answer> read();

private:
  void readLabels();
  void readScore();
  void readTokens();
  std::optional<llvm::json::Value> parse(const Document &document);

  JsonNode root;
  const Source &source;
  Problems &problems;
  Answer answer;
};

} // namespace

static constexpr Task tasks[] = {
    {"ForSequenceClassification", HEDDLE_ANSWER_LABELS, "classify"},
    {"ForImageClassification", HEDDLE_ANSWER_LABELS, "classify"},
    {"ForImageClassificationWithTeacher", HEDDLE_ANSWER_LABELS, "classify"},
    {"ForTokenClassification", HEDDLE_ANSWER_TOKEN_LABELS, "classify_tokens"},
    {"ForMaskedLM", HEDDLE_ANSWER_MASKS, "fill_mask"},
    {"ForPreTraining", HEDDLE_ANSWER_MASKS, "fill_mask"},
    {"ForQuestionAnswering", HEDDLE_ANSWER_SPANS, "answer"},
    {"CLIPModel", HEDDLE_ANSWER_LIKENESS, "compare"},
    {"SiglipModel", HEDDLE_ANSWER_LIKENESS, "compare"}};

/// Of old cross-encoders, and of new ones.
static constexpr llvm::StringLiteral oldActivation =
                                         "sbert_ce_default_activation_function",
                                     newActivation = "activation_fn",
                                     ofSentences = "sentence_transformers";

bool isAnswerKey(StringRef key) {
  if (key.consume_front((ofSentences + ".").str()))
    return key == newActivation || key == "version";
  return key == oldActivation;
}

/// id2label: {"0": "negative", "1": "positive"}.
void AnswerReader::readLabels() {
  JsonNode node = root["id2label"];
  const llvm::json::Object *object = node ? node.object() : nullptr;
  if (!object)
    return;
  answer.labels.resize(object->size());
  std::vector<bool> found(object->size());
  for (const auto &[key, value] : *object) {
    size_t id = 0;
    if (StringRef(key).getAsInteger(10, id) || id >= found.size() ||
        found[id]) {
      node.problem("found the label " + StringRef(key) + ", needed 0 to " +
                   llvm::Twine(found.size() - 1));
      return;
    }
    found[id] = true;
    answer.labels[id] = node[key].string();
  }
}

/// As the text-classification pipeline chooses, or as a cross-encoder names it.
void AnswerReader::readScore() {
  std::string problem = root["problem_type"].stringOr("");
  answer.score =
      problem == "regression" ? HEDDLE_SCORE_NUMBER
      : problem == "multi_label_classification" || answer.labels.size() == 1
          ? HEDDLE_SCORE_SIGMOID
          : HEDDLE_SCORE_SOFTMAX;
  JsonNode sentences = root[ofSentences];
  JsonNode activation =
      sentences && sentences.object() && sentences.object()->get(newActivation)
          ? sentences[newActivation]
          : root[oldActivation];
  if (!activation)
    return;
  // torch.nn.modules.activation.Sigmoid
  std::string path = activation.string();
  StringRef name = StringRef(path).rsplit('.').second;
  if (name == "Identity")
    answer.score = HEDDLE_SCORE_NUMBER;
  else if (name == "Sigmoid")
    answer.score = HEDDLE_SCORE_SIGMOID;
  else if (name == "Softmax")
    answer.score = HEDDLE_SCORE_SOFTMAX;
  else
    activation.problem("found " + path +
                       ", needed torch.nn's Identity, Sigmoid or Softmax");
}

std::optional<llvm::json::Value> AnswerReader::parse(const Document &document) {
  return document.isThere() ? parseJson(document, problems) : std::nullopt;
}

/// What leaves the spaces around a token out of its offsets: the
/// post-processors of byte-level tokenizers, unless they say otherwise.
static bool trims(const llvm::json::Object *processor) {
  if (!processor)
    return false;
  StringRef type = processor->getString("type").value_or("");
  if (type == "ByteLevel" || type == "RobertaProcessing")
    return processor->getBoolean("trim_offsets").value_or(true);
  const llvm::json::Array *inner = processor->getArray("processors");
  return inner && llvm::any_of(*inner, [](const llvm::json::Value &value) {
           return trims(value.getAsObject());
         });
}

void AnswerReader::readTokens() {
  Document settings = source.document("tokenizer_config.json");
  if (std::optional<llvm::json::Value> json = parse(settings))
    if (const llvm::json::Object *object = json->getAsObject()) {
      // Where there is no limit, it is a number with thirty digits.
      double most = object->getNumber("model_max_length").value_or(0);
      if (most >= 1 && most <= INT32_MAX)
        answer.mostTokens = static_cast<int64_t>(most);
    }
  Problems ofTokenizer; // which the program then lacks, and the build has said
  Document file = tokenizerOf(source, ofTokenizer);
  std::optional<llvm::json::Value> json =
      file.isThere() ? parseJson(file, ofTokenizer) : std::nullopt;
  const llvm::json::Object *tokenizer = json ? json->getAsObject() : nullptr;
  if (!tokenizer)
    return;
  answer.trimsSpans = trims(tokenizer->getObject("post_processor"));
  for (const SpecialToken &token : readSpecialTokens(source, ofTokenizer)) {
    if (token.name == "mask")
      answer.mask = static_cast<int>(token.id);
    if (token.name == "pad")
      answer.pad = static_cast<int>(token.id);
  }
  // Where tokenizer_config.json is silent, what its classes call it.
  const llvm::json::Array *added = tokenizer->getArray("added_tokens");
  for (const llvm::json::Value &value : added ? *added : llvm::json::Array()) {
    const llvm::json::Object *token = value.getAsObject();
    StringRef content =
        token ? token->getString("content").value_or("") : StringRef();
    if (answer.mask < 0 && (content == "[MASK]" || content == "<mask>"))
      answer.mask = static_cast<int>(token->getInteger("id").value_or(-1));
  }
}

std::optional<Answer> AnswerReader::read() {
  JsonNode architectures = root["architectures"];
  std::vector<JsonNode> names;
  if (architectures && architectures.isArray())
    names = architectures.elements();
  std::string name =
      !names.empty() && names[0].isString() ? names[0].string() : "";
  const Task *task = llvm::find_if(tasks, [&](const Task &task) {
    return StringRef(name).ends_with(task.ending);
  });
  if (task == std::end(tasks))
    return std::nullopt;
  answer.kind = task->kind;
  answer.entry = task->entry;
  if (answer.kind == HEDDLE_ANSWER_LABELS ||
      answer.kind == HEDDLE_ANSWER_TOKEN_LABELS) {
    readLabels();
    readScore();
  }
  if (answer.kind == HEDDLE_ANSWER_TOKEN_LABELS ||
      answer.kind == HEDDLE_ANSWER_MASKS)
    answer.score = HEDDLE_SCORE_SOFTMAX;
  readTokens();
  if (answer.kind == HEDDLE_ANSWER_LIKENESS) {
    // SigLIP was trained with texts of one length, and pair by pair.
    bool isPairwise = task->ending == "SiglipModel";
    answer.score = isPairwise ? HEDDLE_SCORE_SIGMOID : HEDDLE_SCORE_SOFTMAX;
    JsonNode text = root["text_config"];
    JsonNode length = text ? text["max_position_embeddings"] : text;
    if (isPairwise)
      answer.paddedLength = length ? length.integer() : 64;
  }
  return answer;
}

std::optional<Answer> readAnswer(const llvm::json::Object &config,
                                 StringRef configName, const Source &source,
                                 Problems &problems) {
  Problems::Topic topic(problems, "labels-and-masks");
  size_t before = problems.size();
  llvm::json::Value value = llvm::json::Object(config);
  std::optional<Answer> answer =
      AnswerReader(value, configName, source, problems).read();
  return problems.size() > before ? std::nullopt : answer;
}

} // namespace heddle::checkpoint
