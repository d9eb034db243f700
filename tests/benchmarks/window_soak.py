"""Uses a window for hours: ``python -m tests.benchmarks.window_soak --minutes 60 [--only NAME] [--to DIRECTORY]``.

Real keys switch tabs, split and close panes, open each sheet and window, start and end shells, prompt an agent and
answer its question, while chats write. After each round the benchmark measures the window's memory (PSS) and
descriptors. It writes ``window_soak.csv``, and prints a verdict: no error in the window's log,
and flat, if over the last two thirds of the time nothing grew by more than noise. The figure rises for some rounds and
falls again, so the verdict uses the lowest one of each six rounds. ``--only`` repeats one of the actions, which shows
the cost of one repetition.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gui.fault_report import CRASH, UNEXPECTED
from session_host.paths import config_dir
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.benchmarks.usage import descriptor_count, flatness, lowest_of_each, pss_mb
from tests.support.commands import outlive
from tests.support.structured_chats import new_chat
from tests.support.windows import NotListening, Window, window

MIN_GROWTH_MB, GROWTH_SHARE = 4.0, 0.03
"""Growth that allocators and caches cause."""

ROUNDS_JUDGED = 6
"""Within this number of rounds, the figure has fallen at least once."""

ACT_S = 0.15
"""Pause after a key: long enough for the window to paint."""

AGENT = """
import random, sys, time
choose = random.Random(1)
while True:
    for _ in range(choose.randrange(5, 200)):
        color = choose.randrange(256)
        words = "lorem ipsum dolor " * choose.randrange(1, 6)
        print(f"\\x1b[38;5;{color}m{words}\\x1b[m \\u6f22\\u5b57 \\U0001f469", flush=True)
    print(f"\\x1b]2;step {choose.randrange(1000)}\\x07", end="", flush=True)
    time.sleep(choose.random() * 0.4)
"""
REDRAW = """
import random, sys, time
sys.stdout.write("\\x1b[?1049h")
while True:
    lines = [f"\\x1b[{row};1H\\x1b[4{row % 8}m{random.random():.60f}\\x1b[m" for row in range(1, 24)]
    sys.stdout.write("\\x1b[?2026h" + "".join(lines) + "\\x1b[?2026l")
    sys.stdout.flush()
    time.sleep(0.1)
