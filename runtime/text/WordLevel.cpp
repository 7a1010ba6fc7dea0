// The WordLevel model: a piece is a token, or unknown.
#include "runtime/text/Pipeline.h"

namespace heddle::text {

void Model::encodeWordLevel(std::string_view piece, Ids &ids) {
  int32_t id =
      piece.size() <= tables.header->maxTokenBytes ? tables.find(piece) : -1;
  ids.push(id < 0 ? tables.header->unknown : id);
}

} // namespace heddle::text
