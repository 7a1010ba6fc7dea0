"""profile.py TRACE TABLE LAYERS: what `--profile=FILE` and `--profile` told of one run of a decoder with two threads."""
import pathlib
import sys

from trace_file import TraceFile

trace = TraceFile(sys.argv[1])
layers = int(sys.argv[3])
calls = trace.of("call")
assert len(calls) > 100 and len(trace.of("layer")) == len(calls) * layers
assert all(event["args"]["T"] >= 1 for event in calls)
assert [event["name"] for event in trace.of("layer")[:layers]] == [f"layer {number}" for number in range(layers)]
# All threads take part, be it that one waits long for a processor.
assert {event["tid"] for event in trace.of("task")} == {0, 1} == trace.threads.keys()
trace.check_totals(pathlib.Path(sys.argv[2]).read_text())
assert "draft" not in trace.about
