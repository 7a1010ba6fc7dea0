#include "runtime/main/answers/Scores.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Npy.h"
#include "runtime/main/answers/AskedTexts.h"

#include <algorithm>
#include <cmath>

namespace heddle::runtime {

void makeScores(int32_t score, const float *numbers, int64_t count,
                List<float> &scores) {
  scores.clear();
  if (!scores.resize(count))
    return;
  if (score == HEDDLE_SCORE_NUMBER) {
    std::copy(numbers, numbers + count, scores.begin());
    return;
  }
  if (score == HEDDLE_SCORE_SIGMOID) {
    for (int64_t i = 0; i < count; ++i)
      scores[i] = static_cast<float>(1 / (1 + std::exp(-double{numbers[i]})));
    return;
  }
  double sum = 0, largest = *std::max_element(numbers, numbers + count);
  for (int64_t i = 0; i < count; ++i)
    sum += std::exp(double{numbers[i]} - largest);
  for (int64_t i = 0; i < count; ++i)
    scores[i] =
        static_cast<float>(std::exp(double{numbers[i]} - largest) / sum);
}

void findBest(const float *scores, int64_t count, int64_t most,
              List<Scored> &best) {
  best.clear();
  most = std::min(most, count);
  for (int64_t i = 0; i < count; ++i) {
    auto full = static_cast<int64_t>(best.size()) == most;
    if (full && !(scores[i] > best.back().score))
      continue;
    if (full)
      best.pop();
    best.push({static_cast<int32_t>(i), scores[i]});
    if (text::trouble != text::Trouble::None)
      return;
    for (size_t at = best.size() - 1;
         at > 0 && best[at].score > best[at - 1].score; --at)
      std::swap(best[at], best[at - 1]);
  }
}

int LabelPrinter::open() { return file.open(arguments.out) ? 0 : 1; }

void beginJson(FILE *file, const char *what, const char *asked,
               const char *pair) {
  fprintf(file, "{\"%s\": ", what);
  printJsonString(file, asked);
  if (!pair)
    return;
  fputs(", \"pair\": ", file);
  printJsonString(file, pair);
}

void LabelPrinter::printTable(const char *asked, const char *pair) {
  FILE *to = file.stream();
  printShort(to, asked);
  if (pair) {
    fputs("  |  ", to);
    printShort(to, pair);
  }
  fputc('\n', to);
  int64_t longest = 0;
  auto widthOf = [&](int32_t name) {
    return charactersBefore(names[name], strlen(names[name]));
  };
  for (const Scored &scored : best)
    longest = std::max(longest, widthOf(scored.index));
  for (const Scored &scored : best)
    fprintf(to, "  %s%*s  %.4f\n", names[scored.index],
            static_cast<int>(longest - widthOf(scored.index)), "",
            scored.score);
}

void LabelPrinter::printJson(const char *asked, const char *pair) {
  FILE *to = file.stream();
  beginJson(to, what, asked, pair);
  fputs(", \"labels\": [", to);
  for (size_t i = 0; i < best.size(); ++i) {
    fputs(i ? ", {\"label\": " : "{\"label\": ", to);
    printJsonString(to, names[best[i].index]);
    fprintf(to, ", \"score\": %.9g}", best[i].score);
  }
  fputs("]}\n", to);
}

int LabelPrinter::print(const char *asked, const char *pair,
                        const List<float> &scores) {
  if (arguments.format == Arguments::Npy) {
    all.append(scores.data(), scores.size());
    return complainOfMemory();
  }
  auto count = static_cast<int64_t>(scores.size());
  findBest(scores.data(), count, arguments.top ? arguments.top : shownByDefault,
           best);
  if (int code = complainOfMemory())
    return code;
  if (arguments.format == Arguments::Json)
    printJson(asked, pair);
  else
    printTable(asked, pair);
  return 0;
}

int LabelPrinter::finish() {
  if (arguments.format == Arguments::Npy) {
    auto width = static_cast<int64_t>(names.size());
    const int64_t shape[] = {static_cast<int64_t>(all.size()) / width, width};
    writeNpy(file.stream(), HEDDLE_F32, shape, 2, all.data());
  }
  return file.commit() ? 0 : outputExitCode();
}

} // namespace heddle::runtime
