// Reading and running one call. Sizes come from --lengths or from the shapes of
// the arrays; everything is checked before anything runs.

#include "runtime/main/EntryCall.h"
#include "runtime/Error.h"
#include "runtime/main/Suggest.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>

namespace heddle::runtime {

static heddle_status parseNumbers(const Binding &binding,
                                  List<int64_t> &numbers) {
  numbers.clear();
  for (const char *at = binding.value;;) {
    char *stop;
    errno = 0;
    int64_t number = strtoll(at, &stop, 10);
    constexpr int64_t most = int64_t{1} << 40; // so that sums stay numbers
    if (stop == at || (*stop && *stop != ',') || errno || number < -most ||
        number > most)
      return fail(HEDDLE_BAD_ARGUMENT, "%s is %s, needed: numbers, as in 12,7",
                  binding.option, binding.value);
    numbers.push(number);
    if (!*stop)
      return HEDDLE_OK;
    at = stop + 1;
  }
}

/// `suggestion` has considered the names that there are.
static heddle_status unknownName(const Binding &binding,
                                 const heddle_entry &entry,
                                 Suggestion suggestion) {
  const char *meant = suggestion.text();
  return fail(HEDDLE_BAD_ARGUMENT, "%s has no %.*s for %s%s", entry.name,
              static_cast<int>(binding.name.size()), binding.name.data(),
              binding.option, *meant ? meant : "; --help lists all");
}

static Suggestion suggestValue(const Binding &binding,
                               const heddle_value *values, int32_t count) {
  Suggestion suggestion(binding.name);
  for (int32_t i = 0; i < count; ++i)
    suggestion.consider(values[i].name);
  return suggestion;
}

/// The value that a binding names, or -1. Without a name: the only one, or the
/// first that has no default.
static int32_t findValue(const Binding &binding, const heddle_value *values,
                         int32_t count) {
  for (int32_t i = 0; i < count; ++i)
    if (binding.name.empty() ? !values[i].has_default
                             : binding.name == values[i].name)
      return i;
  return -1;
}

int32_t EntryCall::findOutput(const Binding &binding) const {
  return findValue(binding, entry.outputs, entry.output_count);
}

static heddle_status noMemory(const heddle_entry &entry) {
  return fail(HEDDLE_OUT_OF_MEMORY, "no memory to call %s", entry.name);
}

heddle_status EntryCall::read(const Arguments &arguments, int32_t number) {
  for (const Binding &binding : arguments.bindings)
    if (binding.call == number)
      if (heddle_status status = bind(binding))
        return status;
  if (heddle_status status = readTexts(arguments.plainText))
    return status;
  for (int32_t i = 0; i < entry.input_count; ++i)
    if (!given[i] && !entry.inputs[i].has_default)
      return fail(HEDDLE_BAD_ARGUMENT, "%s needs --in %s=FILE.npy", entry.name,
                  entry.inputs[i].name);
  if (heddle_status status = readFiles())
    return status;
  if (heddle_status status = inferSizes())
    return status;
  if (heddle_status status = checkSizes())
    return status;
  return checkCounts();
}

/// Elements of an input in the largest call that the model takes.
int64_t EntryCall::mostElements(const heddle_value &input) const {
  SizeLimits limits = {};
  limits.program = &program;
  limits.rows = program.row_size < 0 ? 1 : program.sizes[program.row_size].max;
  for (int32_t s = 0; s < program.size_count; ++s) {
    limits.perRow[s] = program.sizes[s].max;
    if (__builtin_mul_overflow(limits.perRow[s], limits.rows, &limits.total[s]))
      limits.total[s] = INT64_MAX;
  }
  int64_t most;
  return evaluateBound(input.elements, limits, most) ? most : INT64_MAX;
}

heddle_status EntryCall::bind(const Binding &binding) {
  if (!strcmp(binding.option, "--rows"))
    return parseNumbers(binding, sessionRows);
  if (!strcmp(binding.option, "--lengths"))
    return readLengths(binding);
  if (!strcmp(binding.option, "--text") || !strcmp(binding.option, "--pair")) {
    (binding.option[2] == 't' ? texts : pairs).push(binding.value);
    return HEDDLE_OK;
  }
  if (!strcmp(binding.option, "--out"))
    return findOutput(binding) < 0
               ? unknownName(
                     binding, entry,
                     suggestValue(binding, entry.outputs, entry.output_count))
               : HEDDLE_OK;
  int32_t input = findValue(binding, entry.inputs, entry.input_count);
  if (input < 0)
    return unknownName(binding, entry,
                       suggestValue(binding, entry.inputs, entry.input_count));
  given[input] = true;
  if (entry.inputs[input].content != HEDDLE_NUMBERS || files[input].empty())
    return files[input].add(binding.value);
  return fail(HEDDLE_BAD_ARGUMENT, "input %s is given twice",
              entry.inputs[input].name);
}

heddle_status EntryCall::readFiles() {
  for (int32_t i = 0; i < entry.input_count; ++i) {
    const heddle_value &input = entry.inputs[i];
    if (given[i] && !files[i].empty())
      if (heddle_status status =
              files[i].read(program, input, mostElements(input), arrays[i]))
        return status;
  }
  return HEDDLE_OK;
}

heddle_status EntryCall::readLengths(const Binding &binding) {
  Suggestion suggestion(binding.name);
  for (int32_t s = 0; s < program.size_count; ++s)
    if (model.given(entry) >> s & 1) {
      if (binding.name.empty() || binding.name == program.sizes[s].name)
        return parseNumbers(binding, lengths[s]);
      suggestion.consider(program.sizes[s].name);
    }
  return unknownName(binding, entry, suggestion);
}

/// The size that a dimension consists of, or -1 if it is another expression.
int32_t EntryCall::soleSize(const heddle_polynomial &dim) const {
  if (dim.count != 1 || dim.terms[0].numerator != 1 ||
      dim.terms[0].denominator != 1)
    return -1;
  int32_t found = -1, powers = 0;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (dim.terms[0].power[s]) {
      found = s;
      powers += dim.terms[0].power[s];
    }
  return powers == 1 ? found : -1;
}

/// Sizes for which there is no --lengths come from the shapes of the arrays: an
/// array with all dimensions has rows of equal length, one without the row
/// dimension is a single row.
heddle_status EntryCall::inferSizes() {
  for (const List<int64_t> &list : lengths)
    if (!list.empty() && program.row_size >= 0)
      rows = static_cast<int64_t>(list.size());
  if (program.row_size < 0)
    rows = 1;
  for (int32_t i = 0; i < entry.input_count; ++i)
    if (given[i])
      if (heddle_status status = inferSizes(entry.inputs[i], arrays[i]))
        return status;
  if (rows < 0)
    rows = 1;
  return HEDDLE_OK;
}

heddle_status EntryCall::inferSizes(const heddle_value &input,
                                    const NpyArray &array) {
  bool hasRows = input.rank > 0 && program.row_size >= 0 &&
                 soleSize(input.dims[0]) == program.row_size;
  int32_t skipped = input.rank - array.rank(); // 1: a single row
  if (skipped != 0 && !(skipped == 1 && hasRows))
    return HEDDLE_OK; // packed: checkCounts() compares the elements
  if (hasRows && rows < 0)
    rows = skipped ? 1 : array.dimension(0);
  for (int32_t d = hasRows; d < input.rank; ++d)
    if (int32_t size = soleSize(input.dims[d]); size >= 0)
      if (heddle_status status =
              inferSize(input, size, array.dimension(d - skipped)))
        return status;
  return HEDDLE_OK;
}

heddle_status EntryCall::inferSize(const heddle_value &input, int32_t size,
                                   int64_t value) {
  List<int64_t> &list = lengths[size];
  if (!(model.given(entry) >> size & 1))
    return HEDDLE_OK;
  if (list.empty()) {
    int64_t count = program.sizes[size].per >= 0 ? rows : 1;
    for (int64_t b = 0; b < count; ++b)
      list.push(value);
    return HEDDLE_OK;
  }
  if (program.sizes[size].per < 0 && list[0] != value)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s: %s is %" PRId64 " here and %" PRId64 " elsewhere",
                input.name, program.sizes[size].name, value, list[0]);
  return HEDDLE_OK;
}

