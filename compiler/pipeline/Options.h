//===- Options.h - everything that decides how a model is compiled --------===//
//
// One plain struct, every default visible. Flags are read by driver/ and
// nowhere else; passes receive what concerns them as pass options.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_PIPELINE_OPTIONS_H
#define HEDDLE_COMPILER_PIPELINE_OPTIONS_H

#include "compiler/codegen/Target.h"
#include <string>
#include <utility>
#include <vector>

namespace heddle::pipeline {

/// Where a compilation can stop. Up to Llvm the result is a module, whose later
/// stages can be run from a file.
enum class Stage {
  Ast,     // the parsed model file
  Nn,      // the model as written, checked
  NnFused, // after the transformations within nn
  Kernel,  // machine ops on packed operands, memory planned
  Vector,  // loops and vectors
  Llvm,    // LLVM dialect
  Ll,      // LLVM IR, optimised
  Asm,
  Obj,
  Lib, // static library
  So,  // shared library
  Exe,
  Header // C header of the library
};

struct Options {
  codegen::TargetOptions target;

  /// The naive path: every op by its definition, no fusion, no packed operands.
  bool reference = false;

  /// In the code of the reference, check every access to memory.
  bool boundsChecks = false;

  /// In which type weights are stored: `stored`, which is f32 or what of fewer
  /// bits the checkpoint holds, f32 or bf16; PATH=TYPE of those that it holds
  /// as integers, and as floats; PATTERN=TYPE rules, of which the last that
  /// fits counts. Patterns are those of dialects/nn/Glob.h, types those of
  /// dialects/kernel/PackedFormat.h.
  std::string dtype = "stored";
  std::vector<std::string> stored, storedFloats, quant;

  /// What is neither listed nor fits a rule.
  std::string defaultType() const { return dtype == "bf16" ? "bf16" : "f32"; }
  std::vector<std::string> allStored() const {
    std::vector<std::string> all = stored;
    all.insert(all.end(), storedFloats.begin(), storedFloats.end());
    return all;
  }

  /// Whether `stored` is to list what the checkpoint holds as integers.
  bool keepIntegers = true;

  /// int8 or int16: what activations become that meet weights with scales of
  /// groups. Empty: int16 where all such weights are `stored`.
  std::string activations;
  bool areActivationsWide() const {
    return activations.empty() ? !stored.empty() && quant.empty()
                               : activations == "int16";
  }

  /// In which type sessions keep keys and values, f32, bf16 or q8; empty: that
  /// of weights, unless they are only stored so.
  std::string cache;

  /// Entries beside which there is one that answers with what each layer hands
  /// on (nn-observe-layers).
  std::vector<std::string> observed;

  /// Products tell which inputs they meet (kernel-observe-inputs); not those of
  /// the reference.
  bool observesInputs = false;

  /// Say why a fusion was refused.
  bool remarks = false;

  /// kernel-to-vector is as it stands in a text of passes for several
  /// processors (PassText.h).
  bool isForEachProcessor = false;

  /// A pipeline in the place of ours (PassText.h); empty: ours.
  std::string passes;
  /// Pipelines that run behind a pass of ours, by its name.
  std::vector<std::pair<std::string, std::string>> passesAfter;
};

} // namespace heddle::pipeline

#endif // HEDDLE_COMPILER_PIPELINE_OPTIONS_H
