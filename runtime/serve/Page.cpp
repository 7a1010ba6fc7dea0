#include "runtime/serve/Page.h"

namespace heddle::serve {

std::string_view page() {
  static constexpr char html[] =
#include "runtime/serve/Page.inc"
      ;
  return {html, sizeof html - 1};
}

} // namespace heddle::serve
