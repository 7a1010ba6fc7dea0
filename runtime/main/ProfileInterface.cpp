// heddle_profile_start() and heddle_profile_write(): what --profile=FILE is to
// a program, for hosts.

#include "runtime/Error.h"
#include "runtime/Model.h"
#include "runtime/main/TraceText.h"
#include "runtime/text/Trouble.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace heddle::runtime;

namespace {

/// One that a host has begun. A call may still look at it when it is over, so
/// it lives as long as the model.
struct HostProfile final : Profile {
  Trace trace;
  HostProfile *before = nullptr;
};

} // namespace

static void closeProfiles(void *last) {
  for (auto *profile = static_cast<HostProfile *>(last); profile;) {
    HostProfile *before = profile->before;
    destroy(profile);
    profile = before;
  }
}

static void keep(heddle_model &model, HostProfile &profile) {
  model.closeProfiles.store(closeProfiles);
  void *last = model.profiles.load();
  do
    profile.before = static_cast<HostProfile *>(last);
  while (!model.profiles.compare_exchange_weak(last, &profile));
}

heddle_status heddle_profile_start(heddle_model *model) {
  ModelUse use(model);
  if (heddle_status status = use.check())
    return status;
  const char *name = model->program->name;
  auto *profile = create<HostProfile>();
  if (!profile || !profile->start(*model->program) ||
      !profile->trace.start(model->threads.size())) {
    destroy(profile);
    return fail(HEDDLE_OUT_OF_MEMORY, "no memory to profile %s", name);
  }
  profile->traceTo(profile->trace, model->threads);
  model->touchWeights();
  Profile *none = nullptr;
  if (!model->profile.compare_exchange_strong(none, profile)) {
    destroy(profile);
    return fail(HEDDLE_BAD_ARGUMENT, "%s is being profiled already", name);
  }
  keep(*model, *profile);
  model->profileWith(profile);
  return HEDDLE_OK;
}

/// No file is left where it cannot be written.
static heddle_status writeProfile(const char *path, HostProfile &profile,
                                  const Limits &limits) {
  FILE *file = fopen(path, "we");
  if (!file)
    return fail(HEDDLE_BAD_FILE, "%s: %s", path, strerror(errno));
  heddle::text::TroubleWatch watch;
  TraceCounts counts;
  bool hasMemory =
      writeTraceText(file, profile, profile.trace, limits, counts) &&
      watch.found() == heddle::text::Trouble::None;
  bool isWhole = !ferror(file);
  isWhole &= !fclose(file);
  if (hasMemory && isWhole)
    return HEDDLE_OK;
  heddle_status status =
      hasMemory ? fail(HEDDLE_BAD_FILE, "%s: %s", path, strerror(errno))
                : fail(HEDDLE_OUT_OF_MEMORY, "no memory to write %s", path);
  unlink(path);
  return status;
}

heddle_status heddle_profile_write(heddle_model *model, const char *path) {
  ModelUse use(model);
  if (heddle_status status = use.check())
    return status;
  auto *profile = static_cast<HostProfile *>(model->profile.exchange(nullptr));
  if (!profile)
    return fail(HEDDLE_BAD_ARGUMENT,
                "%s is not being profiled: call heddle_profile_start() first",
                model->program->name);
  model->profileWith(nullptr);
  profile->end();
  heddle_status status =
      path ? writeProfile(path, *profile, measureLimits(model->threads))
           : HEDDLE_OK;
  profile->trace.release();
  return status;
}
