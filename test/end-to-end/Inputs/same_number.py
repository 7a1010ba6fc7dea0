"""same_number.py TABLE NUMBERS: the score in the second line of a table is the first number of the other file."""
import sys

table, numbers = (open(path).read().splitlines() for path in sys.argv[1:])
found, needed = float(table[1].split()[0]), float(numbers[0])
sys.exit(None if abs(found - needed) < 1e-4 else f"found {found}, needed {needed}")
