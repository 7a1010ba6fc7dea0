//===- Progress.h - a bar for long work -----------------------------------===//

#ifndef HEDDLE_COMPILER_DRIVER_PROGRESS_H
#define HEDDLE_COMPILER_DRIVER_PROGRESS_H

#include "llvm/ADT/StringRef.h"
#include <chrono>
#include <cstdint>
#include <string>

namespace heddle::driver {

/// `1.5 GB`: three digits and a decimal unit.
std::string bytesText(double bytes);

/// One line on standard error that is drawn over, and gone when the work is
/// done. Nothing at all where standard error is no terminal, or where the work
/// takes less than a moment.
class Progress {
public:
  explicit Progress(llvm::StringRef what);
  ~Progress();
  void update(uint64_t doneBytes, uint64_t totalBytes);

private:
  using Clock = std::chrono::steady_clock;
  std::string what;
  bool isTerminal, isDrawn = false;
  Clock::time_point start, drawn;
};

} // namespace heddle::driver

#endif // HEDDLE_COMPILER_DRIVER_PROGRESS_H
