"""The cost of a year's ended chats: the same work beside 20, 500 and 3,000 of them, with 20 projects.

``year_chats`` makes the chats. Figures are processor times, which other load on the machine hardly changes, of the
process that the user waits for. ``OUTLIVE_YEAR_ROWS=start,filter`` measures only these rows (``ROWS``).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from session_host.client.chats.removal import remove_chat
from session_host.client.sessions.store_access import open_store
from session_host.paths import config_dir, session_journal, state_dir
from session_host.storage.search import Search
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, number
from tests.benchmarks.usage import usage
from tests.benchmarks.year_chats import NO_WORD, WORD, Year, write_journal
from tests.programs import program
from tests.support import processes
from tests.support.commands import OUTLIVE, environment
from tests.support.windows import window

SIZES = (20, 500, 3000)
AGENTS = 20
BUSY_S = 20.0
SETTLE_S = 15.0
"""By then hidden tabs have freed their replicas."""
REMOVED_BYTES = 1_000_000
EXPORTED_BYTES = 200_000_000
WINDOW_ROUNDS = 3
WAIT_S = 1800.0
BUSY_AGENT = """
title = "Busy"
executable = {executable}
start = [{start}, "{{arguments}}"]
monogram = "B"
[signals.titles]
'^✳' = "idle"
'^[^\\w\\s✳]' = "working"
"""


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        figure: the name of the figure.
        what: the row's heading.
        unit: of the figure.
        goal: the greatest value with 3,000 chats; if ``is_ratio``, as a multiple of that with 20.
        is_ratio: see ``goal``.
    """

    figure: str
    what: str
    unit: str
    goal: float | None = None
    is_ratio: bool = False


ROWS = {
    "search": (
        Row("search, first", "first search without an index: first result", "ms", 1000.0),
        Row("search", "… all chats read, for a word in none of them", "ms"),
    ),
    "ls": (Row("ls", "ls --all --json, 2,000 stored conversations", "ms", 500.0),),
    "new": (
        Row("new", "outlive new -d", "ms", 1.05, is_ratio=True),
        Row("new, limit", "… with the check of the limit, once in six hours", "ms"),
    ),
    "rm": (Row("rm", "rm of one with 1 MB of text", "ms", 20.0),),
    "busy": (Row("busy", "20 busy agents in background tabs, 20 s", "ms", 1.1, is_ratio=True),),
    "start": (
        Row("start", "window, whole start to its first paint", "ms", 1.1, is_ratio=True),
        Row("start, blocked", "… main thread, after its imports", "ms", 1.1, is_ratio=True),
        Row("memory, PSS", "memory of the window (PSS)", "MB", 105 * 1.048576),
        Row("memory, RSS", "memory of the window (RSS)", "MB"),
    ),
    "change": (
        Row("change, folded", "one change of one chat, Ended folded", "ms", 2.0),
        Row("change, open", "… Ended open", "ms", 4.0),
        Row("change, all months open", "… each month open, too", "ms"),
    ),
    "switcher": (
        Row("switcher, open", "Ctrl+Shift+K: open", "ms", 50.0),
        Row("switcher, slowest letter", "… slowest letter", "ms", 16.0),
    ),
    "filter": (
        Row("filter, first letter", "filter: first letter", "ms", 16.0),
        Row("filter, more letters", "… more letters at once", "ms", 16.0),
        Row("filter, clear", "… clear", "ms", 16.0),
    ),
    "unfold": (Row("unfold", "unfold Ended", "ms", 50.0),),
    "remove": (
        Row("remove, remove", "remove 100 in the window", "ms", 100.0),
        Row("remove, remove, longest freeze", "… longest freeze", "ms", 50.0),
        Row("remove, undo", "undo", "ms", 100.0),
        Row("remove, undo, longest freeze", "… longest freeze", "ms", 50.0),
    ),
    "carry out": (
        Row("carry out, process", "remove them for good (whole process)", "ms"),
        Row("carry out, longest freeze", "… longest freeze", "ms", 50.0),
    ),
    "export": (
        Row("export, .txt", "export of 200 MB to .txt", "ms", 5000.0),
        Row("export, .html", "… to .html", "ms", 20_000.0),
    ),
}
"""Parts that are measured together, in this order; the window's rows are from one window each round."""
WINDOW_ROWS = ("start", "change", "switcher", "filter", "unfold", "remove")

