//===- Glob.cpp - Patterns of tensor names --------------------------------===//

#include "dialects/nn/Glob.h"
#include "llvm/ADT/BitVector.h"

using namespace llvm;

namespace heddle::nn {

/// reached[i]: what was read of the glob fits the first i characters.
bool matchesGlob(StringRef glob, StringRef name) {
  BitVector reached(name.size() + 1);
  reached.set(0);
  while (!glob.empty()) {
    if (glob.front() == '*') {
      bool acrossSegments = glob.starts_with("**");
      glob = glob.ltrim('*');
      for (size_t i = 0; i < name.size(); ++i)
        if (reached[i] && (acrossSegments || name[i] != '.'))
          reached.set(i + 1);
      continue;
    }
    for (size_t i = name.size(); i > 0; --i)
      reached[i] = reached[i - 1] && name[i - 1] == glob.front();
    reached.reset(0);
    glob = glob.drop_front();
  }
  return reached[name.size()];
}

} // namespace heddle::nn
