"""The cost of idle sessions: ``python -m tests.benchmarks.idle --sessions 50 --seconds 60 [--everyday]``.

The program of each session waits. The window lists all sessions and has one of them in a tab, or (``--everyday``) all
of them in tabs, with three panes and a second window. The figures are processor time in per cent of a core, wake-ups
per second (voluntary context switches of all threads, which count each poll), and memory (PSS).
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack

from session_host.paths import config_dir
from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.benchmarks.quick_sessions import active_keeper
from tests.benchmarks.report import percentile
from tests.benchmarks.usage import Usage, pss_mb, usage
from tests.support.commands import outlive
from tests.support.waiting import wait_until
from tests.support.windows import Window, window

SETTLE_S = 5.0
SETTLE_EVERYDAY_S = 35.0
"""Cursors blink for 10 s after a key, the search index reads the new output, and Qt ends pooled threads after 30 s."""

MAX_CPU_PERCENT = 0.2
"""Of all measured processes together."""

MAX_WAKE_UPS_A_SECOND = 0.5
"""Of each host, and of the window; a polling timer causes at least one."""

WAIT_S = 30.0


def run(bench: BenchmarkEnvironment, sessions: int, seconds: float, *, with_window: bool, everyday: bool) -> int:
    """Run the benchmark; return 1 if a limit is exceeded."""
    with ExitStack() as stack:
        for number in range(sessions):
            bench.new_session(["cat"], f"idle-{number}")
        infos = outlive("ls", "--json", timeout_s=60).json()
        pids = {f"host {info['name']}": info["host_pid"] for info in infos}
        keeper = active_keeper()
        if keeper is not None:
            pids["keeper"] = keeper
        if with_window:
            bench.display()
            config_dir().mkdir(parents=True, exist_ok=True)
            (config_dir() / "keys.toml").write_text('mirror_right = "F8"\nmirror_down = "F7"\n')
            shown = stack.enter_context(window())
            ids = [info["id"] for info in infos]
            open_tabs(shown, ids if everyday else ids[:1])
            if everyday:
                split(shown)
            pids["window"] = shown.process.pid
        time.sleep(SETTLE_EVERYDAY_S if everyday else SETTLE_S)
        before = {name: usage(pid) for name, pid in pids.items()}
        began_s = time.monotonic()
        time.sleep(seconds)
        took_s = time.monotonic() - began_s
        used = {name: usage(pid).since(before[name]) for name, pid in pids.items()}
        memory = {name: pss_mb(pid) for name, pid in pids.items()}

    def print_usage(name: str, each: Usage, megabytes: float) -> None:
        print(
            f"  {name:<28} {each.cpu_s / took_s * 100:7.3f} % of a core  "
            f"{each.voluntary / took_s:7.2f} wake-ups/s  {megabytes:7.2f} MB"
        )

    hosts = [name for name in used if name.startswith("host ")]
    print(f"{sessions} idle sessions{' and the window' if with_window else ''} for {took_s:.0f} s")
    all_hosts = Usage(*(sum(values) for values in zip(*(used[name] for name in hosts), strict=True)))
    print_usage(f"{len(hosts)} hosts together", all_hosts, sum(memory[name] for name in hosts))
    busiest = max(hosts, key=lambda name: used[name].voluntary)
    print_usage(f"busiest: {busiest}", used[busiest], memory[busiest])
    for name in ("keeper", "window"):
        if name in used:
            print_usage(name, used[name], memory[name])
    host_mb = [memory[name] for name in hosts]
    print(f"  one idle host: p50 {percentile(host_mb, 50):.2f} MB, most {max(host_mb):.2f} MB (PSS)")
    cpu_percent = sum(each.cpu_s for each in used.values()) / took_s * 100
    wake_ups = max(used[name].voluntary for name in used if name != "keeper") / took_s
    met = cpu_percent <= MAX_CPU_PERCENT and wake_ups <= MAX_WAKE_UPS_A_SECOND
    print(
        f"  → all together {cpu_percent:.3f} % of a core (≤ {MAX_CPU_PERCENT:g}), the busiest of them wakes up "
        f"{wake_ups:.2f} times a second (≤ {MAX_WAKE_UPS_A_SECOND:g}): {'met' if met else 'MISSED'}"
    )
    return 0 if met else 1


def open_tabs(app: Window, ids: list[str]) -> None:
    """Open these chats in tabs."""
    for session_id in ids:
        app.show(session_id)
    app.wait_connected(ids)


def split(app: Window) -> None:
    """Make three panes and move one tab to a second window, by keys."""

    def wait_fronts(count: int) -> None:
        wait_until(lambda: sum(tab["in_front"] for tab in app.tabs()) == count, WAIT_S, f"{count} panes")

    app.focus()
    for count, key in enumerate(("F8", "F7"), 2):
        app.press(key)
        wait_fronts(count)
    app.press("alt+shift+Left", "ctrl+shift+p")
    app.type("move tab to a new window")
    app.press("Return")
    wait_until(lambda: len(app.shown()) == 2, WAIT_S, "a second window")
    wait_fronts(4)


def main() -> int:
    """Run the benchmark that the command line describes; return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.idle", description=__doc__)
    parser.add_argument("--sessions", type=int, default=50, help="how many (50)")
    parser.add_argument("--seconds", type=float, default=30, help="how long (30)")
    window_or_none = parser.add_mutually_exclusive_group()
    window_or_none.add_argument("--no-window", action="store_true", help="hosts and keeper alone")
    window_or_none.add_argument("--everyday", action="store_true", help="all chats in tabs, three panes, two windows")
    options = parser.parse_args()
    with benchmark_environment(1) as bench:
        return run(
            bench, options.sessions, options.seconds, with_window=not options.no_window, everyday=options.everyday
        )


if __name__ == "__main__":
    sys.exit(main())
