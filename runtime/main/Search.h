// The vectors of a file that are most like those of some texts.
#ifndef HEDDLE_RUNTIME_MAIN_SEARCH_H
#define HEDDLE_RUNTIME_MAIN_SEARCH_H

#include "runtime/Model.h"
#include "runtime/main/Arguments.h"

namespace heddle::runtime {

/// Compares every vector of the file arguments.search with each text's, by the
/// model's own similarity, and prints the best. `vectors`: one a text, `width`
/// numbers each. Returns the exit code, and has printed what was wrong.
int searchVectors(heddle_model &model, const Arguments &arguments,
                  const List<const char *> &texts, const float *vectors,
                  int64_t width);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_SEARCH_H
