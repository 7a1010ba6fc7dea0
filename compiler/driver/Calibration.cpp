//===- Calibration.cpp - how large the inputs of weights are --------------===//

#include "compiler/driver/Calibration.h"
#include "compiler/driver/TextTrial.h"
#include "compiler/files/Message.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <numeric>

using namespace heddle;
using namespace heddle::driver;
using llvm::LogicalResult;

/// Tokens that a model is given at most; means hardly change beyond.
static constexpr int64_t mostCalibrationTokens = 4096;
/// Fewer say more about themselves than about the model.
static constexpr int64_t fewestTokens = 256;
/// The mean of all inputs counts as so many tokens more: an expert that few of
/// them chose, or an input that was always zero, is not taken at its word.
static constexpr double tokensOfPrior = 16;

namespace {

/// Sums of squares of what products were given.
class InputSums {
public:
  explicit InputSums(size_t slots) : slots(slots) {}

  /// A heddle_observer.
  static void listen(void *self, int64_t slot, const float *x, int64_t rows,
                     int64_t inputs, int64_t stride) {
    static_cast<InputSums *>(self)->slots[slot].add(x, rows, inputs, stride);
  }

  /// Of each path, over all slots that it is in.
  LogicalResult
  importance(llvm::ArrayRef<std::vector<std::string>> pathsOfSlots,
             Importance &result) const;

private:
  struct Sums {
    std::vector<double> squares;
    int64_t tokens = 0;

    void add(const float *x, int64_t rows, int64_t inputs, int64_t stride) {
      squares.resize(inputs);
      tokens += rows;
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t k = 0; k < inputs; ++k)
          squares[k] += double(x[row * stride + k]) * x[row * stride + k];
    }
    void add(const Sums &other) {
      squares.resize(other.squares.size());
      tokens += other.tokens;
      for (auto [sum, more] : llvm::zip_equal(squares, other.squares))
        sum += more;
    }
  };

  std::vector<Sums> slots;
};

} // namespace

/// With a prior of m tokens that have the mean of all inputs:
/// (Σx[k]² / n · n + m · mean) / (n + m) / mean.
static std::vector<float> sharesOf(llvm::ArrayRef<double> squares,
                                   double tokens) {
  double mean = std::accumulate(squares.begin(), squares.end(), 0.0) /
                (tokens * double(squares.size()));
  std::vector<float> shares;
  for (double sum : squares)
    shares.push_back((sum / mean + tokensOfPrior) / (tokens + tokensOfPrior));
  return shares;
}

LogicalResult
InputSums::importance(llvm::ArrayRef<std::vector<std::string>> pathsOfSlots,
                      Importance &result) const {
  llvm::StringMap<Sums> byPath;
  for (auto [sums, paths] : llvm::zip_equal(slots, pathsOfSlots))
    for (const std::string &path : paths)
      if (sums.tokens > 0)
        byPath[path].add(sums);
  for (const auto &[path, sums] : byPath) {
    double all = std::accumulate(sums.squares.begin(), sums.squares.end(), 0.0);
    if (!std::isfinite(all))
      return fail("--calibrate: on this text, inputs of " + path +
                  " are infinite or not a number");
    // Zeros alone say nothing.
    if (all > 0)
      result.ofPath[path] = sharesOf(sums.squares, sums.tokens);
  }
  if (result.ofPath.empty())
    return fail("--calibrate: found no products of the model to observe, "
                "needed a model file or a module of the nn stage");
  return llvm::success();
}

/// Whether a type is asked for whose rounding importance changes.
static bool asksForNarrow(const Arguments &arguments) {
  if (arguments.autoBits)
    return true;
  return llvm::any_of(arguments.options.quant, [](llvm::StringRef rule) {
    auto type = kernel::packedTypeNamed(rule.rsplit('=').second);
    const kernel::PackedFormat &format = kernel::formatOf(*type);
    return format.isQuantised() && format.bits() < 8;
  });
}

/// Weights that others of their kind differ from: experts that no token chose.
static void noteUnreached(llvm::ArrayRef<WeightGroup> groups,
                          const Importance &importance) {
  size_t unreached = 0;
  llvm::StringRef first;
  for (const WeightGroup &group : groups) {
    auto paths = llvm::make_first_range(group.weights);
    if (llvm::none_of(paths, [&](llvm::StringRef path) {
          return importance.ofPath.contains(path);
        }))
      continue;
    for (llvm::StringRef path : paths)
      if (!importance.ofPath.contains(path) && unreached++ == 0)
        first = path;
  }
  if (unreached > 0)
    files::printMessage(
        llvm::errs(), files::Severity::Note,
        llvm::formatv("--calibrate: the text does not reach {0} weights, which "
                      "are rounded without it, the first being {1}",
                      unreached, first)
            .str());
}

uint64_t driver::hashOf(llvm::ArrayRef<int32_t> tokens) {
  return llvm::xxh3_64bits(
      llvm::ArrayRef(reinterpret_cast<const uint8_t *>(tokens.data()),
                     tokens.size() * sizeof(int32_t)));
}

LogicalResult driver::calibrate(Arguments &arguments) {
  if (!asksForNarrow(arguments))
    return fail("--calibrate: found no type of fewer than 8 bits to round to, "
                "needed one by --quant");
  Arguments own = arguments;
  own.verify.text = arguments.calibrationText;
  own.verify.ids = arguments.calibrationIds;
  own.verify.tokens = mostCalibrationTokens;
  own.options.reference = own.options.boundsChecks = false;
  own.options.observesInputs = true;
  TextTrial trial(own, "--calibrate-ids");
  if (failed(trial.plan()))
    return llvm::failure();
  if (!trial.hasTask())
    return fail("--calibrate: no entry of the model reads token ids alone, "
                "needed one to run it over a text");
  if (failed(trial.begin(/*observingLayers=*/false)))
    return llvm::failure();
  auto importance = std::make_shared<Importance>();
  importance->text = trial.text().name;
  importance->hash = hashOf(trial.text().tokens);
  for (const TextWindow &window : trial.text().windows)
    importance->tokens += window.ids.size();
  if (importance->tokens < fewestTokens)
    return fail(importance->text + ": found " +
                llvm::Twine(importance->tokens) +
                " tokens to calibrate by, needed " + llvm::Twine(fewestTokens));
  llvm::ArrayRef<std::vector<std::string>> paths = trial.weightPaths();
  InputSums sums(paths.size());
  trial.exact().observeInputs(InputSums::listen, &sums);
  if (failed(judge(trial.task(), trial.text().windows, trial.exact(),
                   /*built=*/nullptr)) ||
      failed(sums.importance(paths, *importance)))
    return llvm::failure();
  noteUnreached(trial.groups(), *importance);
  arguments.importance = std::move(importance);
  return llvm::success();
}
