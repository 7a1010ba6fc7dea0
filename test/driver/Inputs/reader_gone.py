#!/usr/bin/env python3
"""reader_gone.py COMMAND…: runs it with a standard output that nobody reads. It says
nothing, and its exit code is that of a program which SIGPIPE has ended."""

import os
import signal
import subprocess
import sys

reading, writing = os.pipe()
os.close(reading)
done = subprocess.run(sys.argv[1:], stdout=writing, stderr=subprocess.PIPE)
if done.returncode not in (128 + signal.SIGPIPE, -signal.SIGPIPE) or done.stderr:
    sys.exit(f"exit code {done.returncode}\n{done.stderr.decode()}")
