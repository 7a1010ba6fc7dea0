// Every vector of the file is looked at once, by all threads, each of which
// keeps the best of its share; so the answer is exact, and needs no index.

#include "runtime/main/Search.h"
#include "runtime/main/Commands.h"
#include "runtime/main/LineReader.h"
#include "runtime/main/Npy.h"
#include "runtime/main/Output.h"
#include "runtime/main/Truncation.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

namespace heddle::runtime {

/// What is best where the command line does not say how many are wanted.
static constexpr int64_t foundByDefault = 5;

/// So many vectors at least are worth a thread.
static constexpr int64_t vectorsOfTask = 4096;

namespace {

struct Found {
  int64_t index;
  double similarity;
};

/// Sums of a pair of vectors. Eight at a time, so that they fit a vector unit;
/// in an order that depends on nothing else.
class Sums {
public:
  template <typename Add>
  static double of(const uint8_t *row, const float *query, int64_t width,
                   Add add) {
    double lanes[8] = {};
    int64_t i = 0;
    for (; i + 8 <= width; i += 8) {
      float values[8];
      memcpy(values, row + i * sizeof(float), sizeof values);
      for (int64_t lane = 0; lane < 8; ++lane)
        lanes[lane] += add(double{values[lane]}, double{query[i + lane]});
    }
    for (; i < width; ++i) {
      float value;
      memcpy(&value, row + i * sizeof(float), sizeof value);
      lanes[i % 8] += add(double{value}, double{query[i]});
    }
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
           ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
  static double product(const uint8_t *row, const float *query, int64_t width) {
    return of(row, query, width, [](double a, double b) { return a * b; });
  }
};

class Search {
public:
  Search(heddle_model &model, const Arguments &arguments,
         const List<const char *> &texts, const float *queries, int64_t width)
      : model(model), arguments(arguments), texts(texts), queries(queries),
        width(width),
        kind(model.program->sentences ? model.program->sentences->similarity
                                      : HEDDLE_COSINE) {}

  int run();

private:
  int open();
  static void compareShare(void *search, int64_t task);
  void compare(int64_t task);
  double similarity(const uint8_t *row, int64_t query, double norm) const;
  void keep(List<Found> &best, Found found) const;
  void merge();
  int readTexts();
  int print();

  int64_t queryCount() const { return static_cast<int64_t>(texts.size()); }
  /// The best that one task has seen for one query.
  Found *shareOf(int64_t task, int64_t query) {
    return shares.data() + (task * queryCount() + query) * wanted;
  }

