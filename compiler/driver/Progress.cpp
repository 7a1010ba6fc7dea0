//===- Progress.cpp - a bar for long work ---------------------------------===//

#include "compiler/driver/Progress.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace heddle::driver;
using namespace std::chrono_literals;

std::string heddle::driver::bytesText(double bytes) {
  static constexpr const char *units[] = {"bytes", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < std::size(units); ++unit)
    bytes /= 1000;
  int decimals = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format("%.*f %s", decimals, bytes, units[unit]);
  return text;
}

Progress::Progress(llvm::StringRef what)
    : what(what), isTerminal(llvm::sys::Process::StandardErrIsDisplayed() &&
                            // A terminal that knows how to erase a line.
                            llvm::sys::Process::StandardErrHasColors()),
      start(Clock::now()), drawn(start) {}

Progress::~Progress() {
  if (isDrawn)
    llvm::errs() << "\r\x1b[K";
}

void Progress::update(uint64_t doneBytes, uint64_t totalBytes) {
  Clock::time_point now = Clock::now();
  if (!isTerminal || totalBytes == 0 || now - drawn < 100ms)
    return;
  drawn = now;
  isDrawn = true;
  constexpr unsigned width = 30;
  double part = static_cast<double>(doneBytes) / totalBytes;
  unsigned filled = part * width;
  double seconds = std::chrono::duration<double>(now - start).count();
  llvm::errs() << "\r\x1b[K" << what << " [" << std::string(filled, '=')
               << std::string(width - filled, ' ') << "] "
               << static_cast<int>(part * 100) << "% of "
               << bytesText(totalBytes) << ", "
               << bytesText(doneBytes / seconds) << "/s";
}
