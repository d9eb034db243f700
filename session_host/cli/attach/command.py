"""``outlive attach``: follows a session in this terminal, full screen."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from session_host.cli.attach.input_parser import InputParser
from session_host.cli.attach.input_values import FocusChanged, KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped
from session_host.cli.attach.outer_terminal import OuterTerminal
from session_host.cli.attach.painter import Painter
from session_host.cli.output import how_it_ended, print_line, what_became
from session_host.cli.session_argument import add_session_argument, find
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.errors import HostUnavailable, NotAllowed, OutliveError, SessionEnded
from session_host.protocol.messages import ErrorCode, Event, InputRefused, NameEvent
from session_host.protocol.values import MODIFIER_KEYS, RUNNING_STATES, KeyAction, Modifiers
from session_host.system import event_loop

FRAME_INTERVAL_S = 1 / 60
SYNCHRONIZED_LIMIT_S = 0.15
"""How long a frame that the program announced and does not complete is held back from painting."""

NOTICE_S = 3.0
HELP_S = 10.0
RECONNECTING_NOTICE_AFTER_S = 0.3

_LOCKS = Modifiers.CAPS_LOCK | Modifiers.NUM_LOCK
_PREFIX = "b"
_DETACH = "d"
_GO_ON = "c"
_HELP = "?"
_KEYS = "Ctrl+B, then: d detach (the chat keeps running) · Ctrl+B type Ctrl+B · ? help"
_NOT_TYPED = "input refused (Ctrl+B c to continue)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to the parser."""
    add_session_argument(parser)
    parser.add_argument("--read-only", action="store_true", help="read-only: do not send input")
    parser.epilog = (
        "Keys: Ctrl+B d detaches (the chat keeps running); Ctrl+B Ctrl+B types Ctrl+B; Ctrl+B ? shows all keys."
    )


def run(options: argparse.Namespace) -> int:
    """Attach to the named session."""
    info = find(options.session)
    if info.state not in RUNNING_STATES:
        raise SessionEnded(f"{info.name} {what_became(info)}; see its last screen with: outlive peek {info.name}")
    return attach(info.id, info.name, read_only=options.read_only)


def attach(session_id: str, name: str, *, read_only: bool = False) -> int:
    """Follow a session until the user detaches or it ends.

    Returns:
        The exit code: 0, or 128 plus the number of the signal that ended this command.

    Raises:
        OutliveError: this is not a terminal that can show a screen.
        HostUnavailable: the session's host is gone, or refuses this viewer.
    """
    _check_terminal(session_id, name)
    terminal = OuterTerminal(sys.stdin.fileno(), sys.stdout.fileno())
    return _farewell(event_loop.run(_Attachment(session_id, name, terminal, read_only=read_only).run()))


class _How(Enum):
    DETACHED = auto()
    ENDED = auto()
    UNAVAILABLE = auto()
    NOT_ALLOWED = auto()
    SIGNAL = auto()
    TERMINAL_GONE = auto()


class _Ending(NamedTuple):
    how: _How
    name: str
    message: str = ""
    signal_number: int = 0


def _check_terminal(session_id: str, name: str) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise OutliveError(f"attach needs a terminal; without one, use `outlive peek {name}` and `outlive send {name}`")
    if os.environ.get("TERM", "dumb") == "dumb":
        raise OutliveError(f"this terminal (TERM=dumb) cannot show a full screen; use `outlive peek {name}`")
    if os.environ.get("OUTLIVE_SESSION") == session_id:
        raise OutliveError(f"cannot attach {name} inside itself; use another terminal")


def _farewell(ending: _Ending) -> int:
    match ending.how:
        case _How.DETACHED:
            print_line(f"[detached from {ending.name}; it keeps running]")
            return 0
        case _How.ENDED:
            print_line(f"[{ending.name} ended: {ending.message}]")
            return 0
        case _How.UNAVAILABLE:
            raise HostUnavailable(f"{ending.name}: {ending.message}")
        case _How.NOT_ALLOWED:
            raise NotAllowed(ending.message)
        case _How.SIGNAL:
            return 128 + ending.signal_number
        case _How.TERMINAL_GONE:
            return 128 + signal.SIGHUP


