//===- Names.h - what types are called in text ----------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NAMES_H
#define HEDDLE_DIALECTS_NN_NAMES_H

namespace heddle::nn {
class NNDialect;

/// Makes every type with axes stand at the head of a text once, under the name
/// of its axes: `!B_T_D`.
void addAliases(NNDialect &dialect);

} // namespace heddle::nn

#endif // HEDDLE_DIALECTS_NN_NAMES_H
