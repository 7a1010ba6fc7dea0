// heddle-sampling-test GOLDEN.json: what the sampler leaves of each
// distribution is what the processors of transformers leave, with the same
// probabilities.
#include "runtime/text/Sampler.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace heddle::text;
using llvm::json::Object;

template <typename T>
static std::vector<T> numbers(const Object &object, llvm::StringRef key) {
  std::vector<T> list;
  for (const llvm::json::Value &value : *object.getArray(key))
    list.push_back(static_cast<T>(*value.getAsNumber()));
  return list;
}

static float number(const Object &options, llvm::StringRef key,
                    float byDefault) {
  return static_cast<float>(options.getNumber(key).value_or(byDefault));
}

/// What is wrong with a case; empty: nothing.
static std::string check(const Object &one) {
  const Object &given = *one.getObject("options");
  auto logits = numbers<float>(one, "logits");
  auto seen = numbers<int32_t>(one, "seen");
  auto biased = numbers<int32_t>(one, "biased");
  auto biases = numbers<float>(one, "biases");
  SamplerOptions options;
  options.temperature = number(given, "temperature", 1);
  options.topK = static_cast<int32_t>(number(given, "top_k", 0));
  options.topP = number(given, "top_p", 1);
  options.minP = number(given, "min_p", 0);
  options.typicalP = number(given, "typical_p", 1);
  options.repetitionPenalty = number(given, "repetition_penalty", 1);
  options.frequencyPenalty = number(given, "frequency_penalty", 0);
  options.presencePenalty = number(given, "presence_penalty", 0);
  options.biased = biased.data();
  options.biases = biases.data();
  options.biasCount = static_cast<int32_t>(biased.size());
  if (const char *wrong = checkOptions(options))
    return wrong;
  Sampler sampler(options);
  std::vector<Candidate> left;
  for (const Candidate &candidate :
       sampler.distribution(logits.data(), static_cast<int32_t>(logits.size()),
                            seen.data(), static_cast<int32_t>(seen.size()),
                            static_cast<int32_t>(*one.getInteger("prompt"))))
    left.push_back(candidate);
  std::sort(left.begin(), left.end(),
            [](const auto &a, const auto &b) { return a.id < b.id; });
  auto ids = numbers<int32_t>(one, "ids");
  auto probabilities = numbers<double>(one, "probabilities");
  if (left.size() != ids.size())
    return "found " + std::to_string(left.size()) + " tokens, needed " +
           std::to_string(ids.size());
  for (size_t i = 0; i < ids.size(); ++i)
    if (left[i].id != ids[i] || std::abs(left[i].weight - probabilities[i]) >
                                    1e-5 * probabilities[i] + 1e-7)
      return "found token " + std::to_string(left[i].id) + " with " +
             std::to_string(left[i].weight) + ", needed " +
             std::to_string(ids[i]) + " with " +
             std::to_string(probabilities[i]);
  return "";
}

int main(int argc, char **argv) {
  auto buffer = llvm::MemoryBuffer::getFile(argc > 1 ? argv[1] : "");
  if (!buffer)
    return 1;
  auto json = llvm::json::parse((*buffer)->getBuffer());
  if (!json)
    return llvm::consumeError(json.takeError()), 1;
  int wrong = 0;
  for (const llvm::json::Value &one : *json->getAsArray())
    if (std::string what = check(*one.getAsObject()); !what.empty()) {
      ++wrong;
      llvm::outs() << llvm::json::Value(
                          Object(*one.getAsObject()->getObject("options")))
                   << ": " << what << "\n";
    }
  llvm::outs() << json->getAsArray()->size() << " distributions, " << wrong
               << " wrong\n";
  return wrong ? 1 : 0;
}
