"""The same, for machines that have AVX2 and no more."""
from engines import heddle


class Engine(heddle.Engine):
    cpu = "x86-64-v3"