"""
PROGRAMS = {
    "agent": [sys.executable, "-ISc", AGENT],
    "redraw": [sys.executable, "-ISc", REDRAW],
    "flood": ["bash", "-c", "while :; do seq 1 200000; sleep 3; done"],
    "one line": ["bash", "-c", "while :; do head -c 3M /dev/zero | tr '\\0' x; sleep 3; done"],
    "echo": ["cat"],
    "idle": ["sleep", "1000000"],
}
"""What the chats run: programs that write like an agent, redraw a screen, flood, echo, or wait."""

KEYS: dict[str, tuple[str, ...]] = {
    "tabs": ("ctrl+Tab",) * 6,
    "panes": ("F8", "F7", "ctrl+shift+z", "ctrl+shift+z", "ctrl+shift+w", "ctrl+shift+w"),
    "close and reopen": ("ctrl+shift+w", "ctrl+shift+t"),
    "palette": ("ctrl+shift+p", "s", "e", "Down", "Escape"),
    "switcher": ("ctrl+shift+k", "a", "Escape"),
    "find": ("ctrl+shift+f", "l", "o", "Return", "Return", "Escape"),
    "search": ("ctrl+shift+s", "l", "o", "r", "Escape"),
    "new chat": ("ctrl+shift+n", "Tab", "Escape"),
    "settings": ("ctrl+comma", "Tab", "Down", "Down", "Down", "Escape"),
    "guide": ("ctrl+shift+F1", "Tab", "Down", "Down", "Escape"),
    "changes": ("ctrl+shift+i", "Down", "Escape"),
    "zoom": ("ctrl+plus", "ctrl+plus", "ctrl+0"),
    "scroll": ("shift+Prior", "shift+Prior", "shift+Home", "shift+End"),
    "hints": ("ctrl+shift+h", "Escape"),
    "select": ("ctrl+shift+a", "ctrl+shift+c"),
    "sidebar": ("ctrl+shift+b", "ctrl+shift+b"),
}
"""The keys of each action."""


class Soak:
    """One run: its chats, and the actions in the window.

    Attributes:
        actions: a function for each action, by name.
    """

    def __init__(self, bench: BenchmarkEnvironment, opened: Window, seed: int) -> None:
        self._window = opened
        self._choose = random.Random(seed)
        self._chats = [bench.new_session(argv, name.replace(" ", "-"))["id"] for name, argv in PROGRAMS.items()]
        self._structured = new_chat(bench.area, "structured")
        for session in (*self._chats, self._structured):
            opened.show(session)
        self.actions: dict[str, Callable[[], None]] = {
            **{name: partial(self._press, keys) for name, keys in KEYS.items()},
            "shell": self._shell,
            "prompt": self._prompt,
            "theme": self._theme,
        }

    def do(self, name: str) -> None:
        """Do one action in a random tab."""
        self._window.show(self._choose.choice([*self._chats, self._structured]))
        self.actions[name]()
        self._press(("Escape",))

    def _press(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            self._window.press(key)
            time.sleep(ACT_S)

    def _shell(self) -> None:
        self._press(("ctrl+shift+Return",))
        time.sleep(1)
        self._window.type("seq 1 500; exit")
        self._press(("Return",))
        time.sleep(1)
        self._press(("ctrl+shift+w",))

    def _prompt(self) -> None:
        self._window.show(self._structured)
        outlive("wait", "structured", "--status", "idle", "--timeout", "60")
        self._window.type("run: make all")
        self._press(("Return",))
        outlive("wait", "structured", "--status", "needs_input", "--timeout", "60")
        time.sleep(ACT_S)
        self._press(("alt+y",))

    def _theme(self) -> None:
        self._press(("ctrl+shift+p",))
        self._window.type("theme")
        self._press(("Return", "Down", "Down", "Escape"))


def window_errors(bench: BenchmarkEnvironment) -> tuple[int, list[str]]:
    """The number of errors and crashes in the windows' logs, and the logs' texts."""
    logs = [log.read_text(encoding="utf-8", errors="replace") for log in bench.area.state.glob("logs/window*")]
    return sum(log.count(UNEXPECTED) + log.count(CRASH) for log in logs), logs


def run(bench: BenchmarkEnvironment, minutes: float, only: str, directory: Path, seed: int) -> int:
    """Use the window; return 1 if there was an error or a figure is not flat."""
    bench.display()
    bench.tray()
    directory.mkdir(parents=True, exist_ok=True)
    series: dict[str, list[tuple[float, float]]] = {"window": [], "descriptors": []}
    done = 0
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "keys.toml").write_text('mirror_right = "F8"\nmirror_down = "F7"\n')
    with window(errors=directory / "window.log") as opened, (directory / "window_soak.csv").open("w") as file:
        soak = Soak(bench, opened, seed)
        opened.focus()
        writer = csv.writer(file)
        writer.writerow(["seconds", "actions", *series])
        names = [only] if only else list(soak.actions)
        began_s = time.monotonic()
        while (at_s := time.monotonic() - began_s) < minutes * 60:
            for name in random.Random(seed + done).sample(names, len(names)):
                try:
                    soak.do(name)
                except (NotListening, AssertionError, RuntimeError):
                    print(f"action {done}, {name}; the window: {opened.process.poll()}")
                    print(*window_errors(bench)[1], sep="\n")
                    raise
                done += 1
            pid = opened.process.pid
            figures = {"window": pss_mb(pid), "descriptors": float(descriptor_count(pid))}
            for name, figure in figures.items():
                series[name].append((at_s, figure))
            writer.writerow([f"{at_s:.1f}", done, *(f"{figure:.2f}" for figure in figures.values())])
            file.flush()
    print(f"window soak of {minutes:g} minutes: {done} actions")
    errors, logs = window_errors(bench)
    print(f"errors in the window's log: {errors}")
    if errors:
        print(*logs, sep="\n")
    flat = not errors
    for name, points in series.items():
        least, share = (4, 0.0) if name == "descriptors" else (MIN_GROWTH_MB, GROWTH_SHARE)
        judged = flatness(lowest_of_each(points, ROUNDS_JUDGED) or points, least=least, share=share)
        flat = flat and judged.flat
        print(judged.line(name, points))
    return 0 if flat else 1


def main() -> int:
    """Run the soak that the command line describes; return 1 unless it found no error and all figures are flat."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.window_soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--only", default="", help="one action, such as 'palette'")
    parser.add_argument("--to", type=Path, default=Path("window_soak"), help="where the figures go (./window_soak)")
    parser.add_argument("--seed", type=int, default=1, help="of chance (1)")
    options = parser.parse_args()
    with benchmark_environment(1) as bench:
        return run(bench, options.minutes, options.only, options.to.absolute(), options.seed)


if __name__ == "__main__":
    sys.exit(main())
