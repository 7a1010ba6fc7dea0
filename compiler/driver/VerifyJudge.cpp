//===- VerifyJudge.cpp - two answers to a text, compared ------------------===//

#include "compiler/driver/VerifyJudge.h"
#include <cmath>

using namespace heddle;
using namespace heddle::driver;
using codegen::Program;
using codegen::ProgramEntry;
using codegen::ProgramValue;
using llvm::ArrayRef;
using llvm::LogicalResult;

/// Windows of a decoder that go side by side.
static constexpr int64_t rowsOfSteps = 16;
/// Logits of one call, in elements: 32 MiB a program.
static constexpr int64_t mostLogits = int64_t(8) << 20;

double TextJudgement::loss(const TextTask &task) const {
  if (task.givesLogits())
    return meanKl;
  double most = 0;
  for (const VectorComparison &comparison : vectors)
    most = std::max(most, 1 - comparison.meanCosine);
  return most;
}

//===----------------------------------------------------------------------===//
// Distributions
//===----------------------------------------------------------------------===//

namespace {

/// Logits of one place, and what makes probabilities of them:
/// ln p[i] = logits[i] − logSum.
struct Distribution {
  explicit Distribution(ArrayRef<float> logits) : logits(logits) {
    auto most = llvm::max_element(logits);
    likeliest = most - logits.begin();
    double sum = 0;
    for (float logit : logits)
      sum += std::exp(logit - *most);
    logSum = *most + std::log(sum);
  }

  double logProbability(int64_t token) const {
    return double(logits[token]) - logSum;
  }

  /// Σ p ln(p / q), with this for p. Terms are summed in double precision: they
  /// cancel.
  double divergenceFrom(const Distribution &other) const {
    double sum = 0;
    for (auto [p, q] : llvm::zip_equal(logits, other.logits)) {
      double log = double(p) - logSum;
      // What is impossible in both adds nothing.
      if (p > -INFINITY)
        sum += std::exp(float(log)) * (log - (double(q) - other.logSum));
    }
    return std::max(sum, 0.0);
  }

  ArrayRef<float> logits;
  int64_t likeliest;
  double logSum;
};

/// Sums over places.
class Divergences {
public:
  void add(ArrayRef<float> exact, ArrayRef<float> built, int32_t target,
           int64_t place) {
    Distribution p(exact), q(built);
    logSum -= p.logProbability(target);
    builtLogSum -= q.logProbability(target);
    same += p.likeliest == q.likeliest;
    divergences.push_back({p.divergenceFrom(q), place});
  }

  TextJudgement judgement() {
    TextJudgement result;
    double count = divergences.size();
    result.places = divergences.size();
    result.perplexity = std::exp(logSum / count);
    result.builtPerplexity = std::exp(builtLogSum / count);
    result.agreement = same / count;
    for (auto [divergence, place] : divergences)
      result.meanKl += divergence / count;
    // What is no number is largest.
    llvm::sort(divergences, [](const auto &a, const auto &b) {
      if (std::isnan(a.first) || std::isnan(b.first))
        return !std::isnan(a.first);
      return a < b;
    });
    size_t rank = std::ceil(0.99 * count);
    result.klOf99 = divergences[std::max<size_t>(rank, 1) - 1].first;
    std::tie(result.mostKl, result.mostKlAt) = divergences.back();
    return result;
  }

private:
  double logSum = 0, builtLogSum = 0, same = 0;
  std::vector<std::pair<double, int64_t>> divergences;
};

/// The two programs on the same windows.
class Judge {
public:
  Judge(const TextTask &task, ProgramSession &exact, ProgramSession *built)
      : task(task), exact(exact), built(built) {}

  /// An entry for all tokens, piece by piece.
  LogicalResult judgeAtOnce(ArrayRef<TextWindow> windows);
  /// An entry for the last token: one token of all rows after the other.
  LogicalResult judgeInSteps(ArrayRef<TextWindow> windows);
  LogicalResult compareVectors(ArrayRef<TextWindow> windows, size_t entryNumber,
                               TextJudgement &into);