  heddle_model &model;
  const Arguments &arguments;
  const List<const char *> &texts;
  const float *queries;
  int64_t width, wanted = foundByDefault, tasks = 0;
  int32_t kind;
  NpyRows rows;
  Array<double> norms;  // of the queries
  Array<Found> shares;  // `wanted` a query a task, in falling order
  Array<int64_t> kept;  // and how many of them there are
  List<Found> best;     // of all queries, one after another
  List<int64_t> begins; // where each query's begin
  text::Text lines;     // of --texts, those that are found
  List<int64_t> wantedLines, lineBegins;
};

} // namespace

int Search::open() {
  if (rows.open(arguments.searched, width))
    return complainLastError();
  reportTruncationOf(arguments.searched);
  if (arguments.top)
    wanted = arguments.top;
  wanted = std::max<int64_t>(1, std::min(wanted, rows.count()));
  tasks = (rows.count() + vectorsOfTask - 1) / vectorsOfTask;
  // A list of the best for each thread is enough.
  tasks = std::min<int64_t>(tasks, model.threads.size());
  if (!norms.allocate(queryCount()) || !kept.allocate(tasks * queryCount()) ||
      !shares.allocate(tasks * queryCount() * wanted))
    return complain("no memory to search %s", arguments.searched);
  for (int64_t query = 0; query < queryCount(); ++query) {
    const float *vector = queries + query * width;
    norms[query] =
        Sums::product(reinterpret_cast<const uint8_t *>(vector), vector, width);
  }
  return 0;
}

/// `norm`: the row's, squared.
double Search::similarity(const uint8_t *row, int64_t query,
                          double norm) const {
  const float *vector = queries + query * width;
  switch (kind) {
  case HEDDLE_PRODUCT:
    return Sums::product(row, vector, width);
  case HEDDLE_EUCLIDEAN_DISTANCE:
    return -std::sqrt(Sums::of(row, vector, width, [](double a, double b) {
      return (a - b) * (a - b);
    }));
  case HEDDLE_MANHATTAN_DISTANCE:
    return -Sums::of(row, vector, width,
                     [](double a, double b) { return std::abs(a - b); });
  default:
    return norm > 0 && norms[query] > 0 ? Sums::product(row, vector, width) /
                                              std::sqrt(norm * norms[query])
                                        : 0;
  }
}

/// An equal one stays behind those that were there.
static void insert(Found *list, int64_t &count, int64_t most, Found found) {
  bool full = count == most;
  if (full && !(found.similarity > list[count - 1].similarity))
    return;
  int64_t at = full ? count - 1 : count++;
  for (; at > 0 && found.similarity > list[at - 1].similarity; --at)
    list[at] = list[at - 1];
  list[at] = found;
}

void Search::compareShare(void *search, int64_t task) {
  static_cast<Search *>(search)->compare(task);
}

void Search::compare(int64_t task) {
  int64_t first = rows.count() * task / tasks,
          end = rows.count() * (task + 1) / tasks;
  for (int64_t index = first; index < end; ++index) {
    const uint8_t *row = rows.row(index);
    double norm = 0;
    if (kind == HEDDLE_COSINE)
      norm =
          Sums::of(row, queries, width, [](double a, double) { return a * a; });
    for (int64_t query = 0; query < queryCount(); ++query)
      insert(shareOf(task, query), kept[task * queryCount() + query], wanted,
             {index, similarity(row, query, norm)});
  }
}

void Search::merge() {
  Array<Found> list;
  if (!list.allocate(wanted))
    return text::noteTrouble(text::Trouble::Memory);
  for (int64_t query = 0; query < queryCount(); ++query) {
    int64_t count = 0;
    for (int64_t task = 0; task < tasks; ++task)
      for (int64_t i = 0; i < kept[task * queryCount() + query]; ++i)
        insert(list.data(), count, wanted, shareOf(task, query)[i]);
    begins.push(static_cast<int64_t>(best.size()));
    best.append(list.data(), count);
  }
  begins.push(static_cast<int64_t>(best.size()));
}

/// Of the file of texts, those that are found; there has to be one a vector.
int Search::readTexts() {
  LineReader reader;
  text::Text line;
  if (!reader.open(arguments.textsFile))
    return 1;
  for (const Found &found : best)
    wantedLines.push(found.index);
  if (!lineBegins.resize(best.size()))
    return complainOfMemory();
  int64_t *end = std::unique(
      (std::sort(wantedLines.begin(), wantedLines.end()), wantedLines.begin()),
      wantedLines.end());
  int64_t number = 0, *next = wantedLines.begin();
  for (; reader.next(line); ++number) {
    if (next == end || *next != number)
      continue;
    for (size_t i = 0; i < best.size(); ++i)
      if (best[i].index == number)
        lineBegins[i] = static_cast<int64_t>(lines.size());
    lines.append(line.view());
    lines.push('\0');
    ++next;
  }
  if (reader.failed())
    return 1;
  if (number != rows.count())
    return complain("%s: has %" PRId64 " lines, needed: %" PRId64
                    ", one for each vector of %s",
                    arguments.textsFile, number, rows.count(),
                    arguments.searched);
  return complainOfMemory();
}

int Search::print() {
  OutputFile file;
  if (!file.open(arguments.out))
    return 1;
  FILE *to = file.stream();
  bool isJson = arguments.format == Arguments::Json;
  for (int64_t query = 0; query < queryCount(); ++query) {
    if (isJson) {
      fputs("{\"text\": ", to);
      printJsonString(to, texts[query]);
      fputs(", \"found\": [", to);
    } else {
      printShort(to, texts[query]);
      fputc('\n', to);
    }
    for (int64_t i = begins[query]; i < begins[query + 1]; ++i) {
      const char *text =
          arguments.textsFile ? lines.data() + lineBegins[i] : nullptr;
      if (!isJson) {
        fprintf(to, "  %7.4f  %6" PRId64 "  ", best[i].similarity,
                best[i].index + 1);
        printShort(to, text ? text : "");
        fputc('\n', to);
        continue;
      }
      fprintf(to, "%s{\"index\": %" PRId64 ", \"score\": %.9g",
              i > begins[query] ? ", " : "", best[i].index, best[i].similarity);
      if (text) {
        fputs(", \"text\": ", to);
        printJsonString(to, text);
      }
      fputc('}', to);
    }
    if (isJson)
      fputs("]}\n", to);
  }
  return file.commit() ? 0 : outputExitCode();
}

int Search::run() {
  if (int code = open())
    return code;
  model.threads.run(compareShare, this, tasks);
  merge();
  if (int code = complainOfMemory())
    return code;
  if (arguments.textsFile)
    if (int code = readTexts())
      return code;
  return print();
}

int searchVectors(heddle_model &model, const Arguments &arguments,
                  const List<const char *> &texts, const float *vectors,
                  int64_t width) {
  return Search(model, arguments, texts, vectors, width).run();
}

} // namespace heddle::runtime
