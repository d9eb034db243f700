"""``outlive demo``: shows that a chat outlives its window, with real processes, and measures it."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from session_host.cli.demo import program
from session_host.cli.demo.environment import DemoEnvironment, Window
from session_host.cli.demo.terminal import Terminal
from session_host.cli.output import print_line
from session_host.cli.query import wait
from session_host.cli.query.peek import read_screen
from session_host.cli.session_argument import SessionInfo, find
from session_host.cli.window_start import missing_modules
from session_host.client.window_control import ask
from session_host.errors import OutliveError

T = TypeVar("T")

KILL_AT_LINE = 300
LINES_WITHOUT_A_VIEWER = 100
ANSWER_TIMEOUT_S = 60.0
SHOW_TIMEOUT_S = 30.0

_LINE = re.compile(r"^line (\d+)", re.MULTILINE)
_NAME = "demo"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.add_argument("--output", metavar="DIR", default="outlive-demo", help="directory for the screenshots")
    parser.epilog = (
        "Opens a window (off screen without a display), starts a chat, kills the window during the answer, "
        "reopens it, and checks that nothing is missing. Does not touch your chats. Where the window is not "
        "installed, a terminal with `outlive attach` takes its place, and there are no screenshots."
    )


def run(options: argparse.Namespace) -> int:
    """Run the demo; report a broken promise as one line and exit code 1."""
    if missing_modules():
        with DemoEnvironment(with_window=False) as demo:
            print_line(f"Running in {demo.display}. Your chats are not touched.")
            _show_in_terminals(demo)
        return 0
    pictures = Path(options.output).absolute()
    try:
        pictures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutliveError(f"{pictures}: cannot create it ({error.strerror}); choose another with --output") from error
    with DemoEnvironment(with_window=True) as demo:
        print_line(f"Running on {demo.display}. Your chats are not touched.")
        _show_in_windows(demo, pictures)
    print_line(f"Pictures: {pictures}/1-before.png, 2-reopened.png, 3-complete.png")
    return 0


def _show_in_windows(demo: DemoEnvironment, pictures: Path) -> None:
    window, opened_s = _timed(demo.open_window)
    _print_step("window opened", opened_s)
    session_id, started_s = _timed(_start_chat)
    chat = find(session_id)
    _print_step(f"chat started (process {chat.child_pid})", started_s)
    _, shown_s = _timed(lambda: ask("show", session=session_id, timeout_s=SHOW_TIMEOUT_S))
    _print_step("chat shown in a tab", shown_s)

    _wait_for(f"^line {KILL_AT_LINE:04} ", chat)
    ask("grab", file=str(pictures / "1-before.png"))
    _kill_during_the_answer(window, "window", chat)

    begun_s = time.perf_counter()
    demo.open_window()
    _wait_for_tab(session_id)
    _print_step("window reopened with the same tab, live", time.perf_counter() - begun_s)
    ask("grab", file=str(pictures / "2-reopened.png"))
    _wait_for(f"^{program.LAST_WORDS}$", chat)
    ask("grab", file=str(pictures / "3-complete.png"))
    _check_complete(chat)


def _show_in_terminals(demo: DemoEnvironment) -> None:
    session_id, started_s = _timed(_start_chat)
    chat = find(session_id)
    _print_step(f"chat started (process {chat.child_pid})", started_s)
    terminal, shown_s = _timed(lambda: _attached(demo, chat))
    _print_step("chat shown by `outlive attach`", shown_s)
    _wait_for(f"^line {KILL_AT_LINE:04} ", chat)
    _kill_during_the_answer(terminal, "terminal", chat)
    terminal, shown_s = _timed(lambda: _attached(demo, chat))
    _print_step("attached again in another terminal, live", shown_s)
    terminal.wait_until_shown(program.LAST_WORDS)
    _check_complete(chat)


def _attached(demo: DemoEnvironment, chat: SessionInfo) -> Terminal:
    terminal = demo.open_terminal(chat.id)
    terminal.wait_until_shown(r"line \d{4}")
    return terminal


def _kill_during_the_answer(viewer: Window | Terminal, what: str, chat: SessionInfo) -> None:
    """Kill the viewer, and wait until the answer has continued without it."""
    viewer.kill()
    at_kill = _last_line(chat)
    if at_kill >= program.TOTAL_LINES:
        raise OutliveError(f"the answer ended before the {what} was killed; try again when the computer is less busy")
    _print_step(f"{what} killed (SIGKILL) during the answer, at line {at_kill} of {program.TOTAL_LINES}")
    _wait_for(f"^line {min(at_kill + LINES_WITHOUT_A_VIEWER, program.TOTAL_LINES):04} ", chat)
    _print_step(f"answer continued without a {what}, to line {_last_line(chat)}")


def _check_complete(chat: SessionInfo) -> None:
    _check_answer(chat)
    _check_process(chat)
    _print_step(f"answer complete: {program.TOTAL_LINES} lines, in order, none missing, same process")


def _timed(action: Callable[[], T]) -> tuple[T, float]:
    begun_s = time.perf_counter()
    result = action()
    return result, time.perf_counter() - begun_s


def _print_step(what: str, took_s: float | None = None) -> None:
    print_line(f"  {what}" if took_s is None else f"  {what} ({took_s * 1000:.0f} ms)")


def _start_chat() -> str:
    from session_host.agents.catalog import load_agent
    from session_host.client.chats.launch import launch_now
    from session_host.client.chats.launch_request import LaunchRequest
    from session_host.paths import config_dir

    request = LaunchRequest(
        agent=load_agent(config_dir(), "command"),
        arguments=[sys.executable, "-I", "-S", program.__file__],
        name=_NAME,
        directory=str(Path.home()),
        environment=dict(os.environ),
    )
    return launch_now(request).id


def _wait_for(text: str, chat: SessionInfo) -> None:
    parser = argparse.ArgumentParser()
    wait.configure(parser)
    wait.run(parser.parse_args([chat.id, "--text", text, "--timeout", str(ANSWER_TIMEOUT_S)]))


def _last_line(chat: SessionInfo) -> int:
    numbers = _LINE.findall("\n".join(read_screen(chat).lines))
    return int(numbers[-1]) if numbers else 0


def _wait_for_tab(session_id: str) -> None:
    """Wait until the reopened window itself shows the chat's tab."""
    deadline_s = time.monotonic() + SHOW_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if any(tab["session_id"] == session_id and tab["connected"] for tab in ask("tabs")):
            return
        time.sleep(0.005)
    raise OutliveError("the reopened window does not show the chat")


def _check_answer(chat: SessionInfo) -> None:
    lines = [line for line in read_screen(chat, scrollback=True).lines if line.startswith("line ")]
    expected = [program.line(number) for number in range(1, program.TOTAL_LINES + 1)]
    if lines == expected:
        return
    for number, (line, expected_line) in enumerate(zip_longest(lines, expected, fillvalue="nothing"), 1):
        if line != expected_line:
            raise OutliveError(f"the answer is incomplete: line {number} is {line!r}, expected {expected_line!r}")


def _check_process(chat: SessionInfo) -> None:
    now = find(chat.id)
    if now.child_pid != chat.child_pid or now.state != chat.state:
        raise OutliveError(f"the agent's process changed: {now.child_pid}, expected {chat.child_pid}")
