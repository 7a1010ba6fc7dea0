//===- Page.h - one file that a browser shows -----------------------------===//

#ifndef HEDDLE_COMPILER_EXPLAIN_PAGE_H
#define HEDDLE_COMPILER_EXPLAIN_PAGE_H

#include "llvm/ADT/StringRef.h"
#include <string>
#include <utility>
#include <vector>

namespace heddle::explain {

/// Texts by the name under which the page asks for them. `facts` is read when
/// it opens, all others when they are looked at.
using Chunks = std::vector<std::pair<std::string, std::string>>;

/// HTML with its styles, scripts and data: nothing is fetched. Each chunk is
/// there as zlib and base64.
std::string writePage(llvm::StringRef title, const Chunks &chunks);

} // namespace heddle::explain

#endif // HEDDLE_COMPILER_EXPLAIN_PAGE_H
