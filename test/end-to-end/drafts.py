"""Texts of programs, with drafts and without."""
import re
import subprocess


class Drafts:
    """What tests of drafts from `source` have in common; `program` is what they run if nothing else is said."""
    source = program = None

    def run(self, program, *arguments, code=0, **more):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, **more)
        assert done.returncode == code, (arguments, done.returncode, done.stderr)
        return done

    def same(self, *arguments, program=None, **more):
        """That drafts change nothing. How many tokens were drafted, and how many of them chosen."""
        program = program or self.program
        plain = self.run(program, *arguments, **more).stdout
        done = self.run(program, *arguments, "--speculate", self.source, "--profile", **more)
        assert plain == done.stdout, (arguments, plain, done.stdout)
        drafted = re.search(r"drafted +(\d+) tokens, (\d+) of them", done.stderr)
        return [int(number) for number in drafted.groups()] if drafted else [0, 0]
