// Formats of strings, as regular expressions. All that is written is of the
// format; of hostname, email, uri and ipv6 not all that is of it is written.
#include "runtime/grammar/Strings.h"

namespace heddle::grammar {

// clang-format off

// Of a date: days that their month has, and February 29 in leap years; years
// from 0001, as Python has them.
#define YEAR "(?:000[1-9]|00[1-9]\\d|0[1-9]\\d\\d|[1-9]\\d{3})"
#define DATE \
  "(?:" YEAR "-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|" \
  "(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))|" \
  "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|" \
  "(?:0[48]|[2468][048]|[13579][26])00)-02-29)"
#define TIME \
  "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?" \
  "(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)"

// Of a duration (RFC 3339, appendix A): what is left out is left out at an end.
#define DAYS "\\d{1,4}D"
#define MONTHS "\\d{1,4}M(?:" DAYS ")?"
#define YEARS "\\d{1,4}Y(?:" MONTHS ")?"
#define SECONDS "\\d{1,4}S"
#define MINUTES "\\d{1,4}M(?:" SECONDS ")?"
#define HOURS "\\d{1,4}H(?:" MINUTES ")?"
#define CLOCK "T(?:" HOURS "|" MINUTES "|" SECONDS ")"

#define OCTET "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define HEX(count) "[0-9a-f]{" count "}"
#define LABEL "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
#define PART "[A-Za-z0-9._~-]+"

/// `wide`: what is of the format in any way; empty: all that is, is written.
static constexpr struct {
  std::string_view name, pattern, wide;
} formats[] = {
    {"date", "^" DATE "$", ""},
    {"time", "^" TIME "$", ":"},
    {"date-time", "^" DATE "T" TIME "$", ":"},
    {"duration", "^P(?:(?:" YEARS "|" MONTHS "|" DAYS ")(?:" CLOCK ")?|" CLOCK "|\\d{1,4}W)$", "^P"},
    {"uuid", "^" HEX("8") "(?:-" HEX("4") "){3}-" HEX("12") "$", "^[0-9A-Fa-f-]*$"},
    {"ipv4", "^" OCTET "(?:\\." OCTET "){3}$", ""},
    {"ipv6", "^(?:" HEX("1,4") ":){7}" HEX("1,4") "$", ":"},
    {"hostname", "^" LABEL "(?:\\." LABEL "){0,2}$", "^[A-Za-z0-9.-]*$"},
    {"email", "^[A-Za-z0-9]{1,20}(?:[._+-][A-Za-z0-9]{1,20}){0,2}@" LABEL "(?:\\." LABEL "){1,2}$", "@"},
    {"uri", "^https?://" LABEL "(?:\\." LABEL "){0,2}(?::[1-9]\\d{0,3})?(?:/" PART ")*/?"
            "(?:\\?[A-Za-z0-9._~=&-]+)?(?:#" PART ")?$", ":"}};
// clang-format on

bool readFormat(Terms &terms, std::string_view format, Term &content,
                bool isWide) {
  for (const auto &known : formats)
    if (known.name == format) {
      bool takesWide = isWide && !known.wide.empty();
      readPattern(terms, takesWide ? known.wide : known.pattern, content);
      return true;
    }
  return false;
}

} // namespace heddle::grammar
