#include "runtime/main/answers/AskedPictures.h"
#include "runtime/main/Commands.h"

#include <algorithm>

namespace heddle::runtime {

/// Pictures keep the cores busy by few, and take much memory by many.
static constexpr int64_t picturesOfCall = 8;

AskedPictures::~AskedPictures() {
  heddle_session_close(session);
  destroy(array);
}

int AskedPictures::open(const Arguments &arguments) {
  for (const List<const char *> *paths : {&arguments.sources, &arguments.texts})
    for (const char *path : *paths)
      if (files.add(path))
        return complainLastError();
  const heddle_program &program = *model.program;
  for (int32_t s = 0; s < program.size_count; ++s)
    if (input.dims[0].count == 1 && input.dims[0].terms[0].power[s])
      mostRows = program.sizes[s].max;
  if (files.empty())
    return complain("%s reads pictures: name one, as in %s x.png", program.name,
                    program.name);
  for (int32_t d = 1; d < input.rank; ++d)
    elements *= input.dims[d].terms[0].numerator;
  const heddle_value &output = entry.outputs[0];
  for (int32_t d = 1; d < output.rank; ++d)
    width *= output.dims[d].terms[0].numerator;
  return 0;
}

/// Some pictures, or all rows of one .npy file.
bool AskedPictures::read() {
  InputFiles batch;
  batchFiles = 0;
  auto count = static_cast<int64_t>(files.all().size());
  while (first + batchFiles < count &&
         batchFiles < std::min(picturesOfCall, mostRows)) {
    const char *path = files.all()[first + batchFiles];
    bool isArray = isNpy(path);
    if (isArray && batchFiles > 0)
      break;
    if (batch.add(path))
      return complainLastError(), false;
    ++batchFiles;
    if (isArray)
      break;
  }
  destroy(array);
  array = create<NpyArray>();
  if (!array)
    return complain("no memory to read pictures"), false;
  if (batch.read(*model.program, input, mostRows * elements, *array))
    return complainLastError(), false;
  batchRows = array->count() / elements;
  if (batchRows * elements == array->count() && batchRows > 0)
    return true;
  complain("%s: has %lld elements, needed: rows of %lld for %s[%s]",
           files.all()[first], static_cast<long long>(array->count()),
           static_cast<long long>(elements), input.name, input.axes);
  return false;
}

int AskedPictures::call() {
  if (batchRows > sessionRows) {
    heddle_session_options options = {};
    options.rows = sessionRows =
        std::max(batchRows, std::min(picturesOfCall, mostRows));
    heddle_session_close(session);
    session = heddle_session_open(&model, &options);
  }
  if (!session)
    return complainLastError();
  if (!numbers.resize(batchRows * width))
    return complainOfMemory();
  const void *inputs[HEDDLE_MAX_INPUTS] = {};
  inputs[&input - entry.inputs] = array->data();
  void *outputs[] = {numbers.data()};
  return heddle_call(session, &entry, batchRows, nullptr, nullptr, inputs,
                     outputs)
             ? complainLastError()
             : 0;
}

bool AskedPictures::advance() {
  first += batchFiles;
  auto count = static_cast<int64_t>(files.all().size());
  if (exitCode || first == count)
    return progress.hide(), false;
  progress.show(first, double(first) / double(count));
  if (!read())
    exitCode = 1;
  return !exitCode;
}

bool AskedPictures::next() {
  if (!advance())
    return false;
  exitCode = call();
  progress.hide();
  return !exitCode;
}

} // namespace heddle::runtime
