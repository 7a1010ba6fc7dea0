//===- VerifyReport.cpp - what verify tells the user ----------------------===//

#include "compiler/driver/VerifyReport.h"
#include "compiler/driver/Calibration.h"
#include "compiler/files/Message.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <map>

using namespace heddle;
using namespace heddle::driver;
using llvm::format;
using llvm::outs;
using Kind = TextTask::Kind;

llvm::json::Value driver::jsonNumber(double number) {
  return std::isfinite(number) ? llvm::json::Value(number) : nullptr;
}

static llvm::json::Value jsonText(llvm::StringRef text) {
  return llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text);
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

static void print(const EntryComparison &entry) {
  outs() << format("  %-24s rms error %.2e  max %.2e  cosine %.6f",
                   (entry.entry + " " + entry.output).c_str(), entry.rmsError,
                   entry.largestError, entry.cosine);
  if (entry.rows)
    outs() << "  top-1 " << entry.sameLikeliest << " of " << entry.rows;
  outs() << "\n";
}

void VerifyReport::addEntries(llvm::StringRef model,
                              llvm::StringRef comparedWith,
                              llvm::ArrayRef<EntryComparison> entries) {
  llvm::json::Array array;
  if (!json)
    outs() << model << ", compared with " << comparedWith << "\n";
  for (const EntryComparison &entry : entries) {
    if (!json) {
      print(entry);
      continue;
    }
    llvm::json::Object line{{"entry", entry.entry},
                            {"output", entry.output},
                            {"rms_error", jsonNumber(entry.rmsError)},
                            {"largest_error", jsonNumber(entry.largestError)},
                            {"cosine", jsonNumber(entry.cosine)}};
    if (entry.rows) {
      line["rows"] = entry.rows;
      line["same_likeliest"] = entry.sameLikeliest;
    }
    array.push_back(std::move(line));
  }
  object["model"] = model;
  object["compared_with"] = comparedWith;
  object["entries"] = std::move(array);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static llvm::StringRef whatIsJudged(Kind kind) {
  switch (kind) {
  case Kind::NextToken:
    return "next tokens";
  case Kind::Translated:
    return "next tokens of a decoder whose encoder reads them too";
  case Kind::Masked:
    return "masked tokens";
  case Kind::Vectors:
    return "tokens";
  }
  llvm_unreachable("all kinds are listed");
}

static void print(const VectorComparison &vectors) {
  outs() << format("  %-24s mean cosine %.6f  least %.6f", //
                   vectors.entry.c_str(), vectors.meanCosine,
                   vectors.leastCosine);
  if (vectors.mostChangeOfPairs)
    outs() << format("  similarity of two changes by %.4f at most",
                     *vectors.mostChangeOfPairs);
  outs() << "\n";
}

void VerifyReport::printLogits(const TextTask &task,
                               const TextJudgement &judgement, bool isNarrow,
                               llvm::StringRef around) {
  outs() << format("  perplexity     %.4f in f32", judgement.perplexity);
  if (!isNarrow) {
    outs() << "\n";
    return;
  }
  double change = judgement.builtPerplexity / judgement.perplexity - 1;
  outs() << format(", %.4f as built (%+.2f%%)\n", judgement.builtPerplexity,
                   100 * change)
         << format("  KL divergence  mean %.3g, 99%% below %.3g, largest %.3g "
                   "at token %lld",
                   judgement.meanKl, judgement.klOf99, judgement.mostKl,
                   (long long)judgement.mostKlAt);
  if (!around.empty()) {
    outs() << ": " << files::printable(around);
  }
  outs() << format("\n  likeliest      the same in %.2f%%\n",
                   100 * judgement.agreement);
}

void VerifyReport::addText(llvm::StringRef model, const TextTask &task,
                           const TokenText &text,
                           const TextJudgement &judgement, bool isNarrow,
                           llvm::StringRef around) {
  if (!json) {
    outs() << model << ", " << judgement.places << " "
           << whatIsJudged(task.kind) << " of " << text.name << "\n";
    if (task.givesLogits())
      printLogits(task, judgement, isNarrow, around);
    else
      llvm::for_each(judgement.vectors, [](auto &line) { print(line); });
    outs().flush();
    return;
  }
  llvm::json::Object part{{"name", jsonText(text.name)},
                          {"judged", whatIsJudged(task.kind)},
                          {"tokens", judgement.places},
                          {"windows", int64_t(text.windows.size())}};
  if (task.givesLogits()) {
    part["perplexity_f32"] = jsonNumber(judgement.perplexity);
    part["perplexity"] = jsonNumber(judgement.builtPerplexity);
    part["kl_mean"] = jsonNumber(judgement.meanKl);
    part["kl_99"] = jsonNumber(judgement.klOf99);
    part["kl_largest"] = jsonNumber(judgement.mostKl);
    part["kl_largest_at"] = judgement.mostKlAt;
    part["kl_largest_text"] = jsonText(around);
    part["agreement"] = jsonNumber(judgement.agreement);
  }
  llvm::json::Array vectors;
  for (const VectorComparison &line : judgement.vectors) {
    llvm::json::Object vector{{"entry", line.entry},
                              {"vectors", line.vectors},
                              {"cosine_mean", jsonNumber(line.meanCosine)},
                              {"cosine_least", jsonNumber(line.leastCosine)}};
    if (line.mostChangeOfPairs)
      vector["similarity_change"] = jsonNumber(*line.mostChangeOfPairs);
    vectors.push_back(std::move(vector));
  }
  if (!vectors.empty())
    part["vectors"] = std::move(vectors);
  object["model"] = model;
  object["text"] = std::move(part);
}

void VerifyReport::addCalibration(const Importance &importance, bool isSame) {
  if (!json)
    outs() << "  calibrated     by " << importance.tokens << " tokens of "
           << importance.text
           << (isSame ? ", the text that is judged: others may fare worse\n"
                      : ", not the text that is judged\n");
  llvm::json::Array weights;
  std::map<llvm::StringRef, llvm::ArrayRef<float>> sorted;
  for (const auto &[path, shares] : importance.ofPath)
    sorted[path] = shares;
  for (auto [path, shares] : sorted) {
    auto most = llvm::max_element(shares);
    weights.push_back(
        llvm::json::Object{{"weight", jsonText(path)},
                           {"largest", jsonNumber(*most)},
                           {"input", int64_t(most - shares.begin())},
                           {"least", jsonNumber(*llvm::min_element(shares))}});
  }
  object["calibration"] =
      llvm::json::Object{{"name", jsonText(importance.text)},
                         {"tokens", importance.tokens},
                         {"is_judged", isSame},
                         {"weights", std::move(weights)}};
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

static void print(const LayerProfile &profile) {
  constexpr size_t inLine = 8;
  outs() << "  " << profile.name
         << ": relative error of what each layer hands on";
  if (std::optional<size_t> first = profile.firstDrifted())
    outs() << format("; the first beyond %.0f%% is ",
                     100 * LayerProfile::drifted)
           << profile.name << "." << *first << "\n";
  else
    outs() << format("; none is beyond %.0f%%\n", 100 * LayerProfile::drifted);
  for (size_t layer = 0; layer < profile.errors.size(); ++layer) {
    if (layer % inLine == 0)
      outs() << format("  %4d ", int(layer));
    outs() << format("  %-7.2g", profile.errors[layer]);
    if (layer % inLine == inLine - 1 || layer + 1 == profile.errors.size())
      outs() << "\n";
  }
}

void VerifyReport::addLayers(llvm::ArrayRef<LayerProfile> profiles) {
  llvm::json::Array array;
  for (const LayerProfile &profile : profiles) {
    if (!json)
      print(profile);
    llvm::json::Object line{{"layers", profile.name}};
    llvm::json::Array errors;
    for (double error : profile.errors)
      errors.push_back(jsonNumber(error));
    line["relative_errors"] = std::move(errors);
    if (std::optional<size_t> first = profile.firstDrifted())
      line["first_drifted"] = int64_t(*first);
    array.push_back(std::move(line));
  }
  object["layers"] = std::move(array);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// What the loss is called.
static llvm::StringRef lossName(const TextTask &task) {
  return task.givesLogits() ? "KL" : "1 - cosine";
}

static void print(const TextTask &task, const Recommendation &found,
                  double bound) {
  outs() << (found.isWithin ? "  within " : "  nearest to ") << lossName(task)
         << format(" %.3g: ", bound) << found.flags << "\n"
         << format("    %.2f bits a weight, ", found.bits) << lossName(task)
         << format(" %.3g", found.judgement.loss(task));
  if (task.givesLogits())
    outs() << format(", perplexity %.4f, the same likeliest in %.2f%%",
                     found.judgement.builtPerplexity,
                     100 * found.judgement.agreement);
  outs() << "\n";
}

static void print(const TextTask &task, const WeightCosts &costs) {
  outs() << format("  weights: %.2f bits each; ", costs.bits) << lossName(task)
         << " where one kind alone is narrow, all else in f32\n";
  for (const GroupCost &group : costs.groups)
    outs() << format("    %-8.3g %-5s %4.1f%%  ", group.loss,
                     kernel::nameOf(group.type).str().c_str(),
                     100 * group.share)
           << files::printable(group.name) << "\n";
  if (costs.recommendation)
    print(task, *costs.recommendation, costs.bound);
}

void VerifyReport::addWeights(const TextTask &task, const WeightCosts &costs) {
  if (!json)
    print(task, costs);
  llvm::json::Array groups;
  for (const GroupCost &group : costs.groups)
    groups.push_back(
        llvm::json::Object{{"weights", jsonText(group.name)},
                           {"type", kernel::nameOf(group.type)},
                           {"share", jsonNumber(group.share)},
                           {"loss_alone", jsonNumber(group.loss)}});
  object["loss"] = lossName(task);
  object["bits"] = jsonNumber(costs.bits);
  object["weights"] = std::move(groups);
  if (!costs.recommendation)
    return;
  const Recommendation &found = *costs.recommendation;
  llvm::json::Object line{{"flags", jsonText(found.flags)},
                          {"bits", jsonNumber(found.bits)},
                          {"bound", jsonNumber(costs.bound)},
                          {"within", found.isWithin},
                          {"loss", jsonNumber(found.judgement.loss(task))}};
  if (task.givesLogits()) {
    line["perplexity"] = jsonNumber(found.judgement.builtPerplexity);
    line["agreement"] = jsonNumber(found.judgement.agreement);
  }
  object["recommendation"] = std::move(line);
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

void VerifyReport::addFailure(llvm::StringRef limit, double found,
                              double needed) {
  std::string message;
  llvm::raw_string_ostream(message)
      << limit << ": found " << format("%.4g", found) << ", needed "
      << format("%.4g", needed);
  files::printMessage(llvm::errs(), files::Severity::Error, message);
}

void VerifyReport::finish() {
  if (json)
    outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(object)))
           << "\n";
}