Figures = dict[str, float]


class State:
    """A store with some ended chats, and a running chat.

    Attributes:
        size: the number of ended chats.
        figures: the values of each figure.
    """

    def __init__(self, root: Path, year: Year, size: int) -> None:
        self.size = size
        self.year = year
        self.figures: dict[str, list[float]] = {}
        self._variables = {"OUTLIVE_RUNTIME_DIR": root / f"r{size}", "OUTLIVE_STATE_DIR": root / f"state{size}"}
        for directory in self._variables.values():
            directory.mkdir(mode=0o700)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A context in which the product uses this state."""
        with pytest.MonkeyPatch.context() as patch:
            for name, directory in self._variables.items():
                patch.setenv(name, str(directory))
            yield

    def add(self, figures: Figures) -> None:
        """Add measured figures."""
        for name, value in figures.items():
            self.figures.setdefault(name, []).append(value)

    def end(self) -> None:
        """End the processes, and remove all files."""
        runtime = str(self._variables["OUTLIVE_RUNTIME_DIR"])
        processes.end_product(lambda: processes.with_environment("OUTLIVE_RUNTIME_DIR", runtime))
        for directory in self._variables.values():
            shutil.rmtree(directory)


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("year", "what is done beside 20, 500 and 3,000 ended chats")
    wanted = os.environ.get("OUTLIVE_YEAR_ROWS", "")
    parts = [part for part in ROWS if part in (wanted.split(",") if wanted else ROWS)]
    bench.display()
    bench.tray()
    templates = bench.cache / "templates"
    templates.mkdir()
    year = Year(templates, bench.area.home)
    write_busy_agent()
    with ExitStack() as stack:
        states = []
        for size in SIZES:
            state = State(bench.area.root, year, size)
            stack.callback(state.end)
            year.recorded_bytes = 0
            with state.entered():
                year.add(size)
                bench.new_session(program("raw_echo"), "quiet")
            states.append(state)
        report.notes.append(f"{SIZES[-1]} chats: {year.recorded_bytes / 1e6:.0f} MB of recorded output")
        for part, rounds in steps(parts, bench.rounds):
            for turn in range(rounds):
                for state in states if part[0] != "export" else states[:1]:
                    say(f"{', '.join(part)}: {state.size} chats, {turn + 1} of {rounds}")
                    with state.entered():
                        state.add(measure(bench, state, part))
    add_results(report, parts, states)
    return report


def steps(parts: Sequence[str], rounds: int) -> Iterator[tuple[list[str], int]]:
    """The parts that are measured by one process each time, and how often."""
    once = {"search", "carry out", "export"}
    in_window = [part for part in parts if part in WINDOW_ROWS]
    for part in parts:
        if part not in WINDOW_ROWS:
            yield [part], 1 if part in once else min(rounds, 2) if part == "busy" else rounds
        elif part == in_window[0]:
            yield in_window, min(rounds, WINDOW_ROUNDS)


def measure(bench: BenchmarkEnvironment, state: State, parts: Sequence[str]) -> Figures:
    """Measure some parts once."""
    match parts[0]:
        case "search":
            return first_search()
        case "ls":
            return {"ls": command_ms("ls", "--all", "--json")}
        case "new":
            return new_chats()
        case "rm":
            return removal(state.year)
        case "busy":
            return busy_agents(bench)
        case "export":
            return exports(state.year, bench.cache)
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.year_window", *parts], env=environment(), check=True,
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=WAIT_S,
    )  # fmt: skip
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def first_search() -> Figures:
    """Search without an index: the time up to the first line, and until no chat has what is searched."""
    argv = [*OUTLIVE, "search", WORD]
    for path in state_dir().glob("search.db*"):
        path.unlink()
    began_s = children_s()
    with subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first_s = usage(process.pid).cpu_s
        process.stdout.read()
    subprocess.run([*OUTLIVE, "search", NO_WORD], env=environment(), check=False, capture_output=True, timeout=WAIT_S)
    return {"search, first": first_s * 1000, "search": (children_s() - began_s) * 1000}


def new_chats() -> Figures:
    """Start a chat, and another one when a check of the limit is due."""
    figures: Figures = {}
    for name in ("new", "new, limit"):
        mark = state_dir() / "limit-checked"
        if name == "new":
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)
        figures[name] = command_ms("new", "-d", "-n", "fresh", "--", "cat")
        remove("fresh")
    return figures


def removal(year: Year) -> Figures:
    """Remove a chat whose text is in the index, as a process does that has imported everything."""
    figures: Figures = {}
    for _ in range(2):  # The first one imports.
        record = year.add_one(REMOVED_BYTES)
        with Search() as search:
            search.update([record.id])
        with open_store() as store:
            began_s = time.process_time()
            remove_chat(store, record)
            figures["rm"] = (time.process_time() - began_s) * 1000
    return figures


def busy_agents(bench: BenchmarkEnvironment) -> Figures:
    """The window's time while agents work in background tabs; a quiet chat is in front."""
    with open_store() as store:
        [quiet] = store.running()
    names = [f"busy-{count}" for count in range(AGENTS)]
    for name in names:
        command_ms("new", "-d", "-n", name, "busy")
    with open_store() as store:
        ids = [record.id for record in store.running()]
    try:
        with window() as app:
            for session_id in [*ids, quiet.id]:
                app.show(session_id)
            app.wait_connected(ids)
            time.sleep(SETTLE_S)
            began_s = usage(app.process.pid).cpu_s
            time.sleep(BUSY_S)
            used_s = usage(app.process.pid).cpu_s - began_s
            app.ask("close")
            app.process.wait(60)
    finally:
        remove(*names)
    return {"busy": used_s * 1000}


