#include "runtime/generate/RowBatches.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cstring>

namespace heddle::runtime {

/// Work for one call. Rows have their own lengths, so larger batches gain
/// nothing once the cores are busy, and cost working memory.
static constexpr int64_t batchRows = 32, batchTokens = 2048;

/// What the numbers of a call take at most, unless one row alone has more.
static constexpr int64_t batchNumbers = int64_t{1} << 24;

RowBatches::RowBatches(heddle_model &model, const heddle_entry &entry)
    : model(model), entry(entry) {
  const heddle_program &program = *model.program;
  const heddle_value &output = entry.outputs[0];
  numbersOfRun = output.dims[output.rank - 1].terms[0].numerator;
  runsOfTokens = output.rank == 3;
  if (program.row_size >= 0)
    mostRows = std::min(program.sizes[program.row_size].max, batchRows);
  for (int32_t s = 0; s < program.size_count && !longest; ++s)
    if (model.given(entry) >> s & 1)
      longest = program.sizes[s].max;
  for (int32_t i = 1; i < entry.input_count; ++i)
    if (!strcmp(entry.inputs[i].name, "types") &&
        entry.inputs[i].type == HEDDLE_I32)
      typesInput = i;
  mostTokens = batchTokens;
  if (runsOfTokens)
    mostTokens = std::min(mostTokens, batchNumbers / numbersOfRun);
  // One row of any length has to fit.
  mostTokens = std::max(mostTokens, longest);
}

RowBatches::~RowBatches() { heddle_session_close(session); }

heddle_status RowBatches::open() {
  heddle_session_options options = {};
  options.rows = mostRows;
  options.tokens = std::min(mostTokens, mostRows * longest);
  session = heddle_session_open(&model, &options);
  return session ? HEDDLE_OK : HEDDLE_BAD_ARGUMENT;
}

bool RowBatches::isFullFor(int64_t tokens) const {
  int64_t held = static_cast<int64_t>(ids.size());
  int64_t most = runsOfTokens
                     ? std::min(batchTokens, batchNumbers / numbersOfRun)
                     : batchTokens;
  return rows() == mostRows || (rows() > 0 && held + tokens > most);
}

void RowBatches::add(std::span<const int32_t> rowIds,
                     std::span<const int32_t> rowTypes) {
  begins.push(static_cast<int64_t>(ids.size()));
  lengths.push(static_cast<int64_t>(rowIds.size()));
  ids.append(rowIds.data(), rowIds.size());
  if (rowTypes.size() == rowIds.size())
    return types.append(rowTypes.data(), rowTypes.size());
  // The entry's own default.
  auto type = takesTypes()
                  ? static_cast<int32_t>(entry.inputs[typesInput].default_value)
                  : 0;
  for (size_t i = 0; i < rowIds.size(); ++i)
    types.push(type);
}

void RowBatches::clear() {
  ids.clear();
  types.clear();
  lengths.clear();
  begins.clear();
}

heddle_status RowBatches::call() {
  auto runs = runsOfTokens ? static_cast<int64_t>(ids.size()) : rows();
  if (!numbers.resize(runs * numbersOfRun))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to call %s", entry.name);
  const int64_t *sizes[] = {lengths.data()};
  const void *inputs[HEDDLE_MAX_INPUTS] = {ids.data()};
  if (takesTypes())
    inputs[typesInput] = types.data();
  void *outputs[] = {numbers.data()};
  return heddle_call(session, &entry, rows(), sizes, nullptr, inputs, outputs);
}

std::span<const int32_t> RowBatches::idsOf(int64_t row) const {
  return {ids.data() + begins[row], static_cast<size_t>(lengths[row])};
}

const float *RowBatches::numbersOf(int64_t row) const {
  return numbers.data() + (runsOfTokens ? begins[row] : row) * numbersOfRun;
}

} // namespace heddle::runtime
