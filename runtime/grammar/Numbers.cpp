#include "runtime/grammar/Numbers.h"

#include <algorithm>

namespace heddle::grammar {

bool Decimal::read(std::string_view text) {
  *this = Decimal();
  int8_t digits[most];
  int count = 0, point = 0; // digits before the point
  bool isBehindPoint = false;
  size_t at = 0;
  isNegative = !text.empty() && text[0] == '-';
  for (at = isNegative; at < text.size(); ++at) {
    char c = text[at];
    if (c == 'e' || c == 'E')
      break;
    if (c == '.') {
      isBehindPoint = true;
      continue;
    }
    if (count == 0 && c == '0') {
      point -= isBehindPoint;
      continue;
    }
    if (count == most)
      return false;
    digits[count++] = static_cast<int8_t>(c - '0');
    point += !isBehindPoint;
  }
  long exponent = 0;
  if (at < text.size()) {
    bool isMinus = text[++at] == '-';
    for (at += isMinus || text[at] == '+'; at < text.size(); ++at)
      exponent = std::min(exponent * 10 + (text[at] - '0'), 1000L);
    exponent = isMinus ? -exponent : exponent;
  }
  while (count && digits[count - 1] == 0)
    --count;
  if (count == 0)
    return isNegative = false, true;
  long whole0 = point + exponent; // digits of the whole part
  if (whole0 > most || count - whole0 > most)
    return false;
  for (long i = 0; i < whole0; ++i)
    whole[wholeCount++] = i < count ? digits[i] : 0;
  for (long i = std::min(whole0, 0L); i < 0; ++i)
    fraction[fractionCount++] = 0;
  for (long i = std::max(whole0, 0L); i < count; ++i)
    fraction[fractionCount++] = digits[i];
  return true;
}

static int order(const int8_t *left, int leftCount, const int8_t *right,
                 int rightCount) {
  for (int i = 0; i < std::max(leftCount, rightCount); ++i) {
    int a = i < leftCount ? left[i] : 0, b = i < rightCount ? right[i] : 0;
    if (a != b)
      return a - b;
  }
  return 0;
}

int Decimal::compare(const Decimal &other) const {
  if (isNegative != other.isNegative)
    return isNegative ? -1 : 1;
  int sign = isNegative ? -1 : 1;
  if (wholeCount != other.wholeCount)
    return sign * (wholeCount - other.wholeCount);
  if (int first = order(whole, wholeCount, other.whole, wholeCount))
    return sign * first;
  return sign *
         order(fraction, fractionCount, other.fraction, other.fractionCount);
}

void Bound::tighten(const Bound &other, int sign) {
  if (!other.isThere)
    return;
  int order = isThere ? sign * other.at.compare(at) : 1;
  if (order > 0 || (order == 0 && other.isExclusive))
    *this = other;
}

namespace {

/// Numbers without a sign between two bounds: digit by digit, as long as what
/// is written is the beginning of a bound.
class Between {
public:
  Between(Terms &terms, const Bound &least, const Bound &greatest,
          int fractionDigits, int wholeDigits)
      : terms(terms), least(least), greatest(greatest),
        fractionDigits(fractionDigits), wholeDigits(wholeDigits) {}

  Term all() {
    Term found = nothing;
    for (length = 1; length <= wholeDigits; ++length) {
      // 0 is a number of one digit that has none.
      bool tightLow = least.isThere && least.at.wholeCount == length;
      bool tightHigh = greatest.isThere && greatest.at.wholeCount == length;
      bool isTooLow = least.isThere && least.at.wholeCount > length;
      bool isTooHigh = greatest.isThere && greatest.at.wholeCount < length;
      if (!isTooLow && !isTooHigh)
        found = terms.either(found, whole(0, tightLow, tightHigh));
    }
    bool zeroLow = least.isThere && least.at.wholeCount == 0;
    bool zeroHigh = greatest.isThere && greatest.at.wholeCount == 0;
    if (!least.isThere || zeroLow) {
      length = 1;
      found = terms.either(found,
                           terms.literal("0", fraction(0, zeroLow, zeroHigh)));
    }
    return found;
  }

private:
  static int digitOf(const int8_t *digits, int count, int at) {
    return at < count ? digits[at] : 0;
  }

  /// Digit `at` of the whole part and what comes behind it. Low and high: so
  /// far it is the beginning of that bound.
  Term whole(int at, bool low, bool high) {
    if (at == length)
      return fraction(0, low, high);
    int from = low ? least.at.whole[at] : at == 0 ? 1 : 0;
    int to = high ? greatest.at.whole[at] : 9;
    return digits(from, to, low, high, [&](bool isLow, bool isHigh) {
      return whole(at + 1, isLow, isHigh);
    });
  }

  /// Whether the number may end behind `at` digits of its fraction.
  bool mayEnd(int at, bool low, bool high) const {
    bool lowHasMore = low && least.at.fractionCount > at;
    bool highHasMore = high && greatest.at.fractionCount > at;
    return !lowHasMore && !(low && least.isExclusive) &&
           (!high || highHasMore || !greatest.isExclusive);
  }