def exports(year: Year, directory: Path) -> Figures:
    """Export one large recording."""
    record = year.add_one(1)
    shutil.rmtree(session_journal(record.id))
    write_journal(session_journal(record.id), EXPORTED_BYTES, "sgr")
    figures = {}
    for suffix in (".txt", ".html"):
        path = directory / f"exported{suffix}"
        figures[f"export, {suffix}"] = command_ms("export", record.id, str(path))
        path.unlink()
    remove(record.id, is_running=False)
    return figures


def write_busy_agent() -> None:
    """Add the agent that is always busy to the catalog."""
    path = config_dir() / "agents" / "busy.toml"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    start = ", ".join(json.dumps(word) for word in program("busy_agent"))
    path.write_text(BUSY_AGENT.format(executable=json.dumps(sys.executable), start=start))


def remove(*chats: str, is_running: bool = True) -> None:
    """End and remove these chats."""
    for chat in chats:
        if is_running:
            command_ms("kill", chat)
        command_ms("rm", chat)


def command_ms(*words: str) -> float:
    """Run a command; return its processor time."""
    began_s = children_s()
    subprocess.run(
        [*OUTLIVE, *words], env=environment(), check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        timeout=WAIT_S,
    )  # fmt: skip
    return (children_s() - began_s) * 1000


def children_s() -> float:
    """The processor time of all processes that have ended and were started from this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def add_results(report: Report, parts: Sequence[str], states: Sequence[State]) -> None:
    """Add series, verdicts and the table to the report."""
    table = [("what is done", *(f"{state.size}" for state in states), "of 20", "goal")]
    for row in (row for part in parts for row in ROWS[part]):
        series = [
            Series(f"{row.what}, {state.size} chats", row.unit, state.figures[row.figure])
            for state in states
            if row.figure in state.figures
        ]
        report.series += series
        smallest, largest = series[0].median, series[-1].median
        growth = largest / smallest if smallest > 0 and len(series) > 1 else 1.0
        if row.goal is not None:
            value, unit = (growth, "×") if row.is_ratio else (largest, row.unit)
            report.verdicts.append(Verdict(row.what, value, unit, row.goal, at_least=False))
        values = [f"{number(each.median)} {row.unit}" for each in series]
        values += [""] * (len(states) - len(values))
        goal = "" if row.goal is None else f"≤ {number(row.goal)} {'×' if row.is_ratio else row.unit}"
        table.append((row.what, *values, f"{number(growth)} ×", goal))
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    report.notes += [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in table
    ]


def say(line: str) -> None:
    """Print the progress: the whole takes some minutes."""
    print(line, file=sys.stderr, flush=True)
