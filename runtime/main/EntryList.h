// The entries of a program and its sizes, as --help and --info list them.
#ifndef HEDDLE_RUNTIME_MAIN_ENTRYLIST_H
#define HEDDLE_RUNTIME_MAIN_ENTRYLIST_H

#include "runtime/abi.h"

namespace heddle::runtime {

/// `  encode(ids: int[B T]) -> result: f32[B T D]`, a line each.
void printEntries(const heddle_program &program);
/// `  T from 1 to 512, each row of B its own`, a line each.
void printSizes(const heddle_program &program);

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_ENTRYLIST_H