heddle_status EntryCall::checkSizes() {
  if (text::trouble != text::Trouble::None)
    return noMemory(entry);
  sizes.program = &program;
  sizes.rows = rows;
  for (int32_t s = 0; s < program.size_count; ++s) {
    const heddle_size &size = program.sizes[s];
    bool isGiven = model.given(entry) >> s & 1, ragged = size.per >= 0;
    int64_t needed = ragged ? rows : 1;
    if (isGiven && lengths[s].empty())
      return fail(HEDDLE_BAD_ARGUMENT,
                  "%s: what is %s? give --lengths %s=N,… or an array of all "
                  "dimensions",
                  entry.name, size.name, size.name);
    if (isGiven && static_cast<int64_t>(lengths[s].size()) != needed)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "--lengths has %zu numbers for %s, needed: %" PRId64,
                  lengths[s].size(), size.name, needed);
    if (!isGiven && !lengths[s].resize(needed))
      return noMemory(entry);
    sizes.perRow[s] = ragged ? lengths[s].data() : nullptr;
    sizes.value[s] = s == program.row_size ? rows : lengths[s][0];
  }
  if (!sessionRows.empty() && static_cast<int64_t>(sessionRows.size()) != rows)
    return fail(HEDDLE_BAD_ARGUMENT,
                "--rows has %zu numbers, the call has %" PRId64 " rows",
                sessionRows.size(), rows);
  return HEDDLE_OK;
}

