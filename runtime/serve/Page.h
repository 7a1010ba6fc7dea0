// The page that chats with the model.
#ifndef HEDDLE_RUNTIME_SERVE_PAGE_H
#define HEDDLE_RUNTIME_SERVE_PAGE_H

#include <string_view>

namespace heddle::serve {

std::string_view page();

} // namespace heddle::serve

#endif // HEDDLE_RUNTIME_SERVE_PAGE_H
