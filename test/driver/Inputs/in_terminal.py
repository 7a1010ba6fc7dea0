"""Runs a command whose output is a terminal and prints what it wrote, escape characters as \\e: in_terminal.py COMMAND…"""
import os
import pty
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
output = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:  # what Linux says when the command has ended
        break
    if not part:
        break
    output += part
sys.stdout.write(output.decode().replace("\x1b", "\\e").replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
