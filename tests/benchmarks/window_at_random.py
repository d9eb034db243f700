"""Uses a window at random: ``python -m tests.benchmarks.window_at_random --minutes 10 [--seed 1]``.

Presses keys, types, clicks and drags at random points of a window, while its chats write. All are real events of the X
server. Every few actions the window must answer, and its log must have no error; the same holds after the window's end.
Prints the last actions before each error. Exit code: 1 if there was an error.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections import deque

from tests.benchmarks.environment import BenchmarkEnvironment, benchmark_environment
from tests.benchmarks.soak import PROGRAMS
from tests.benchmarks.window_soak import KEYS, window_errors
from tests.support.chat_commands import new_chat
from tests.support.waiting import wait_until
from tests.support.windows import TIMEOUT_S, NotListening, Window, window, xdotool

PAUSE_S = 0.06
LOOK_EVERY, RAISE_EVERY = 10, 25
"""The numbers of actions between two checks, and between two times that the window is raised."""

ACTS_OF_A_WINDOW = 1500
SHOWN_ACTIONS = 30

WINDOW_KEYS = sorted({
    *(key for keys in KEYS.values() for key in keys),
    *(f"alt+{key}" for key in "123yna"),
    *(f"alt+shift+{key}" for key in ("Left", "Right", "Up", "Down")),
    *(f"ctrl+shift+{key}" for key in ("Tab", "space", "Prior", "Next", "Delete", "Return", *"joyrlv")),
    "ctrl+minus", "ctrl+Return", "ctrl+alt+Return", "ctrl+a", "ctrl+z", "F2", "F10", "F11", "Menu", "Delete",
})  # fmt: skip
PLAIN_KEYS = (
    "Return", "Escape", "Tab", "shift+Tab", "Up", "Down", "Left", "Right", "Home", "End", "Prior", "Next", "BackSpace",
    "shift+Up", "shift+Down", "ctrl+Home", "ctrl+End", "space",
)  # fmt: skip
TEXTS = ("run: make all", "hello", "ls", "theme", "close", "#", "@", "/", "12", "éß漢字", "  ", "stop", "edit: a.txt")
BUTTONS = "111123345"


class RandomUser:
    """Does random actions in the active window.

    Attributes:
        actions: the last ones, described.
        count: the number of actions so far.
    """

    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)
        self.actions: deque[str] = deque(maxlen=SHOWN_ACTIONS)
        self.count = 0

    def do_one(self) -> None:
        """Do one random action."""
        self.count += 1
        choose = self._choose
        kind = choose.choices(("key", "plain key", "text", "click", "drag", "move"), (35, 25, 8, 18, 9, 5))[0]
        match kind:
            case "key" | "plain key":
                what = choose.choice(WINDOW_KEYS if kind == "key" else PLAIN_KEYS)
                xdotool("key", what)
            case "text":
                what = choose.choice(TEXTS)
                xdotool("type", "--delay", "4", "--", what)
            case "drag":
                what = self._drag()
            case _:
                x, y = self._point()
                button = choose.choice(BUTTONS) if kind == "click" else ""
                times = 2 if choose.random() < 0.15 else 1
                xdotool("mousemove", str(x), str(y), *(["click", "--repeat", str(times), button] if button else []))
                what = f"{button}×{times} {x},{y}" if button else f"{x},{y}"
        self.actions.append(f"{kind} {what}")

    def _drag(self) -> str:
        (x, y), (to_x, to_y) = self._point(), self._point()
        xdotool("mousemove", str(x), str(y), "mousedown", "1")
        for step in range(1, 6):
            xdotool("mousemove", str(x + (to_x - x) * step // 5), str(y + (to_y - y) * step // 5))
        xdotool("mouseup", "1")
        return f"{x},{y} {to_x},{to_y}"

    def _point(self) -> tuple[int, int]:
        """A random point of the active window, in screen pixels; more often in its sidebar or tab bar."""
        output = xdotool("getactivewindow", "getwindowgeometry", "--shell")
        box = {name: int(value) for name, value in (line.split("=") for line in output.split())}
        choose = self._choose
        width = min(box["WIDTH"], 260) if choose.random() < 0.4 else box["WIDTH"]
        height = min(box["HEIGHT"], 60) if choose.random() < 0.3 else box["HEIGHT"]
        return box["X"] + choose.randrange(width), box["Y"] + choose.randrange(height)


def use(bench: BenchmarkEnvironment, opened: Window, user: RandomUser, end_s: float, errors: int) -> int:
    """Use one window until it ends or is hidden; return the number of errors in its log so far."""
    chats = [bench.new_session(argv, name.replace(" ", "-"))["id"] for name, argv in PROGRAMS.items()]
    for chat in (*chats, new_chat(bench.area, f"structured-{user.count}")):
        opened.show(chat)
    wait_until(opened.shown, TIMEOUT_S, "a window to be shown")  # A new process restores the previous one's windows.
    for number in range(ACTS_OF_A_WINDOW):
        if time.monotonic() > end_s or opened.process.poll() is not None or not (shown := opened.shown()):
            break
        if number % RAISE_EVERY == 0:
            xdotool("windowactivate", shown[0])
        try:
            user.do_one()
        except subprocess.CalledProcessError:
            user.actions.append("no window is active")
        time.sleep(PAUSE_S)
        if number % LOOK_EVERY == 0:
            errors = check_window(bench, opened, user, errors)
    return check_window(bench, opened, user, errors)


def check_window(bench: BenchmarkEnvironment, opened: Window, user: RandomUser, errors: int) -> int:
    """Check that the window answers, and print what is wrong; return the number of errors so far."""
    began_s = time.monotonic()
    try:
        opened.ask("tabs")
    except (NotListening, AssertionError, TimeoutError) as error:
        if opened.process.poll() not in {0, None}:
            print(f"the window ended: {error}; the last actions: {list(user.actions)}")
            return errors + 1
    if (took_s := time.monotonic() - began_s) > 5:
        print(f"the window answered after {took_s:.0f} s; the last actions: {list(user.actions)}")
    return print_new_errors(bench, user, errors)


def print_new_errors(bench: BenchmarkEnvironment, user: RandomUser, errors: int) -> int:
    """Print the windows' logs if they have new errors; return the number of errors so far."""
    count, logs = window_errors(bench)
    if count > errors:
        print(f"an error in the window's log; the last actions: {list(user.actions)}", *logs, sep="\n")
    return max(count, errors)


def main() -> int:
    """Use windows as the command line describes; return 1 if there was an error."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.window_at_random", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--seed", type=int, default=1, help="of chance (1)")
    options = parser.parse_args()
    end_s = time.monotonic() + options.minutes * 60
    user, errors, windows = RandomUser(options.seed), 0, 0
    with benchmark_environment(1) as bench:
        bench.display()
        bench.tray()
        while time.monotonic() < end_s:
            with window() as opened:
                errors = use(bench, opened, user, end_s, errors)
            errors = print_new_errors(bench, user, errors)
            windows += 1
    print(f"{user.count} actions in {windows} windows, errors: {errors}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