  Divergences divergences;

private:
  LogicalResult rewind() {
    return llvm::success(succeeded(exact.rewind()) &&
                         (!built || succeeded(built->rewind())));
  }
  /// Calls the entry in both; of what they answer, `elements` each, are
  /// exactAnswer and builtAnswer then.
  LogicalResult call(const ProgramEntry &entry, ArrayRef<int64_t> lengths,
                     ArrayRef<int32_t> ids, int64_t elements);
  ArrayRef<float> answerOfBuilt() const {
    return built ? builtAnswer : exactAnswer;
  }
  LogicalResult encode(ArrayRef<TextWindow> rows);

  const TextTask &task;
  ProgramSession &exact, *built;
  std::vector<float> exactAnswer, builtAnswer;
};

} // namespace

LogicalResult Judge::call(const ProgramEntry &entry, ArrayRef<int64_t> lengths,
                          ArrayRef<int32_t> ids, int64_t elements) {
  auto callOne = [&](ProgramSession &session, std::vector<float> &answer) {
    answer.resize(elements);
    llvm::SmallVector<float *, 1> outputs;
    if (!entry.outputs.empty())
      outputs.push_back(answer.data());
    return session.call(entry, lengths, ids, outputs);
  };
  if (failed(callOne(exact, exactAnswer)))
    return llvm::failure();
  return built ? callOne(*built, builtAnswer) : llvm::success();
}

LogicalResult Judge::judgeAtOnce(ArrayRef<TextWindow> windows) {
  const Program &program = exact.program();
  int64_t width = task.vocabulary,
          piece = program.prefillInChunks
                      ? std::max<int64_t>(mostLogits / width, 8)
                      : INT64_MAX;
  for (const TextWindow &window : windows) {
    if (failed(rewind()))
      return llvm::failure();
    int64_t length = window.ids.size();
    for (int64_t first = 0; first < length; first += piece) {
      int64_t count = std::min(piece, length - first);
      if (failed(call(task.entry(), count,
                      ArrayRef(window.ids).slice(first, count), count * width)))
        return llvm::failure();
      for (int64_t i = 0; i < count; ++i)
        if (int32_t target = window.targets[first + i];
            target != TextWindow::none)
          divergences.add(ArrayRef(exactAnswer).slice(i * width, width),
                          answerOfBuilt().slice(i * width, width), target,
                          window.places[first + i]);
      if (piece == INT64_MAX)
        break;
    }
  }
  return llvm::success();
}

/// What the decoders of `rows` look at.
LogicalResult Judge::encode(ArrayRef<TextWindow> rows) {
  if (!task.before)
    return llvm::success();
  std::vector<int64_t> lengths;
  std::vector<int32_t> ids;
  for (const TextWindow &row : rows) {
    lengths.push_back(row.source.size());
    llvm::append_range(ids, row.source);
  }
  // The entry sets a state and has no answer.
  return call(*task.before, lengths, ids, 0);
}

