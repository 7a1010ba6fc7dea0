#include "runtime/Model.h"
#include "runtime/Cpu.h"
#include "runtime/Error.h"
#include "runtime/Sizes.h"

#include <algorithm>
#include <cstring>

using namespace heddle::runtime;

/// More threads than this are a mistake in the caller's arithmetic.
static constexpr int32_t mostThreads = 1024;

/// Refuses what this runtime cannot read or this machine cannot execute.
static heddle_status checkProgram(const heddle_program &program) {
  if (program.abi_version != HEDDLE_ABI_VERSION)
    return fail(HEDDLE_NOT_SUPPORTED,
                "the program was compiled for runtime interface %u, this "
                "runtime has %u",
                program.abi_version, HEDDLE_ABI_VERSION);
  if (const char *missing =
          missingCpuFeature(program.cpu_level, program.cpu_features))
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s was compiled for a CPU with %s, which this machine lacks",
                program.name, missing);
  if (program.size_count > HEDDLE_MAX_SIZES)
    return fail(HEDDLE_NOT_SUPPORTED,
                "%s has %d sizes, at most %d are possible", program.name,
                program.size_count, HEDDLE_MAX_SIZES);
  for (int32_t e = 0; e < program.entry_count; ++e)
    if (program.entries[e].input_count > HEDDLE_MAX_INPUTS)
      return fail(HEDDLE_NOT_SUPPORTED,
                  "%s: %s has %d inputs, at most %d are possible", program.name,
                  program.entries[e].name, program.entries[e].input_count,
                  HEDDLE_MAX_INPUTS);
  for (int32_t s = 0; s < program.size_count; ++s)
    if (program.sizes[s].per >= 0 && program.sizes[s].per != program.row_size)
      return fail(HEDDLE_NOT_SUPPORTED,
                  "%s: size %s is ragged over %s, not over the rows",
                  program.name, program.sizes[s].name,
                  program.sizes[program.sizes[s].per].name);
  return HEDDLE_OK;
}

/// The first version that this machine can execute; null: there is none.
static const heddle_version *findVersion(const heddle_program &program) {
  for (int32_t v = 0; v < program.version_count; ++v) {
    const heddle_version &version = program.versions[v];
    if (!missingCpuFeature(version.cpu_level, version.cpu_features))
      return &version;
  }
  return nullptr;
}

/// The sizes that the inputs of `entry` name and nothing else determines.
static uint32_t findGivenSizes(const heddle_program &program,
                               const heddle_entry &entry) {
  uint32_t given = 0;
  for (int32_t i = 0; i < entry.input_count; ++i)
    for (int32_t d = 0; d < entry.inputs[i].rank; ++d)
      for (int32_t t = 0; t < entry.inputs[i].dims[d].count; ++t)
        for (int32_t s = 0; s < program.size_count; ++s)
          if (entry.inputs[i].dims[d].terms[t].power[s] &&
              s != program.row_size && program.sizes[s].grows_by < 0)
            given |= 1u << s;
  return given;
}

/// What a model knows of its program before there are weights.
static heddle_status takeProgram(heddle_model &model,
                                 const heddle_program &program) {
  if (heddle_status status = checkProgram(program))
    return status;
  model.program = &program;
  model.version = findVersion(program);
  if (!model.givenSizes.allocate(program.entry_count))
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to open %s", program.name);
  for (int32_t e = 0; e < program.entry_count; ++e)
    model.givenSizes[e] = findGivenSizes(program, program.entries[e]);
  return HEDDLE_OK;
}

static heddle_status openDraft(heddle_model &model,
                               const heddle_program &program) {
  model.draft = create<heddle_model>();
  if (!model.draft)
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to open %s", program.name);
  model.draft->pool = &model.threads;
  if (heddle_status status = takeProgram(*model.draft, program))
    return status;
  return model.draft->weights.openBehind(model.weights, program);
}

