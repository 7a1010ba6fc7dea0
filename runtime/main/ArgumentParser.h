// Reads the words of a command line one by one. Internal to Arguments.h.
#ifndef HEDDLE_RUNTIME_MAIN_ARGUMENTPARSER_H
#define HEDDLE_RUNTIME_MAIN_ARGUMENTPARSER_H

#include "runtime/main/Arguments.h"

namespace heddle::runtime {

class ArgumentParser {
public:
  ArgumentParser(const heddle_program &program, int argc, char **argv,
                 Arguments &arguments)
      : program(program), rest(argc > 0 ? argv + 1 : argv), end(argv + argc),
        arguments(arguments) {}

  bool parse();

private:
  bool parseOption(std::string_view option);
  bool parseSearchOption(std::string_view option, bool &taken);
  bool parseChoiceOption(std::string_view option, bool &taken);
  bool parseTextOption(std::string_view option, bool &taken);
  bool parseFlag(std::string_view option);
  bool parseServing();
  bool parseBenchOption(std::string_view option, bool &taken);
  bool completeBench();
  bool parseServeOption(std::string_view option, bool &taken);
  bool parseCommonOption(std::string_view option, bool &taken);
  bool refuseOption(std::string_view option);
  bool parsePositional(const char *word);
  bool check();
  void callWithFiles();
  bool checkSearch();
  bool checkSamples();
  bool checkChat();
  bool checkAnswers();
  bool checkVectors();
  bool checkTimes();

  // Each takes the option's value: after `=`, or the next argument.
  const char *takeValue(std::string_view option);
  bool takeInto(List<const char *> &values, std::string_view option);
  bool takeNumber(std::string_view option, int64_t least, int64_t most,
                  int64_t &number);
  bool takeNumber(std::string_view option, float &number);
  bool takeTokens(std::string_view option);
  bool takeCount(std::string_view option, int64_t least, int32_t &count);
  bool takeFormat(std::string_view option);
  bool takeEarlyStopping(std::string_view option);
  bool takeNumbers(std::string_view option, int64_t least, int64_t most,
                   List<int64_t> &numbers);
  bool takeSpeculation(std::string_view option);
  bool takeBias(std::string_view option);
  bool takeBinding(const char *option);

  const heddle_entry *entryNamed(const char *name) const;

  const heddle_program &program;
  char **rest, **end;
  Arguments &arguments;
  const char *attached = nullptr; // the value in `--option=value`
  int32_t texts = 0;              // --n-best; 0: not given
};

} // namespace heddle::runtime

#endif // HEDDLE_RUNTIME_MAIN_ARGUMENTPARSER_H