heddle_status EntryCall::checkCounts() {
  for (int32_t i = 0; i < entry.input_count; ++i) {
    const heddle_value &input = entry.inputs[i];
    int64_t count;
    if (!given[i])
      continue;
    if (!evaluate(input.elements, sizes, count))
      return fail(HEDDLE_BAD_ARGUMENT, "%s: the sizes are too large",
                  input.name);
    if (arrays[i].count() != count)
      return fail(HEDDLE_BAD_ARGUMENT,
                  "%s has %" PRId64 " elements, needed: %" PRId64
                  " for %s[%s] with these lengths",
                  input.name, arrays[i].count(), count, input.name, input.axes);
  }
  return HEDDLE_OK;
}

void EntryCall::raise(heddle_session_options &options) const {
  int64_t sessionRow = rows - 1, longest = 0;
  for (int64_t row : sessionRows)
    sessionRow = std::max(sessionRow, row);
  options.rows = std::max(options.rows, sessionRow + 1);
  for (int32_t s = 0; s < program.size_count; ++s) {
    if (program.sizes[s].per < 0)
      continue;
    int64_t total = 0;
    for (int64_t length : lengths[s]) {
      total += length;
      longest = std::max(longest, length);
    }
    options.tokens = std::max(options.tokens, total);
  }
  options.context += longest;
}

