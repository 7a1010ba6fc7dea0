"""sampling.py HEDDLE EXAMPLES FOLDER: stop strings, samples, penalties, biases and log probabilities of a program."""
import json
import math
import pathlib
import re
import subprocess
import sys

PROMPT = "And God said unto"
GREEDY = ["-n", "40", "--temperature", "0", "--no-echo"]


class Tests:
    def __init__(self, heddle, examples, folder):
        self.program = pathlib.Path(folder) / "scripture"
        subprocess.run([heddle, "build", "--cpu=native", pathlib.Path(examples) / "scripture", "-o", self.program], check=True, capture_output=True)

    def run(self, *arguments, code=0, text=PROMPT):
        done = subprocess.run([self.program, text, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == code, (arguments, done.returncode, done.stderr)
        return done

    def stops(self):
        whole = self.run(*GREEDY).stdout
        assert len(whole) > 80
        # Of every place and length, so that borders of tokens lie within, before and behind.
        for begin in (1, 17, 40, 41, 42, 43, 44):
            for length in (1, 2, 7, 20):
                stop = whole[begin:begin + length]
                wanted = whole[:whole.index(stop)]
                assert self.run(*GREEDY, "--stop", stop).stdout == wanted + "\n", (stop, wanted)
        # The beginning of one, which goes on otherwise, is text; and so is one that is not done at the end.
        for stop in (whole[20:30] + "#", whole[-6:-1] + "#", "#"):
            assert self.run(*GREEDY, "--stop", stop).stdout == whole, stop
        first = self.run(*GREEDY, "--stop", whole[50:55], "--stop", whole[30:37], "--stop", "#").stdout
        assert first == whole[:min(whole.index(whole[50:55]), whole.index(whole[30:37]))] + "\n"
        texts = [json.loads(line)["text"] for line in self.run(*GREEDY, "And Moses", "--stop", "LORD", "--format", "json").stdout.splitlines()]
        assert len(texts) == 2 and not any("LORD" in text for text in texts)

    def samples(self):
        options = ["-n", "12", "--temperature", "1", "--seed", "5", "--no-echo", "--profile"]
        one, three, apart = (self.run(*options, *more) for more in ([], ["--samples", 3], [PROMPT, PROMPT]))
        assert three.stdout == apart.stdout and three.stdout.startswith(one.stdout) and len(set(three.stdout.split("\n\n"))) == 3
        read = [re.search(r"prefill +(\d+)", done.stderr)[1] for done in (one, three)]
        assert read[0] == read[1], "the prompt is read once"

    def threads(self):
        """Rows enough that threads share the choosing."""
        for options in (["--top-p", 0.9], ["--repetition-penalty", 1.2, "--top-k", 9], ["--temperature", 0]):
            texts = {self.run("-n", 20, "--temperature", 1, "--samples", 30, *options, "--threads", threads).stdout for threads in (1, 2, 3)}
            assert len(texts) == 1, options

    def choice(self):
        lines = self.run(*GREEDY, "--format", "json", "--logprobs", 4).stdout
        told = json.loads(lines)["logprobs"]
        assert len(told) == 40
        for token in told:
            top = [one["logprob"] for one in token["top"]]
            assert token["id"] == token["top"][0]["id"] and token["logprob"] == top[0] == max(top) and len(top) == 4
            assert top == sorted(top, reverse=True) and sum(map(math.exp, top)) <= 1
        ids = [token["id"] for token in told]
        assert len(set(ids)) < len(ids)
        # The distribution is the model's own, whatever is chosen of it.
        forced = json.loads(self.run(*GREEDY, "--format", "json", "--logprobs", 1, "--logit-bias", "77=1000").stdout)["logprobs"]
        assert {token["id"] for token in forced} == {77} and forced[0]["top"] == told[0]["top"][:1] and forced[0]["logprob"] < -1
        banned = json.loads(self.run(*GREEDY, "--format", "json", "--logprobs", 1, "--logit-bias", f"{ids[0]}=-inf").stdout)["logprobs"]
        assert banned[0]["id"] == told[0]["top"][1]["id"] and ids[0] not in {token["id"] for token in banned}
        for option in ("--frequency-penalty", "--presence-penalty"):
            never = json.loads(self.run(*GREEDY, "--format", "json", "--logprobs", 1, option, 1000).stdout)["logprobs"]
            assert len({token["id"] for token in never}) == 40, option
        typical = [self.run("-n", "30", "--temperature", "1", "--top-k", 0, "--seed", 3, "--typical-p", p).stdout for p in (0.2, 1)]
        assert typical[0] != typical[1]

    def refusals(self):
        for arguments, message in [
                (["--stop", ""], "--stop is empty, needed: a text"), (["--logprobs", 2], "--logprobs goes with --format json"),
                (["--logit-bias", "a=1"], "--logit-bias is a=1, needed: a token's id and a number"), (["--logit-bias", "1"], "--logit-bias is 1, needed"),
                (["--logit-bias", "3072=1"], "token 3072 has a bias, needed: 0 to 3071"), (["--logit-bias", "1=nan"], "needed: a token's id and a number"), (["--typical-p", 0], "typical-p needed: more than 0"),
                (["--presence-penalty", 2000], "frequency and presence penalty needed"), (["--samples", 0], "--samples is 0, needed"),
                (["--temperature", 0, "--beams", 2, "--stop", "x"], "--stop does not go with a search with beams")]:
            done = self.run(*arguments, code=1)
            assert message in done.stderr and done.stderr.count("error:") == 1, (message, done.stderr)


if __name__ == "__main__":
    tests = Tests(*sys.argv[1:])
    for test in ("stops", "samples", "threads", "choice", "refusals"):
        getattr(tests, test)()