class _Attachment:
    """Connects a viewer and this terminal; the viewer's delegate."""

    def __init__(self, session_id: str, name: str, terminal: OuterTerminal, *, read_only: bool) -> None:
        size, cell = terminal.size()
        self._name = name
        self._terminal = terminal
        self._read_only = read_only
        self._parser = InputParser()
        # Old Linux consoles print unknown sequences.
        keyboard = not os.environ.get("TERM", "").startswith("linux")
        self._painter = Painter(size, sys.stdout.encoding or "utf-8", keyboard=keyboard)
        self._viewer = Viewer(session_id, self, size=size, cell=cell, read_only=read_only, kind="attach")
        self._begun_s = 0.0
        self._prefixed = False
        self._was_live = False
        self._gave_back = False
        self._dirty = False
        self._painted_at_s = -1.0
        self._held_since_s: float | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def run(self) -> _Ending:
        """Follow the session until an end, and return which end."""
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[_Ending] = self._loop.create_future()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end, _How.SIGNAL, "", number)
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspended)
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)
        # The terminal is restored before the loop drops its signal handlers, so that no signal comes in between.
        with self._terminal:
            self._terminal.farewell = self._painter.leave()
            self._terminal.start(self._input, self._drained, lambda: self._end(_How.TERMINAL_GONE))
            self._terminal.write(self._painter.enter())
            self._viewer.start()
            try:
                return await self._ending
            finally:
                for timer in self._timers.values():
                    timer.cancel()
                self._viewer.close()
                self._terminal.farewell = self._painter.leave()

    def _end(self, how: _How, message: str = "", signal_number: int = 0) -> None:
        if not self._ending.done():
            self._ending.set_result(_Ending(how, self._name, message, signal_number))

    def _after(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Start a named timer in place of a running one with the same name."""
        self._cancel(name)
        self._timers[name] = self._loop.call_later(delay_s, call)

    def _cancel(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()

    # ------------------------------------------------------------ from the terminal

    def _input(self, data: bytes) -> None:
        parser, former = self._parser, self._parser.begun
        self._on_input_value(parser.feed(data))
        if not parser.undecided:
            self._cancel("escape")
            return
        now_s = self._loop.time()
        if parser.begun != former:
            self._begun_s = now_s
        due_s = self._begun_s + parser.patience_s
        self._after("escape", max(0.0, due_s - now_s), lambda: self._on_input_value(parser.expire()))

    def _on_input_value(self, values: list[TerminalInput]) -> None:
        for value in values:
            if self._ending.done():
                return
            if not self._is_command(value):
                self._forward(value)

    def _is_command(self, value: TerminalInput) -> bool:
        """Whether the value is a command for this viewer: the prefix, or the key after it."""
        if not isinstance(value, KeyTyped) or value.action is KeyAction.RELEASE:
            return False
        if value.key in MODIFIER_KEYS:
            return self._prefixed  # The user is about to press another key.
        held = value.modifiers & ~_LOCKS
        is_prefix = value.key == _PREFIX and held == Modifiers.CTRL
        if not self._prefixed:
            self._prefixed = is_prefix
            return is_prefix
        self._prefixed = False
        if is_prefix:
            return False
        if value.key == _DETACH and not held & ~Modifiers.CTRL:
            self._end(_How.DETACHED)
        elif value.key == _GO_ON and self._viewer.holding:
            self._viewer.accept_refusal()
            self._notice("")
        elif _HELP in {value.key, value.text}:
            self._notice(_KEYS, HELP_S)
        else:
            self._notice("Unknown key after Ctrl+B; Ctrl+B ? shows the keys", NOTICE_S)
        return True

    def _forward(self, value: TerminalInput) -> None:
        viewer = self._viewer
        if self._read_only:
            return
        match value:
            case KeyTyped(key, text, modifiers, action):
                viewer.key(key, text, modifiers, action)
            case TextTyped(text):
                viewer.text(text)
            case Pasted(text):
                viewer.paste(text)
            case MouseMoved(action, button, column, row, modifiers):
                viewer.mouse(action, button, column, row + self._painter.top, modifiers)
            case FocusChanged(focused):
                viewer.focus(focused)

    def _resized(self) -> None:
        size, cell = self._terminal.size()
        self._terminal.write(self._painter.resize(size))
        self._viewer.resize(size, cell)

    def _suspended(self) -> None:
        """Restore the terminal, then stop this process, as the user's shell asked."""
        self._terminal.farewell = self._painter.leave()
        self._terminal.give_back()
        self._gave_back = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continued(self) -> None:
        """Redraw after SIGCONT: another program may have changed the terminal meanwhile."""
        self._terminal.make_raw()
        self._terminal.write(self._painter.enter(again=not self._gave_back))
        self._gave_back = False
        self._resized()

    # ------------------------------------------------------------ painting

    def _damaged(self) -> None:
        self._dirty = True
        if "paint" not in self._timers and self._terminal.is_drained:
            due_s = self._painted_at_s + FRAME_INTERVAL_S - self._loop.time()
            self._after("paint", max(0.0, due_s), self._paint)

    def _paint(self) -> None:
        self._timers.pop("paint", None)
        emulator = self._viewer.emulator
        if not self._dirty or emulator is None or not self._terminal.is_drained:
            return
        now_s = self._loop.time()
        modes = emulator.modes
        if modes.synchronized:
            self._held_since_s = now_s if self._held_since_s is None else self._held_since_s
            left_s = self._held_since_s + SYNCHRONIZED_LIMIT_S - now_s
            if left_s > 0:
                self._after("paint", min(left_s, FRAME_INTERVAL_S), self._paint)
                return
        self._held_since_s = None
        self._dirty = False
        self._painted_at_s = now_s
        self._terminal.write(self._painter.paint(emulator.frame(), modes))

    def _drained(self) -> None:
        if self._dirty:
            self._damaged()

    def _notice(self, text: str, for_s: float | None = None) -> None:
        self._cancel("notice")
        self._terminal.write(self._painter.notice(text))
        if for_s is not None:
            self._after("notice", for_s, lambda: self._notice(""))

    # ------------------------------------------------------------ the viewer's delegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """Show why the viewer is not live; end with it in a final state."""
        match state:
            case ViewerState.LIVE:
                self._notice("")
                if not self._was_live:
                    # The process that runs the program may change, but the program's modes stay.
                    self._was_live = True
                    self._viewer.focus(True)
            case ViewerState.RECONNECTING:
                text = f"reconnecting… {message}".strip()
                self._after("notice", RECONNECTING_NOTICE_AFTER_S, lambda: self._notice(text))
            case ViewerState.ENDED:
                self._end(_How.ENDED, how_it_ended(self._viewer))
            case ViewerState.FAILED if self._viewer.refusal == ErrorCode.NOT_ALLOWED:
                self._end(_How.NOT_ALLOWED, message)
            case ViewerState.LOST | ViewerState.FAILED:
                self._end(_How.UNAVAILABLE, message or "connection lost")

    def viewer_replaced(self) -> None:
        """Paint the new replica as a whole."""
        if self._viewer.emulator is not None:
            self._viewer.emulator.damage_all()
        self._damaged()

    def viewer_damaged(self) -> None:
        """Paint at the next opportunity."""
        self._damaged()

    def viewer_event(self, event: Event) -> None:
        """Show a new name of the chat; ignore other events."""
        if isinstance(event, NameEvent):
            self._name = event.name

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Show that an input was refused, and why; further input is refused until the user has seen this."""
        if not self._viewer.holding:
            self._notice(f"input refused: {refusal.message}", NOTICE_S)
        elif refusal.code != ErrorCode.HELD:
            self._notice(f"{_NOT_TYPED}: {refusal.message}")
