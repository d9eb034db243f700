"""34 MB of coloured output in a visible window, compared with other terminals.

The program waits at a gate until its terminal is on the screen (Xvfb, with a window manager). Then the benchmark
releases it; the figure is the time that the program measures around its own ``cat FILE``. All windows have about the
same size and keep 10,000 lines.
"""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks import peers, streams
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.flood_detached import take
from tests.benchmarks.report import Report, Series, ratio
from tests.programs import Gate, program
from tests.support.commands import environment
from tests.support.waiting import wait_until
from tests.support.windows import window

TIMEOUT_S = 180.0
MEGABYTES = streams.FLOOD_BYTES / 1e6


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("flood_attached", "34 MB of coloured output, in a visible window")
    flood = streams.flood_file(bench.cache)
    bench.display()
    ours = Series("outlive's window", "MB/s", command="python -m gui; outlive new -- sh -c 'time cat FILE'")
    report.series = [ours]
    terminals: dict[str, Series] = {}
    for name in peers.TERMINALS:
        if lacking := peers.missing(name):
            report.notes.append(lacking)
        else:
            command = " ".join([*peers.TERMINALS[name], "sh -c 'time cat FILE'"])
            terminals[name] = Series(name, "MB/s", command=command)
    report.series += terminals.values()
    for turn in range(bench.rounds):
        ours.values.append(MEGABYTES / in_window_s(bench, flood))
        for name, series in terminals.items():
            if name == "xterm" and turn:
                continue  # It takes five seconds; one measurement is enough.
            series.values.append(MEGABYTES / in_peer_s(bench, name, flood))
    for name, series in terminals.items():
        limit, at_least = (0.7, True) if name == "konsole" else (0.0, None)
        report.verdicts.append(ratio(f"speed of {name}'s", ours, series, limit, at_least=at_least))
    return report


def in_window_s(bench: BenchmarkEnvironment, flood: Path) -> float:
    """Run the program in our window's active tab; return its time in seconds."""
    result = bench.cache / "took"
    with Gate(bench.cache / "gate") as gate:
        session = bench.new_session(program("timed_cat", flood, result, "--gate", gate.path), "flood")
        with window() as app:
            app.show(session["id"])
            app.wait_connected([session["id"]])
            wait_ready(result)
            # The window answers with a screenshot only after its first frame is on the screen.
            app.ask("grab", file=str(bench.cache / "before.png"))
            gate.release()
            wait_until(result.exists, TIMEOUT_S, "the program to end")
    bench.end_sessions()
    return take(result)


def in_peer_s(bench: BenchmarkEnvironment, name: str, flood: Path) -> float:
    """Run the program in another terminal; return its time in seconds."""
    result = bench.cache / "took"
    with Gate(bench.cache / "gate") as gate:
        argv = program("timed_cat", flood, result, "--gate", gate.path)
        with peers.in_terminal(name, argv, environment()):
            wait_ready(result)
            gate.release()
            wait_until(result.exists, TIMEOUT_S, f"the program in {name} to end")
    return take(result)


def wait_ready(result: Path) -> None:
    """Wait until the program waits at its gate."""
    ready = result.with_name(f"{result.name}.ready")
    wait_until(ready.exists, TIMEOUT_S, "the program to start")
    ready.unlink()
