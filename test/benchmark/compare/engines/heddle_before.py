"""The same, by another build of the compiler: see --before."""
from engines import heddle


class Engine(heddle.Engine):
    compiler, programs = "HEDDLE_COMPARE_BEFORE", "heddle-before"
