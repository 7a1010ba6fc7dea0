"""Prompts of speculate.py: what the user asks, how the answer begins, if that is given, and how many tokens it may have."""

REPORT = """The survey of the northern lakes was carried out between May and September by a team of nine people. Two boats were used, of \
which the larger one had to be repaired twice. In Lake Arden the water was clear down to eleven metres, and the oxygen at the bottom \
never fell below six milligrams a litre. Lake Brill, which takes up the drains of three villages, was clear to two metres only, and in \
August its bottom had no oxygen at all. Fish were counted with nets and with sound. Arden held perch, pike and vendace; in Brill only \
bream and roach were found, and fewer of them than in any year since 1987. The team recommends that the drains of Ostby be led to the \
new plant at once, that the other two villages follow within four years, and that no fish be put into Brill before its bottom has had \
oxygen through a whole summer. The cost is put at 4.2 million, half of which the county may carry. A second survey is planned in three \
years. Mrs Halvorsen, who led the first one, will lead it again, and the data will be open to everyone from the first day on."""

CODE = """def read_records(path, limit):
    \"\"\"Reads at most `limit` records of a file.\"\"\"
    items = []
    with open(path) as source:
        for line in source:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            fields = line.split(",")
            if len(fields) != 4:
                raise ValueError("found " + str(len(fields)) + " fields, needed 4")
            name, place, amount, date = fields
            items.append({
                "name": name.strip(),
                "place": place.strip(),
                "amount": float(amount),
                "date": date.strip(),
            })
            if len(items) == limit:
                break
    return items


def sum_by_place(items):
    \"\"\"The amounts of each place.\"\"\"
    totals = {}
    for item in items:
        place = item["place"]
        if place not in totals:
            totals[place] = 0.0
        totals[place] += item["amount"]
    return totals


def largest_place(items):
    \"\"\"The place with the largest amount.\"\"\"
    totals = sum_by_place(items)
    best = None
    for place in totals:
        if best is None or totals[place] > totals[best]:
            best = place
    return best


def print_report(path, limit):
    \"\"\"Prints what each place has, and which has most.\"\"\"
    items = read_records(path, limit)
    totals = sum_by_place(items)
    for place in sorted(totals):
        print(place + ": " + str(totals[place]))
    print("largest: " + str(largest_place(items)))
    print("records: " + str(len(items)))


if __name__ == "__main__":
    print_report("records.csv", 1000)
"""

RENAMED = CODE.replace("items", "records")

PROMPTS = {
    "retrieval": ("Here is a report.\n\n" + REPORT + "\n\nCopy the sentences of the report that say what the team found in the two lakes, "
                  "word for word.", "The report says: \"In Lake Arden", 96, 0),
    "code edit": ("Rename the variable `items` to `records` in this file, and print the whole file again.\n\n```python\n" + CODE + "```",
                  "```python\n" + "\n".join(RENAMED.split("\n")[:27]) + "\n    for rec", 144, 0),
    "summary": ("Summarise this report in a few sentences that keep its words.\n\n" + REPORT, "", 112, 0),
    "short answer": ("Here is a report.\n\n" + REPORT + "\n\nHow clear is the water of Lake Brill?", "", 40, 0),
    "explanation": ("Explain how a sailing boat can go against the wind.", "", 144, 0),
    "story": ("Tell a story of a fox who learns to read.", "", 144, 0.8),
}


def chat(name):
    asked, begun, _, _ = PROMPTS[name]
    return f"<|im_start|>user\n{asked}<|im_end|>\n<|im_start|>assistant\n{begun}"
