//===- ProfileFile.cpp - what --profile=FILE of a program has measured ----===//

#include "compiler/explain/ProfileFile.h"
#include "compiler/checkpoint/Json.h"
#include "compiler/files/InputFile.h"
#include "compiler/files/Message.h"
#include "llvm/ADT/StringSet.h"

using namespace heddle;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;

static llvm::Error refuse(StringRef path, const llvm::Twine &reason) {
  return llvm::createStringError(path + ": " + reason);
}

static bool hasNumbers(const Object &object,
                       std::initializer_list<StringRef> names) {
  return llvm::all_of(names, [&](StringRef name) {
    return object.getNumber(name).has_value();
  });
}

/// What is missing of a list of objects, or "".
static std::string faultOf(const Object &profile, StringRef list,
                           StringRef name,
                           std::initializer_list<StringRef> numbers) {
  const Array *array = profile.getArray(list);
  if (!array)
    return ("found no list \"" + list + "\"").str();
  for (const llvm::json::Value &value : *array) {
    const Object *object = value.getAsObject();
    if (!object || !object->getString(name) || !hasNumbers(*object, numbers))
      return ("found an element of \"" + list + "\" without its \"" + name +
              "\" or its numbers")
          .str();
  }
  return "";
}

llvm::Expected<explain::ProfileFile> explain::readProfile(StringRef path) {
  auto buffer = files::readFile(path, files::limits::trace);
  if (!buffer)
    return buffer.takeError();
  checkpoint::Problems problems;
  auto value = checkpoint::parseJson((*buffer)->getBuffer(), path, problems);
  if (!value)
    return llvm::createStringError(problems.messages().front());
  Object *whole = value->getAsObject();
  Object *profile = whole ? whole->getObject("heddle") : nullptr;
  if (!profile || !profile->getString("model"))
    return refuse(path, "found no profile, needed what a program has written "
                        "with --profile=FILE");
  std::string fault = faultOf(*profile, "calls", "entry", {"runs", "seconds"});
  if (fault.empty())
    fault = faultOf(*profile, "sites", "name", {"runs", "seconds"});
  if (!fault.empty())
    return refuse(path, fault + ", needed a profile as --profile=FILE writes "
                                "it");
  Array *events = whole->getArray("traceEvents");
  return ProfileFile{std::move(*profile),
                     events ? std::move(*events) : Array()};
}

llvm::Error explain::matchProfile(StringRef path, const Object &profile,
                                  const Object &facts) {
  StringRef measured = *profile.getString("model"),
            model = facts.getString("model").value_or("");
  if (measured != model)
    return refuse(path, "found a profile of `" + files::printable(measured) +
                            "`, needed one of `" + model + "`");
  llvm::StringSet<> names;
  for (const llvm::json::Value &site : *facts.getArray("sites"))
    names.insert(*site.getAsObject()->getString("name"));
  for (const llvm::json::Value &site : *profile.getArray("sites")) {
    StringRef name = *site.getAsObject()->getString("name");
    if (!names.contains(name))
      return refuse(path, "found the op `" + files::printable(name) +
                              "`, which this program does not have: needed a "
                              "profile of the same model, sizes and types");
  }
  return llvm::Error::success();
}
