"""Each module here has a class Engine(cell, threads, store): loaded, warm and with its inputs at hand once constructed.

    run()      one call, from ids in memory to results in memory; this is what is timed
    after()    untimed: makes the next call the same as the last one
    output()   what the last call answered: float32, [rows, ...]
    version    what ran, as it calls itself

It raises NotImplementedError for cells that the engine cannot run."""


class Base:
    def after(self):
        pass

    def refuse(self, cell):
        raise NotImplementedError(f"no {cell.work} in {cell.dtype} with {cell.model}")
