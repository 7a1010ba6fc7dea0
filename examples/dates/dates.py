"""Dates as people spell them, in English: what the model of this folder is trained on and asked. Standard library alone.

    python3 dates.py > heldout.tsv       # the 1,000 questions that nothing was trained on: a date, a tab, the answer
"""
import datetime
import random

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
        "nineteen").split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = ("- first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
            "sixteenth seventeenth eighteenth nineteenth twentieth").split()


def is_held_out(date):
    """Of one day in twenty no spelling is trained on."""
    return date.toordinal() % 20 == 7


def draw_date(r, held_out):
    while True:
        first, last = (1950, 2049) if r.random() < 0.7 else (1800, 2199)
        year = r.randint(first, last)
        date = datetime.date(year, 1, 1) + datetime.timedelta(r.randrange(366))
        if date.year == year and is_held_out(date) == held_out:
            return date


def cardinal(number):
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")


def ordinal_word(number):
    if number <= 20:
        return ORDINALS[number]
    return f"thirtieth" if number == 30 else f"{TENS[number // 10]}-{ORDINALS[number % 10]}"


def ordinal(number):
    ending = "th" if 10 < number < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def year_words(r, year):
    century, rest = divmod(year, 100)
    if year // 10 == 200:
        return "two thousand" + (r.choice([" ", " and "]) + ONES[rest] if rest else "")
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} " + (f"oh {ONES[rest]}" if rest < 10 else cardinal(rest))


def spell(r, date):
    """One of many ways to write a date. Slashes put the month first, dots and dashes the day, unless the year stands before
    both; a year of two digits is one of 1950 to 2049."""
    day, month, year = date.day, date.month, date.year
    full = MONTHS[month - 1]
    name = r.choice([full, full, full[:3], full[:3] + "."])
    short = r.choice([f"{year % 100:02}", f"'{year % 100:02}"]) if 1950 <= year <= 2049 else str(year)
    years = r.choice([str(year)] * 3 + [short, year_words(r, year)])
    comma = r.choice([", ", " "])
    numbered = r.choice([str(day), str(day), ordinal(day), ordinal_word(day)])
    d, m = r.choice([(str(day), str(month)), (f"{day:02}", f"{month:02}")])
    y = r.choice([str(year), short.strip("'")])
    text = r.choice([
        lambda: f"{d}.{m}.{y}", lambda: f"{m}/{d}/{y}", lambda: f"{m}/{d}/{y}", lambda: f"{d}-{m}-{y}",
        lambda: f"{year}-{m}-{d}", lambda: f"{year}/{m}/{d}", lambda: f"{year}.{m}.{d}", lambda: f"{year}{month:02}{day:02}",
        lambda: f"{day}-{full[:3]}-{y}", lambda: f"{year} {name} {day}",
        lambda: f"{numbered} {name}{comma}{years}", lambda: f"{numbered} {name}{comma}{years}",
        lambda: f"{name} {numbered}{comma}{years}", lambda: f"{name} {numbered}{comma}{years}",
        lambda: f"the {r.choice([ordinal(day), ordinal_word(day)])} of {full}{comma}{years}",
        lambda: f"{r.choice([ordinal(day), ordinal_word(day)])} of {full}{comma}{years}",
        lambda: f"{full} the {r.choice([ordinal(day), ordinal_word(day)])}{comma}{years}",
    ])()
    if r.random() < 0.25:
        weekday = DAYS[date.weekday()]
        text = f"{r.choice([weekday, weekday[:3]])}{r.choice([', ', ' '])}{text}"
    if r.random() < 0.05:
        text = f"on {text}"
    return r.choice([text, text, text.lower(), text.upper()])


def questions():
    r = random.Random("held out")
    found = {}
    while len(found) < 1000:
        date = draw_date(r, held_out=True)
        found.setdefault(spell(r, date), date.isoformat())
    return found


if __name__ == "__main__":
    for question, answer in questions().items():
        print(f"{question}\t{answer}")
