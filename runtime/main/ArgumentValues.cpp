// What stands behind an option: `--option=value`, or the next word.

#include "runtime/main/ArgumentParser.h"
#include "runtime/main/Commands.h"
#include "runtime/main/Suggest.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace heddle::runtime {

/// Writing nothing is no wish that anybody has, and 0 means "no end" elsewhere:
/// whoever says it is told.
bool ArgumentParser::takeTokens(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  char *stop;
  errno = 0;
  int64_t number = strtoll(value, &stop, 10);
  if (!*value || *stop || errno || number == 0 || number < -1) {
    complain("%.*s is %s, needed: a whole number from 1, or -1: until the "
             "model ends the text",
             static_cast<int>(option.size()), option.data(), value);
    return false;
  }
  arguments.tokens = number < 0 ? 0 : number;
  arguments.tokensGiven = true;
  return true;
}

bool ArgumentParser::takeInto(List<const char *> &values,
                              std::string_view option) {
  const char *value = takeValue(option);
  values.push(value);
  return value;
}

const char *ArgumentParser::takeValue(std::string_view option) {
  if (const char *value = attached) {
    attached = nullptr;
    return value;
  }
  if (rest != end)
    return *rest++;
  complain("%.*s needs a value", static_cast<int>(option.size()),
           option.data());
  return nullptr;
}

bool ArgumentParser::takeNumber(std::string_view option, int64_t least,
                                int64_t most, int64_t &number) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  char *stop;
  errno = 0;
  number = strtoll(value, &stop, 10);
  if (*value && !*stop && !errno && number >= least && number <= most)
    return true;
  if (most == INT64_MAX)
    complain("%.*s is %s, needed: a whole number from %lld",
             static_cast<int>(option.size()), option.data(), value,
             static_cast<long long>(least));
  else
    complain("%.*s is %s, needed: a whole number from %lld to %lld",
             static_cast<int>(option.size()), option.data(), value,
             static_cast<long long>(least), static_cast<long long>(most));
  return false;
}

bool ArgumentParser::takeNumber(std::string_view option, float &number) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  char *stop;
  number = strtof(value, &stop);
  // What is too large for a float, or not a number, has no meaning here; what
  // is too small for one becomes 0, which often has another.
  bool isZero = strspn(value, "+-0.") == strlen(value);
  if (*value && !*stop && std::isfinite(number) && (number != 0 || isZero))
    return true;
  complain("%.*s is %s, needed: a number", static_cast<int>(option.size()),
           option.data(), value);
  return false;
}

bool ArgumentParser::takeCount(std::string_view option, int64_t least,
                               int32_t &count) {
  int64_t number = 0;
  bool taken = takeNumber(option, least, INT32_MAX, number);
  count = static_cast<int32_t>(number);
  return taken;
}

bool ArgumentParser::takeEarlyStopping(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  const char *names[] = {"no", "yes", "never"};
  for (int32_t i = 0; i < 3; ++i)
    if (!strcmp(value, names[i])) {
      arguments.search.earlyStopping = HEDDLE_EARLY_STOPPING_NO + i;
      return true;
    }
  complain("--early-stopping is %s, needed: no, yes or never", value);
  return false;
}

/// `512,2048`, in place of what was given before.
bool ArgumentParser::takeNumbers(std::string_view option, int64_t least,
                                 int64_t most, List<int64_t> &numbers) {
  const char *value = takeValue(option);
  numbers.clear();
  for (const char *at = value; at;) {
    char *stop;
    errno = 0;
    int64_t number = strtoll(at, &stop, 10);
    if (stop == at || (*stop && *stop != ',') || errno || number < least ||
        number > most) {
      complain("%.*s is %s, needed: whole numbers from %lld to %lld, as in "
               "1,2",
               static_cast<int>(option.size()), option.data(), value,
               static_cast<long long>(least), static_cast<long long>(most));
      return false;
    }
    numbers.push(number);
    at = *stop ? stop + 1 : nullptr;
  }
  return value;
}

bool ArgumentParser::takeSpeculation(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  const char *names[] = {"none", "lookup", "model"};
  for (int32_t i = 0; i < 3; ++i)
    if (!strcmp(value, names[i])) {
      arguments.speculate = HEDDLE_SPECULATE_NONE + i;
      return true;
    }
  complain("--speculate is %s, needed: none, lookup or model", value);
  return false;
}

bool ArgumentParser::takeFormat(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  const char *names[] = {"table", "text", "json", "npy", "srt", "vtt"};
  for (int i = 0; i < 6; ++i)
    if (!strcmp(value, names[i])) {
      arguments.format = static_cast<Arguments::Format>(i);
      return arguments.formatGiven = true;
    }
  complain("--format is %s, needed: table, text, json, npy, srt or vtt", value);
  return false;
}

/// 12=-3.5: of a token by its number.
bool ArgumentParser::takeBias(std::string_view option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  char *equals, *stop;
  errno = 0;
  long long id = strtoll(value, &equals, 10);
  bool isId =
      equals != value && *equals == '=' && !errno && id >= 0 && id <= INT32_MAX;
  float bias = isId ? strtof(equals + 1, &stop) : 0;
  if (!isId || !equals[1] || *stop || std::isnan(bias)) {
    complain("%.*s is %s, needed: a token's id and a number, as in 12=-3.5",
             static_cast<int>(option.size()), option.data(), value);
    return false;
  }
  arguments.biased.push(static_cast<int32_t>(id));
  arguments.biases.push(bias);
  return true;
}

bool ArgumentParser::takeBinding(const char *option) {
  const char *value = takeValue(option);
  if (!value)
    return false;
  if (arguments.calls.empty()) {
    Suggestion suggestion = suggestEntry(
        program, arguments.texts.empty() ? "" : arguments.texts.back());
    const char *meant = suggestion.text();
    complain("%s belongs behind the name of an entry%s", option,
             *meant ? meant : "; --help lists the entries");
    return false;
  }
  bool isText = !strcmp(option, "--text") || !strcmp(option, "--pair");
  const char *equals = isText ? nullptr : strchr(value, '=');
  Binding binding = {static_cast<int32_t>(arguments.calls.size()) - 1, option,
                     std::string_view(value, equals ? equals - value : 0),
                     equals ? equals + 1 : value};
  arguments.bindings.push(binding);
  return true;
}

} // namespace heddle::runtime
