"""sentence_files.py FOLDER NAME CONTENT …: writes files of a checkpoint."""
import pathlib
import sys

for name, content in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
    pathlib.Path(sys.argv[1], name).write_text(content)
