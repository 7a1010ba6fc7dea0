"""Builds examples/dates and asks it the questions that it was not trained on: 99 of 100 answers have to be right, greedily and
with beams, and what one question is answered must not depend on the others.

    python3 dates.py HEDDLE EXAMPLES FOLDER
"""
import datetime
import pathlib
import subprocess
import sys

EXAMPLE = pathlib.Path(sys.argv[2]) / "dates"
sys.dont_write_bytecode = True
sys.path.insert(0, str(EXAMPLE))
import dates  # noqa: E402


def ask(program, questions, *options):
    text = "\n".join(questions) + "\n"
    return subprocess.run([program, "--lines", *options], input=text, check=True, capture_output=True, text=True).stdout.splitlines()


def main():
    program = pathlib.Path(sys.argv[3]) / "dates"
    subprocess.run([sys.argv[1], "build", "--cpu=native", EXAMPLE, "-o", program], check=True)
    questions, answers = zip(*(line.split("\t") for line in (EXAMPLE / "heldout.tsv").read_text().splitlines()))
    trained = [answer for answer in answers if not dates.is_held_out(datetime.date.fromisoformat(answer))]
    if len(questions) != 1000 or trained:
        sys.exit(f"found {len(questions)} questions, of which {len(trained)} are of days that are trained on: needed 1000 and none")
    for options in ([], ["--beams=4"]):
        found = ask(program, questions, *options)
        right = sum(a == b for a, b in zip(found, answers, strict=True))
        if right < 990:
            sys.exit(f"found {right} right answers with {options}, needed 990")
        alone = [ask(program, [question], "--threads=1", *options)[0] for question in questions[:20]]
        if alone != found[:20]:
            sys.exit(f"answers depend on the batch: found {found[:20]} together, {alone} alone")


if __name__ == "__main__":
    main()
