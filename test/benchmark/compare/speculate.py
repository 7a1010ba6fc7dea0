"""speculate.py PROGRAM … [--threads N,N] [--rounds N] [--sources lookup,model] [--prompts NAME,NAME]: what drafts gain.

Programs are those that `heddle build … --speculate DRAFT` makes of a chat model (SmolLM2-Instruct's template; drafted_texts.py has
the prompts). Every round writes each text anew without drafts and with those of each source, one process after the other, in an
order that rotates. Told is, as the median of the rounds, how many tokens a second there are from the first that is written to the last
(reading a prompt into a small model counts), and of each round's ratio to the text without drafts the median and the least. The
texts have to be the same.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import time

import drafted_texts
from turns import turns


def command(program, prompt, source, threads):
    _, _, tokens, temperature = drafted_texts.PROMPTS[prompt]
    words = [program, "--no-echo", "-n", str(tokens), "--temperature", str(temperature), "--seed", "1", "--threads", str(threads)]
    return words + (["--speculate", source] if source else []) + ["--", drafted_texts.chat(prompt)]


def write(words):
    """The text, and the seconds from its first byte to its last."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    text, first, last = b"", 0, 0
    while piece := os.read(process.stdout.fileno(), 1 << 16):
        last = time.perf_counter()
        first = first or last
        text += piece
    process.stdout.close()
    if process.wait():
        sys.exit(f"error: {words[0]} failed")
    return text, last - first


def count(words):
    """Tokens behind the first, and the shares of drafts that were chosen; in a run of its own, since a profile takes time."""
    told = subprocess.run(words[:-2] + ["--profile"] + words[-2:], check=True, capture_output=True, text=True).stderr
    drafted = re.search(r"drafted +(\d+) tokens, (\d+)", told)
    return int(re.search(r"decode +(\d+)", told)[1]), [int(number) for number in drafted.groups()] if drafted else [0, 0]


def measure(program, prompt, sources, threads, rounds):
    words = {source: command(program, prompt, source, threads) for source in sources}
    texts = {source: write(words[source])[0] for source in sources}
    for source in sources:
        if texts[source] != texts[None]:
            sys.exit(f"error: {program}: {prompt}: with --speculate {source} the text is another one")
    seconds = {source: [] for source in sources}
    for source in turns(sources, rounds):
        seconds[source].append(write(words[source])[1])
    return {source: (*count(words[source]), seconds[source]) for source in sources}


def tell(program, prompt, threads, rows):
    plain_tokens, _, plain = rows[None]
    cells = [os.path.basename(program), str(threads), prompt, str(plain_tokens), f"{plain_tokens / statistics.median(plain):.0f}"]
    for source, (_, (drafted, chosen), seconds) in rows.items():
        if source:
            ratios = [before / after for before, after in zip(plain, seconds)]
            cells += [f"{plain_tokens / statistics.median(seconds):.0f}", f"{statistics.median(ratios):.2f} ({min(ratios):.2f})",
                      f"{chosen}/{drafted}"]
    print("|", " | ".join(cells), "|", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sources", default="lookup,model")
    parser.add_argument("--prompts", default=",".join(drafted_texts.PROMPTS))
    options = parser.parse_args()
    sources = [None, *options.sources.split(",")]
    heads = ["program", "threads", "text", "tokens", "plain"]
    heads += [head for source in sources[1:] for head in (source, "times (least)", "chosen")]
    print("|", " | ".join(heads), "|\n" + "| --- " * len(heads) + "|", flush=True)
    for program in options.programs:
        for threads in map(int, options.threads.split(",")):
            for prompt in options.prompts.split(","):
                tell(program, prompt, threads, measure(program, prompt, sources, threads, options.rounds))


if __name__ == "__main__":
    main()
