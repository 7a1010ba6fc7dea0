#include "runtime/main/TraceFile.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Output.h"
#include "runtime/main/TraceText.h"

#include <cinttypes>
#include <cstring>
#include <sys/stat.h>

namespace heddle::runtime {

bool canWriteTrace(const char *path) {
  if (!*path || !strcmp(path, "-"))
    return complain("--profile: found `%s`, needed a file: standard output is "
                    "the program's",
                    path),
           false;
  struct stat about;
  if (!stat(path, &about) &&
      (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)))
    return true; // whose reader sees it opened once
  OutputFile file;
  return file.open(path);
}

bool writeTrace(const char *path, const Profile &profile, const Trace &trace,
                const Limits &limits) {
  OutputFile output;
  if (!output.open(path))
    return false;
  TraceCounts counts;
  if (!writeTraceText(output.stream(), profile, trace, limits, counts))
    return complain("no memory to write %s", path), false;
  if (counts.leftOut)
    fprintf(stderr,
            "note: %s has the first %" PRId64 " slices of the run, %" PRId64
            " later ones are left out; its totals are of all\n",
            path, counts.written, counts.leftOut);
  return output.commit();
}

} // namespace heddle::runtime
