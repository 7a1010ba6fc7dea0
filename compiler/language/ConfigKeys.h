//===- ConfigKeys.h - What becomes of every key of config.json --*- C++ -*-===//
//
// A key that nobody reads may be one that changes the numbers. So every key has
// to be accounted for: the model reads it, or says which values it is right
// for, or that it does not matter; or it stands on the list of keys that cannot
// change what a trained model computes. What is left stops the build.
//
// A key is read if it stands in a field of `config` that what is compiled
// mentions, itself or through other fields. The alternative of the field that
// is taken may be another one: the model knows of the key.
//
// A key is written as its path: `rope_scaling.factor`. An object is accounted
// for by its members; a list is one value.
//
//===----------------------------------------------------------------------===//

#ifndef HEDDLE_COMPILER_LANGUAGE_CONFIGKEYS_H
#define HEDDLE_COMPILER_LANGUAGE_CONFIGKEYS_H

#include "compiler/language/Language.h"
#include "compiler/language/Program.h"
#include "llvm/ADT/StringSet.h"

namespace heddle::language {

/// The value of a key, or null where config.json has none. JSON's null is a
/// value.
const llvm::json::Value *lookUpKey(const llvm::json::Object &object,
                                   llvm::StringRef key);

/// Why a key cannot change what a trained model computes, such as `dropout`;
/// empty where it can.
llvm::StringRef whyHarmless(llvm::StringRef key,
                            const llvm::json::Value &value);

class ConfigKeys {
public:
  /// What stands outside of entries and blocks is compiled in any case.
  explicit ConfigKeys(const Program &program);

  /// The function is compiled, so what it mentions is read.
  void use(const Function &function);
  /// A key with all its members, read by whom the model handed the object to.
  void markRead(llvm::StringRef key) { whole.insert(key); }

  /// Reports keys whose values are not those that the model assumes.
  void checkAssumptions(const ModelOptions &options,
                        Diagnostics &diagnostics) const;
  /// Once all is elaborated: reports keys that are not accounted for.
  KeyUses account(const ModelOptions &options, Diagnostics &diagnostics) const;

private:
  class Accountant;

  llvm::StringSet<> keysRead() const;

  const Program &program;
  llvm::StringSet<> names; ///< mentioned by what is compiled
  llvm::StringSet<> whole;
};

} // namespace heddle::language

#endif // HEDDLE_COMPILER_LANGUAGE_CONFIGKEYS_H