LogicalResult Judge::judgeInSteps(ArrayRef<TextWindow> windows) {
  int64_t width = task.vocabulary;
  const Program &program = exact.program();
  int64_t most =
      program.rowSize.empty()
          ? 1
          : program.sizes[codegen::sizeIndex(program, program.rowSize)].max;
  while (!windows.empty()) {
    ArrayRef<TextWindow> rows = windows.take_front(std::min(most, rowsOfSteps));
    windows = windows.drop_front(rows.size());
    if (failed(rewind()) || failed(encode(rows)))
      return llvm::failure();
    // Windows are of one length but the last, which may be shorter.
    for (size_t step = 0; step < rows.front().ids.size(); ++step) {
      ArrayRef<TextWindow> longEnough =
          rows.take_while([&](auto &row) { return step < row.ids.size(); });
      std::vector<int32_t> ids;
      for (const TextWindow &row : longEnough)
        ids.push_back(row.ids[step]);
      std::vector<int64_t> ones(longEnough.size(), 1);
      if (failed(call(task.entry(), ones, ids, ids.size() * width)))
        return llvm::failure();
      for (auto [b, row] : llvm::enumerate(longEnough))
        if (int32_t target = row.targets[step]; target != TextWindow::none)
          divergences.add(ArrayRef(exactAnswer).slice(b * width, width),
                          answerOfBuilt().slice(b * width, width), target,
                          row.places[step]);
    }
  }
  return llvm::success();
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

static double cosine(ArrayRef<float> a, ArrayRef<float> b) {
  double products = 0, squaresOfA = 0, squaresOfB = 0;
  for (auto [x, y] : llvm::zip_equal(a, b)) {
    products += double(x) * y;
    squaresOfA += double(x) * x;
    squaresOfB += double(y) * y;
  }
  return products / std::sqrt(squaresOfA * squaresOfB);
}

/// How much the cosines of every two of the vectors change.
static double mostChange(ArrayRef<std::vector<float>> exact,
                         ArrayRef<std::vector<float>> built) {
  double most = 0;
  for (size_t i = 0; i < exact.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      most = std::max(most, std::fabs(cosine(exact[i], exact[j]) -
                                      cosine(built[i], built[j])));
  return most;
}

LogicalResult Judge::compareVectors(ArrayRef<TextWindow> windows,
                                    size_t entryNumber, TextJudgement &into) {
  const ProgramEntry &entry = *task.entries[entryNumber];
  const ProgramValue &output = entry.outputs.front();
  const Program &program = exact.program();
  int64_t width = *output.dims.back().asConstant();
  VectorComparison comparison;
  comparison.entry = entry.name;
  std::vector<std::vector<float>> exactOfWindows, builtOfWindows;
  for (const TextWindow &window : windows) {
    int64_t length = window.ids.size(), elements = 1;
    for (const nn::SizeExpr &dim : output.dims)
      elements *= dim.evaluate([&](llvm::StringRef size) {
                       return std::optional<int64_t>(
                           size == program.rowSize ? 1 : length);
                     })
                      .value_or(0);
    if (failed(rewind()) || failed(call(entry, length, window.ids, elements)))
      return llvm::failure();
    for (int64_t at = 0; at < elements; at += width) {
      double alike = cosine(ArrayRef(exactAnswer).slice(at, width),
                            answerOfBuilt().slice(at, width));
      comparison.meanCosine += alike;
      comparison.leastCosine = std::min(comparison.leastCosine, alike);
      ++comparison.vectors;
    }
    if (elements == width) {
      exactOfWindows.push_back(exactAnswer);
      builtOfWindows.push_back(answerOfBuilt());
    }
  }
  comparison.meanCosine /= comparison.vectors;
  if (exactOfWindows.size() == windows.size() && windows.size() > 1)
    comparison.mostChangeOfPairs = mostChange(exactOfWindows, builtOfWindows);
  into.vectors.push_back(std::move(comparison));
  return llvm::success();
}

//===----------------------------------------------------------------------===//
// All windows
//===----------------------------------------------------------------------===//

llvm::FailureOr<TextJudgement> driver::judge(const TextTask &task,
                                             ArrayRef<TextWindow> windows,
                                             ProgramSession &exact,
                                             ProgramSession *built) {
  Judge judge(task, exact, built);
  if (!task.givesLogits()) {
    TextJudgement result;
    for (size_t entry = 0; entry < task.entries.size(); ++entry)
      if (failed(judge.compareVectors(windows, entry, result)))
        return llvm::failure();
    for (const TextWindow &window : windows)
      result.places += window.ids.size();
    return result;
  }
  if (failed(task.lastOnly ? judge.judgeInSteps(windows)
                           : judge.judgeAtOnce(windows)))
    return llvm::failure();
  return judge.divergences.judgement();
}

llvm::FailureOr<ProgramSession> driver::openFor(const TextTask &task,
                                                const LoadedProgram &program) {
  const Program &description = program.program();
  int64_t length = windowLength(description, task),
          rows = task.lastOnly ? rowsOfSteps : 1;
  int index = codegen::sizeIndex(description, description.rowSize);
  rows = index < 0 ? 1 : std::min(rows, description.sizes[index].max);
  // A model that keeps no positions has no context.
  bool keepsPositions = llvm::any_of(description.sizes, [](const auto &size) {
    return !size.growsBy.empty();
  });
  return ProgramSession::open(program, rows, rows * length,
                              keepsPositions ? length : 0);
}
