"""tutorials.py PAGE FOLDER BIN ROOT: does what a tutorial says in FOLDER, with the commands of BIN, and compares what is printed.

A fenced block ```LANGUAGE FILE is that file. In ```console a line behind `$ ` is a command, which ends with 0, what follows is what it prints on
standard output and error: … is any text. In ```console fails the last command ends with 1.
"""
import os
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", flags=re.S | re.M)


def commands_of(block):
    """(command, what it prints), in turn."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.M)
    assert not parts[0], f"found {parts[0]!r} before the first command"
    return list(zip(parts[1::2], parts[2::2]))


def fits(shown, printed):
    pattern = ".*".join(map(re.escape, shown.strip("\n").split("…")))
    return re.fullmatch(pattern, printed.strip("\n"), flags=re.S)


def exported(command, environment):
    """The environment behind `export NAME=VALUE`, which the commands after it have."""
    done = subprocess.run(["bash", "-c", f"{command} && env -0"], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)


def run(command, shown, code, folder, environment):
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != code or not fits(shown, done.stdout):
        sys.exit(f"$ {command}\nended with {done.returncode}, needed {code}; printed\n{done.stdout}\nneeded\n{shown}")


def main():
    page, folder, commands, root = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True)
    (folder / "examples").symlink_to(root / "examples")
    environment = os.environ | {"PATH": f"{commands}:{os.environ['PATH']}", "HEDDLE": str(root), "LC_ALL": "C.UTF-8"}
    count = 0
    for language, argument, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language != "console":
            assert argument, f"found a block of {language} without a file's name"
            (folder / argument).parent.mkdir(exist_ok=True)
            (folder / argument).write_text(text, encoding="utf-8")
            continue
        steps = commands_of(text)
        for number, (command, shown) in enumerate(steps, 1):
            if command.startswith("export "):
                environment = exported(command, environment)
            else:
                run(command, shown, int(argument == "fails" and number == len(steps)), folder, environment)
        count += len(steps)
    print(f"{page.name}: {count} commands")


main()