heddle_status EntryCall::run(heddle_session &session) {
  const int64_t *givenSizes[HEDDLE_MAX_SIZES];
  int32_t next = 0;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (model.given(entry) >> s & 1)
      givenSizes[next++] = lengths[s].data();
  const int64_t *which = sessionRows.empty() ? nullptr : sessionRows.data();
  const void *inputs[HEDDLE_MAX_INPUTS] = {};
  void *results[HEDDLE_MAX_INPUTS] = {};
  for (int32_t i = 0; i < entry.input_count; ++i)
    inputs[i] = given[i] ? arrays[i].data() : nullptr;
  for (int32_t i = 0; i < entry.output_count; ++i) {
    counts[i] =
        heddle_output_elements(&session, &entry, rows, givenSizes, which, i);
    if (counts[i] < 0)
      return HEDDLE_BAD_ARGUMENT;
    // Never null, even for an output without elements.
    if (!outputs[i].resize(counts[i] * bytesOf(entry.outputs[i].type)) ||
        !outputs[i].reserve(1))
      return noMemory(entry);
    results[i] = outputs[i].data();
  }
  return heddle_call(&session, &entry, rows, givenSizes, which, inputs,
                     results);
}

/// The row dimension and ragged ones become one; what follows them stays.
void EntryCall::outputShape(int32_t output, int64_t *shape,
                            int32_t &rank) const {
  const heddle_value &value = entry.outputs[output];
  int32_t lastRagged = -1;
  for (int32_t d = 0; d < value.rank; ++d)
    for (int32_t t = 0; t < value.dims[d].count; ++t)
      if (isRagged(program, value.dims[d].terms[t]))
        lastRagged = d;
  rank = 0;
  if (lastRagged >= 0)
    ++rank;
  int64_t inner = 1;
  for (int32_t d = lastRagged + 1; d < value.rank; ++d) {
    int64_t size = 0;
    evaluateRow(value.dims[d], sizes, 0, size);
    shape[rank++] = size;
    inner *= size;
  }
  if (lastRagged >= 0)
    shape[0] = inner ? counts[output] / inner : 0;
}

static void printElement(heddle_type type, const uint8_t *data, int64_t i) {
  switch (type) {
  case HEDDLE_F32:
    printf("%.9g", reinterpret_cast<const float *>(data)[i]);
    break;
  case HEDDLE_I32:
    printf("%d", reinterpret_cast<const int32_t *>(data)[i]);
    break;
  case HEDDLE_I64:
    printf("%" PRId64, reinterpret_cast<const int64_t *>(data)[i]);
    break;
  case HEDDLE_I8:
  case HEDDLE_BOOL:
    printf("%d", reinterpret_cast<const int8_t *>(data)[i]);
    break;
  case HEDDLE_BF16:
  case HEDDLE_F16:
    printf("0x%04x", reinterpret_cast<const uint16_t *>(data)[i]);
    break;
  }
}

void EntryCall::print(int32_t output) const {
  int64_t shape[mostDimensions];
  int32_t rank;
  outputShape(output, shape, rank);
  int64_t line = rank > 0 ? shape[rank - 1] : 1;
  for (int64_t i = 0; i < counts[output]; ++i) {
    printElement(entry.outputs[output].type, outputs[output].data(), i);
    putchar(i % line == line - 1 ? '\n' : ' ');
  }
}

heddle_status EntryCall::write(const Arguments &arguments, int32_t number,
                               List<OutputFile *> &files) const {
  bool anyFile = false;
  for (const Binding &binding : arguments.bindings) {
    if (binding.call != number || strcmp(binding.option, "--out"))
      continue;
    anyFile = true;
    int32_t output = findOutput(binding);
    int64_t shape[mostDimensions];
    int32_t rank;
    outputShape(output, shape, rank);
    auto *file = create<OutputFile>();
    if (!file)
      return fail(HEDDLE_OUT_OF_MEMORY, "no memory to write %s", binding.value);
    if (!files.reserve(files.size() + 1)) {
      destroy(file);
      return noMemory(entry);
    }
    files.push(file);
    if (!file->open(binding.value))
      return HEDDLE_BAD_FILE;
    writeNpy(file->stream(), entry.outputs[output].type, shape, rank,
             outputs[output].data());
  }
  for (int32_t i = 0; i < entry.output_count && !anyFile; ++i)
    print(i);
  return HEDDLE_OK;
}

} // namespace heddle::runtime
