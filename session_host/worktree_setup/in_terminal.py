"""The setup on a terminal: the command runs in the foreground; after a failure the user chooses by a key."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import sys
import termios
from typing import Any, Final, Literal

from session_host.ending_signals import EndingSignals, Signalled
from session_host.worktree_setup.command import Options, begin, described, end, exec_agent, kill_self, start
from session_host.worktree_setup.command import take_terminal as take

Choice = Literal["again", "start", "end"]
_CHOICES: Final[dict[str, Choice]] = {
    "t": "again",
    "T": "again",
    "s": "start",
    "S": "start",
    "q": "end",
    "Q": "end",
    "\x04": "end",
}
_ESCAPE: Final = 0x1B

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_MOUSE_OFF: Final = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l"
_WRITING: Final = "\x1b[4l\x1b[20l\x1b[?5l\x1b[?7h\x1b[?45l\x1b(B\x1b)B\x0f\x1b7\x1b[?69l\x1b[r\x1b8\x1b[m\x1b[?25h"
_KEYS: Final = "\x1b[?1l\x1b[?66l\x1b[>4m\x1b[<99u"
_RESTORE: Final = f"{_MOUSE_OFF}\x1b[?1004l\x1b[?2004l\x1b[?2026l{_KEYS}\x1b[?47l{_KEYS}{_WRITING}"
"""Ends the modes that a killed command leaves on; the cursor stays where it is."""


def run(options: Options) -> int:
    """Set the worktree up and become the agent; returns the exit code if the chat ends instead."""
    attributes = _attributes()
    signals = begin()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            code = _run_once(options, signals)
            if code == 0:
                break
            _restore(attributes)
            choice = _ask(code, attributes, signals)
            if choice == "end":
                return code if code > 0 else 128 - code
            if choice == "start":
                break
    except Signalled as ended:
        return kill_self(ended.number)
    _restore(attributes)
    _report("clear")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return exec_agent(options)


def _run_once(options: Options, signals: EndingSignals) -> int:
    """Run the command; returns its return code, negative for a signal."""
    _write(f"{_BOLD}Outlive: setting up the worktree{_PLAIN}\r\n$ {_shown(options.command)}\r\n")
    _report("working", "Setting up the worktree")
    child = None
    try:
        with signals.held():
            child = start(options, output=None, in_front=True)
        code = signals.wait_for(child)
        if code:
            end(child)  # What it left in the background: the next run, or the agent, begins without it.
        return code
    except Signalled as ended:
        if child is not None:
            end(child, ended.number)
        raise
    except OSError as error:
        if child is not None:
            raise
        _write(f"{error.filename or ''}: {error.strerror}\r\n")
        return 127
    finally:
        take(os.getpgrp())


def _ask(code: int, attributes: list[Any] | None, signals: EndingSignals) -> Choice:
    """Ask the user what to do after a failure."""
    if attributes is not None:
        _read_keys(attributes)  # Before the question is shown: a key that is pressed after it counts.
    how = "was cancelled" if code == -signal.SIGINT or code == 128 + signal.SIGINT else f"failed ({described(code)})"
    _write(f"\r\n{_BOLD}The setup of the worktree {how}.{_PLAIN}\r\n  t  Try again\r\n")
    _write("  s  Start anyway\r\n  q  End the chat\r\n")
    _report("blocked", f"The setup of the worktree {how}")
    try:
        while True:
            if not signals.wait([0]):
                continue
            typed = os.read(0, 64)
            if not typed:
                return "end"
            if typed[0] == _ESCAPE:
                continue  # A key with a name, or a report of the terminal.
            for byte in typed:
                if (choice := _CHOICES.get(chr(byte))) is not None:
                    return choice
    except OSError:  # The terminal has gone.
        return "end"
    finally:
        _restore(attributes)
        _write("\r\n")


def _read_keys(attributes: list[Any]) -> None:
    """Read single keys from now on; what was typed before the question does not answer it."""
    changed = list(attributes)
    changed[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
    changed[6] = list(changed[6])
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    with contextlib.suppress(termios.error):
        termios.tcsetattr(0, termios.TCSAFLUSH, changed)


def _restore(attributes: list[Any] | None) -> None:
    _write(_RESTORE)
    if attributes is not None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, attributes)


def _attributes() -> list[Any] | None:
    """The terminal's attributes; None without a terminal."""
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


def _shown(command: str) -> str:
    """The command without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in command)


def _report(state: str, message: str = "") -> None:
    """Report the status to the chat's terminal (OSC 7501, the Program Status Protocol)."""
    text = f":msg={base64.b64encode(message.encode()).decode()}" if message else ""
    _write(f"\x1b]7501;state={state}{text}\x1b\\")


def _write(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()