  Term fraction(int at, bool low, bool high) {
    Term end = mayEnd(at, low, high) ? empty : nothing;
    int most = std::min(fractionDigits, std::max(0, mostDigits - length));
    if (at >= most)
      return end;
    if (!low && !high && at > 0)
      return terms.repeat(digits(0, 9, empty), 0,
                          static_cast<uint32_t>(most - at));
    int from = low ? digitOf(least.at.fraction, least.at.fractionCount, at) : 0;
    int to =
        high ? digitOf(greatest.at.fraction, greatest.at.fractionCount, at) : 9;
    Term found = digits(from, to, low, high, [&](bool isLow, bool isHigh) {
      return fraction(at + 1, isLow, isHigh);
    });
    if (at == 0)
      found = terms.literal(".", found);
    return terms.either(end, found);
  }

  /// A digit, and what `behind` has behind it: those that are a bound's go on
  /// with that bound, and all others alike.
  template <typename Behind>
  Term digits(int from, int to, bool low, bool high, Behind behind) {
    Term found = nothing;
    for (int digit = from; digit <= to;) {
      bool isLow = low && digit == from, isHigh = high && digit == to;
      int last = isLow || isHigh ? digit : to - high;
      found = terms.either(found, digits(digit, last, behind(isLow, isHigh)));
      digit = last + 1;
    }
    return found;
  }

  Term digits(int first, int last, Term behind) {
    return terms.sequence(
        terms.bytes(ByteSet::of(static_cast<uint8_t>('0' + first),
                                static_cast<uint8_t>('0' + last))),
        behind);
  }

  Terms &terms;
  const Bound &least, &greatest;
  int fractionDigits, wholeDigits;
  int length = 0; // of the whole part
};

} // namespace

const char *checkBounds(const Bound &least, const Bound &greatest,
                        bool isInteger) {
  for (const Bound *bound : {&least, &greatest}) {
    if (!bound->isThere)
      continue;
    if (isInteger ? bound->at.wholeCount > mostWholeDigits
                  : bound->at.digits() > mostDigits)
      return isInteger ? "a bound of more than 30 digits"
                       : "a bound of more than 15 digits, which numbers that "
                         "are not whole cannot be held against exactly";
  }
  return nullptr;
}

/// Any number, with an exponent perhaps.
static Term anyNumber(Terms &terms) {
  Term digit = terms.bytes(ByteSet::of('0', '9'));
  Term whole = terms.either(
      terms.byte('0'), terms.sequence(terms.bytes(ByteSet::of('1', '9')),
                                      terms.repeat(digit, 0, mostDigits - 1)));
  Term fraction = terms.literal(".", terms.repeat(digit, 1, mostDigits));
  ByteSet e = ByteSet::of('e', 'e'), sign = ByteSet::of('-', '-');
  e.add('E', 'E'), sign.add('+', '+');
  Term exponent = terms.sequence(
      terms.bytes(e), terms.sequence(terms.optional(terms.bytes(sign)),
                                     terms.repeat(digit, 1, 2)));
  return terms.sequence(
      terms.optional(terms.byte('-')),
      terms.sequence(whole, terms.sequence(terms.optional(fraction),
                                           terms.optional(exponent))));
}

Term numbers(Terms &terms, const Bound &least, const Bound &greatest,
             bool isInteger) {
  if (!isInteger && !least.isThere && !greatest.isThere)
    return anyNumber(terms);
  int wholeDigits = mostDigits;
  for (const Bound *bound : {&least, &greatest})
    if (bound->isThere)
      wholeDigits = std::max(wholeDigits, bound->at.wholeCount);
  if (!isInteger)
    wholeDigits = mostDigits;
  int fractionDigits = isInteger ? 0 : mostDigits;
  auto hasSign = [](const Bound &bound, bool isNegative) {
    return bound.isThere && bound.at.isNegative == isNegative &&
           !bound.at.isZero();
  };
  const Bound none{};
  // From 0 on, unless all are below it.
  bool isBelow =
      hasSign(greatest, true) ||
      (greatest.isThere && greatest.at.isZero() && greatest.isExclusive);
  bool isAbove = hasSign(least, false) ||
                 (least.isThere && least.at.isZero() && least.isExclusive);
  Term found = nothing;
  if (!isBelow) {
    bool counts = least.isThere && !least.at.isNegative;
    found = Between(terms, counts ? least : none, greatest, fractionDigits,
                    wholeDigits)
                .all();
  }
  // Below 0 the bounds change places.
  if (!isAbove && !(least.isThere && least.at.isZero())) {
    bool counts = greatest.isThere && (greatest.at.isNegative || isBelow);
    Bound one; // an integer's −0 is 0, which is written without a sign
    one.isThere = isInteger;
    one.at.whole[0] = 1, one.at.wholeCount = 1;
    Bound low = counts ? greatest : one, high = least;
    low.at.isNegative = high.at.isNegative = false;
    if (isInteger)
      low.tighten(one, 1);
    found = terms.either(
        found,
        terms.literal(
            "-", Between(terms, low, high, fractionDigits, wholeDigits).all()));
  }
  return found;
}

} // namespace heddle::grammar
