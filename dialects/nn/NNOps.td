//===- NNOps.td - what a model computes --------------------------------------------------------------===//
//
// No op fixes a rank or the position of an axis except where the description says so: axes are found by name.
//
//===----------------------------------------------------------------------------------------------===//

#ifndef HEDDLE_DIALECTS_NN_NNOPS_TD
#define HEDDLE_DIALECTS_NN_NNOPS_TD

include "dialects/nn/NNAttentionOps.td"
include "dialects/nn/NNAxisOps.td"
include "dialects/nn/NNImageOps.td"
include "dialects/nn/NNLinearOps.td"
include "dialects/nn/NNStructureOps.td"

#endif // HEDDLE_DIALECTS_NN_NNOPS_TD