static heddle_status checkTensors(const heddle_model &model) {
  if (heddle_status status = model.weights.checkTensors())
    return status;
  return model.draft ? model.draft->weights.checkTensors() : HEDDLE_OK;
}

static heddle_status open(heddle_model &model, const heddle_program &program,
                          const heddle_open_options &options) {
  if (heddle_status status = takeProgram(model, program))
    return status;
  if (heddle_status status = model.weights.open(program, options.weights))
    return status;
  if (program.draft)
    if (heddle_status status = openDraft(model, *program.draft))
      return status;
  if (options.check_tensors)
    if (heddle_status status = checkTensors(model))
      return status;

  if (options.threads < 0 || options.threads > mostThreads)
    return fail(HEDDLE_BAD_ARGUMENT,
                "threads is %d, needed: 1 to %d, or 0 for one a core",
                options.threads, mostThreads);
  int32_t threads = options.threads ? options.threads : availableCores();
  int64_t stack = program.stack_bytes;
  if (program.draft)
    stack = std::max(stack, program.draft->stack_bytes);
  if (!model.threads.start(threads, stack))
    return fail(HEDDLE_OUT_OF_MEMORY, "the system refuses to start %d threads",
                threads);
  return HEDDLE_OK;
}

namespace heddle::runtime {

ModelUse::ModelUse(heddle_model *model) : model(model) {
  if (model)
    model->users.fetch_add(1, std::memory_order_relaxed);
}

heddle_status ModelUse::check() const {
  if (!model)
    return fail(HEDDLE_BAD_ARGUMENT, "the model is NULL: it was not opened");
  if (model->closed.load(std::memory_order_relaxed))
    return fail(HEDDLE_BAD_ARGUMENT, "the model is closed");
  return HEDDLE_OK;
}

void ModelUse::release(heddle_model *model) {
  if (!model || model->users.fetch_sub(1, std::memory_order_acq_rel) > 1)
    return;
  if (void *grammars = model->grammars.load())
    model->closeGrammars.load()(grammars);
  if (void *text = model->text.load())
    model->closeText.load()(text);
  if (void *profiles = model->profiles.load())
    model->closeProfiles.load()(profiles);
  heddle_close(model->draft);
  destroy(model);
}

} // namespace heddle::runtime

heddle_model *heddle_open(const heddle_program *program,
                          const heddle_open_options *options) {
  if (!program) {
    fail(HEDDLE_BAD_ARGUMENT, "the program is NULL");
    return nullptr;
  }
  auto *model = create<heddle_model>();
  if (!model) {
    fail(HEDDLE_OUT_OF_MEMORY, "no memory to open %s", program->name);
    return nullptr;
  }
  if (open(*model, *program, options ? *options : heddle_open_options{})) {
    heddle_close(model);
    return nullptr;
  }
  return model;
}

heddle_status heddle_use_huge_pages(heddle_model *model) {
  ModelUse use(model);
  if (heddle_status status = use.check())
    return status;
  // Its host and this call.
  if (model->users.load() > 2)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s is in use: huge pages are for before there is a session",
                model->program->name);
  if (heddle_status status = model->weights.useHugePages(model->threads))
    return status;
  return model->draft ? model->draft->weights.useHugePages(model->threads)
                      : HEDDLE_OK;
}

void heddle_close(heddle_model *model) {
  if (model && !model->closed.exchange(true))
    ModelUse::release(model);
}

const heddle_entry *heddle_entry_named(const heddle_model *model,
                                       const char *name) {
  if (!model || !name) {
    fail(HEDDLE_BAD_ARGUMENT, "the %s is NULL",
         model ? "name of the entry" : "model");
    return nullptr;
  }
  const heddle_program &program = *model->program;
  for (int32_t e = 0; e < program.entry_count; ++e)
    if (!strcmp(program.entries[e].name, name))
      return &program.entries[e];
  fail(HEDDLE_BAD_ARGUMENT, "%s has no entry %s", program.name, name);
  return nullptr;
}
