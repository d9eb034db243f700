"""The time from a click on a chat in the tray's menu to the pixels of the first typed key.

The window is hidden in the tray. It has 20 chats in tabs, ten of them in the tray's menu. The tray is a StatusNotifier
host on a real bus; it sends the click on a menu entry as a desktop does. As soon as the window has the keyboard focus,
the benchmark presses a key; the program answers with a field, which is found on the screen by its colour. Other
terminals have no chats in a tray, so there is no comparison.
"""

from __future__ import annotations

import time

from gui.tray.tray import MAX_CHATS
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.programs import program
from tests.support.tray_host import TrayHost
from tests.support.waiting import wait_until
from tests.support.windows import Window, window
from tests.support.x_client import XClient

SESSIONS = 20
WAIT_S = 30.0
SETTLE_S = 0.3
ANSWER = [bytes((178, 190, 17, unused)) * 40 for unused in (0, 255)]
"""Forty pixels of ``coloured_agent``'s answers."""


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("tray_to_typing", f"from the tray to a typed key on the pixels; {SESSIONS} chats in tabs")
    bench.display()
    names = [f"chat-{chr(ord('a') + number)}" for number in range(SESSIONS)]
    ids = [bench.new_session(program("coloured_agent"), name)["id"] for name in names]
    shown = Series("to the keyboard in the window", "ms")
    typed = Series("to a typed key on the pixels", "ms")
    report.series = [shown, typed]
    tray = bench.tray()
    with window() as app:
        for session in ids:
            app.show(session)
        app.wait_connected(ids)
        client = XClient()
        try:
            measure(app, tray, client, names[:MAX_CHATS] * bench.rounds * 2, shown, typed)
        finally:
            client.close()
        app.ask("close")
        app.process.wait(WAIT_S)
    for series in report.series:
        quantiles = " / ".join(f"{percentile(series.values, share):.0f}" for share in (50, 99, 100))
        report.notes.append(f"{series.name}: p50 / p99 / max {quantiles} ms")
        report.verdicts.append(Verdict(f"{series.name}, p50", percentile(series.values, 50), "ms"))
    return report


def measure(app: Window, tray: TrayHost, client: XClient, names: list[str], shown: Series, typed: Series) -> None:
    """Choose one chat after the other in the tray's menu, and type a key in each."""
    app.focus()
    [window_id] = app.shown()
    area = client.area_of(int(window_id))

    def answers() -> int:
        pixels = client.pixels(area)
        return sum(pixels.count(each) for each in ANSWER)

    for name in names:
        app.press("alt+F4")
        wait_until(lambda: not app.shown(), WAIT_S, "the window to be hidden")
        time.sleep(SETTLE_S)
        entry = entry_of(tray, name)
        with client.watching():
            began_s = time.monotonic()
            tray.click(entry)
            while not client.has_keyboard(int(window_id)):
                assert time.monotonic() < began_s + WAIT_S, "the window has no keyboard"
            shown.values.append((time.monotonic() - began_s) * 1000)
            previous = answers()
            client.press("Return")
            while answers() <= previous:
                assert client.wait_painted(began_s + WAIT_S - time.monotonic()), "the key is not painted"
            typed.values.append((time.monotonic() - began_s) * 1000)


def entry_of(tray: TrayHost, name: str) -> int:
    """Wait until a chat is in the tray's menu; return the id of its entry."""

    def found() -> list[int]:
        return [number for label, number in tray.menu().items() if label.startswith(f"{name}-")]

    return wait_until(found, WAIT_S, lambda: f"{name} in {tray.menu()}")[0]
