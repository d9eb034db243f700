"""Shows a chat in this terminal, full screen: what a terminal and a chat view have in common there.

Raw mode, the keys after Ctrl+B, frames and notices, bells, notifications and the title, the terminal's own signals.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from session_host.cli.attach.input_parser import InputParser, KeyTyped, TerminalInput
from session_host.cli.attach.outer_terminal import OuterTerminal
from session_host.cli.attach.painter import Painter
from session_host.cli.attach.signals import BELL, OuterSignals, SignalQueue
from session_host.cli.attach.view_end import UNRESPONSIVE, Ending, EndingKind, ViewEnd
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import (
    BellEvent,
    ClipboardEvent,
    Event,
    InputRefused,
    NameEvent,
    NoticeEvent,
    NotificationEvent,
    TitleEvent,
)
from session_host.protocol.values import MODIFIER_KEYS, KeyAction, Modifiers
from session_host.standing.clock_times import told_time

NOTICE_S = 3.0
CHAT_NOTICE_S = 20.0
"""How long a notice of the chat is shown, unless it ends before."""

HELP_S = 10.0
RECONNECTING_NOTICE_AFTER_S = 0.3
MAX_WAITING_SIGNALS = 8
"""How many bells and notifications wait for a terminal that does not read; the newest ones."""

LEFT_DETACHES = "OUTLIVE_ATTACH_BACK_DETACH"
"""The environment variable that turns off detaching by Left while nothing is typed, if it is "0"."""

LOCKS = Modifiers.CAPS_LOCK | Modifiers.NUM_LOCK
PREFIX = "b"
_DETACH = "d"
_HELP = "?"
_SEND, _DROP = "c", "x"
"""The keys that send, and drop, the text typed while the machine could not be reached."""
_TRY_NOW = "t"

LONG_WAIT_S = 2.0
"""From this time on, the next attempt to reach the machine is announced."""

FRAME_INTERVAL_S = 1 / 60
_DELAY_FACTOR = 5
"""A frame delays later ones by this multiple of its own processor time."""
_CREDIT_S = 0.01
"""Delays below this have no effect: the first frames after a pause are painted at once."""


class Content(Protocol):
    """What the screen shows: a chat's terminal, or a chat view.

    Attributes:
        viewer: the viewer; the screen is its delegate.
        help_text: the keys after Ctrl+B.
    """

    viewer: Viewer
    help_text: str

    @property
    def lasting_notice(self) -> str:
        """The notice that is shown while there is no other; "" for none."""

    def take(self, values: list[TerminalInput]) -> None:
        """Handle the user's input."""

    def command(self, value: KeyTyped) -> bool:
        """Handle another key after Ctrl+B; False if it has no meaning."""

    def paint(self) -> bool:
        """Write the changed rows; False if that has to wait, and the content has said until when."""

    def show_notice(self, text: str) -> None:
        """Show a notice; "" removes it."""

    def replaced(self) -> None:
        """The viewer has another replica."""

    def damaged(self) -> None:
        """The replica has changed."""

    def refused(self, refusal: InputRefused) -> None:
        """The host has refused an input."""

    def event(self, event: Event) -> bool:
        """Handle an event of the chat; False for one that is the same for all chats."""


class FullScreen:
    """This terminal while it shows a chat; the viewer's delegate. Made in a running loop.

    Attributes:
        name: the chat's name.
        machine: the machine that the chat is on.
        session_id, read_only, size, cell, painter, terminal, signals, signal_queue: for the content.
        end: the end of the view.
        program_title: the title that the chat's program has set; "" for none.
    """

    def __init__(
        self, session_id: str, name: str, terminal: OuterTerminal, *, read_only: bool, machine: Machine = THIS_MACHINE
    ) -> None:
        self.session_id, self.name, self.read_only, self.machine = session_id, name, read_only, machine
        self.terminal = terminal
        self.size, self.cell = terminal.size()
        self.end = ViewEnd()
        encoding = sys.stdout.encoding or "utf-8"
        self.painter = Painter(self.size, encoding, keyboard=terminal.ignores_unknown, links=terminal.ignores_unknown)
        self.signals = OuterSignals(os.environ, encoding)
        self.signal_queue = SignalQueue(session_id, self.add_signal)
        self.program_title = ""
        self._content: Content
        self._loop = asyncio.get_running_loop()
        self._parser = InputParser()
        self._waiting_signals: deque[bytes] = deque(maxlen=MAX_WAITING_SIGNALS)
        self._left_detaches = not read_only and os.environ.get(LEFT_DETACHES, "") != "0"
        self._undecided_since_s = 0.0
        self._is_prefixed = False
        self._was_live = self._is_cut_off = False
        self._was_restored = False
        self._dirty = False
        self._pacer = FramePacer()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def run(self, content: Content) -> Ending:
        """Show the chat until an end, then restore the terminal."""
        self._content = content
        self.end.set_by_signals(signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspended)
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)
        # The terminal is restored before the loop drops its signal handlers, so that no signal comes in between.
        with self.terminal:
            self.terminal.final_output = self._leave()
            self.terminal.start(self._input, self._drained, lambda: self.end.set(EndingKind.TERMINAL_GONE))
            self.terminal.write(self.painter.enter())
            content.viewer.start()
            try:
                ending = await self.end.wait()
            finally:
                for timer in self._timers.values():
                    timer.cancel()
                content.viewer.close()
                await self.signal_queue.finish()
                self.terminal.final_output = self._leave()
        for number in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT):
            self._loop.remove_signal_handler(number)
        return ending._replace(name=self.name, undelivered=await content.viewer.delivery.wait())

    def _leave(self) -> bytes:
        return self.painter.leave() + self.signals.leave()

    def after(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Start a named timer in place of a running one with the same name."""
        self.cancel(name)
        self._timers[name] = self._loop.call_later(delay_s, call)

    def cancel(self, name: str) -> None:
        """Cancel a named timer, if it runs."""
        if timer := self._timers.pop(name, None):
            timer.cancel()

    # ------------------------------------------------------------ from the terminal

    def _input(self, data: bytes) -> None:
        parser, previous = self._parser, self._parser.begun
        self._take(parser.feed(data))
        if not parser.undecided:
            self.cancel("escape")
            return
        now_s = self._loop.time()
        if parser.begun != previous:
            self._undecided_since_s = now_s
        due_s = self._undecided_since_s + parser.timeout_s
        self.after("escape", max(0.0, due_s - now_s), lambda: self._take(parser.expire()))

    def _take(self, values: list[TerminalInput]) -> None:
        """Pass on what the user types, but Ctrl+B and the key after it."""
        typed: list[TerminalInput] = []
        for value in values:
            if not self._is_command(value):
                typed.append(value)
                continue
            self._content.take(typed)
            typed = []
            assert isinstance(value, KeyTyped)
            self._command(value)
            if self.end.has_come:
                return
        if typed:
            self._content.take(typed)

    def _is_command(self, value: TerminalInput) -> bool:
        """Whether a key is the prefix, or comes after it."""
        if not isinstance(value, KeyTyped) or value.action is KeyAction.RELEASE:
            return False
        if not self._is_prefixed:
            return _is_prefix(value)
        if value.key in MODIFIER_KEYS:
            return True  # The user is about to press another key.
        if _is_prefix(value):
            self._is_prefixed = False
            return False  # It is typed.
        return True

    def _command(self, value: KeyTyped) -> None:
        if not self._is_prefixed:
            self._is_prefixed = True
            return
        if value.key in MODIFIER_KEYS:
            return
        self._is_prefixed = False
        if value.key == _DETACH and not value.modifiers & ~LOCKS & ~Modifiers.CTRL:
            self.end.set(EndingKind.DETACHED)
        elif _HELP in {value.key, value.text}:
            self.notice(self._content.help_text, HELP_S)
        elif value.key == _SEND and self._content.viewer.asks_to_send:
            self._content.viewer.send_kept()
        elif value.key == _DROP and self._unreachable_notice:
            self._content.viewer.discard_kept()
        elif value.key == _TRY_NOW and self._unreachable_notice:
            self.machine.try_now()
            self._follow_attempts()
        elif not self._content.command(value):
            self.notice("Unknown key after Ctrl+B; Ctrl+B ? shows the keys", NOTICE_S)

    def is_detaching_left(self, value: TerminalInput) -> bool:
        """Whether the value is a press of Left without modifiers, which detaches while nothing is typed."""
        return (
            self._left_detaches
            and isinstance(value, KeyTyped)
            and value.key == "ArrowLeft"
            and value.action is KeyAction.PRESS
            and not value.modifiers & ~LOCKS
        )

    def _resized(self) -> None:
        self.size, self.cell = self.terminal.size()
        self.terminal.write(self.painter.resize(self.size))
        self._content.viewer.resize(self.size, self.cell)
        self.damage()

    def _suspended(self) -> None:
        """Restore the terminal, then stop this process, as the user's shell asked."""
        self.terminal.final_output = self._leave()
        self.terminal.restore()
        self._was_restored = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continued(self) -> None:
        """Redraw after SIGCONT: another program may have changed the terminal meanwhile."""
        self.terminal.make_raw()
        self.terminal.write(self.painter.enter(again=not self._was_restored))
        self._was_restored = False
        self._resized()
        self.write_signals()

    # ------------------------------------------------------------ painting

    def damage(self) -> None:
        """Paint at the next opportunity."""
        self._dirty = True
        if "paint" not in self._timers and self.terminal.is_drained:
            wait_s = self._pacer.due_s() - time.monotonic()
            if wait_s > 0:
                self.paint_after(wait_s)
            else:
                self._paint()

    def paint_after(self, delay_s: float) -> None:
        """Paint once this time has passed."""
        self.after("paint", delay_s, self._paint)

    def _paint(self) -> None:
        self._timers.pop("paint", None)
        if not self._dirty or not self.terminal.is_drained:
            return
        began_s, used_s = time.monotonic(), time.thread_time()
        self._dirty = not self._content.paint()
        self._pacer.painted(began_s, time.thread_time() - used_s)

    def _drained(self) -> None:
        self.write_signals()
        if self._dirty:
            self.damage()

    def notice(self, text: str, for_s: float | None = None) -> None:
        """Show a notice, for a limited time if one is given; "" shows the lasting notice, if any."""
        self.cancel("notice")
        self._content.show_notice(text or self._content.lasting_notice or self._state_notice)
        if for_s is not None:
            self.after("notice", for_s, lambda: self.notice(""))

    @property
    def has_notice(self) -> bool:
        """Whether a notice is shown for a limited time."""
        return "notice" in self._timers

    @property
    def _state_notice(self) -> str:
        viewer = self._content.viewer
        if notice := self._unreachable_notice:
            return notice
        if viewer.line.shown is not ViewerState.UNRESPONSIVE:
            return ""
        return f"{viewer.line.message or UNRESPONSIVE}{self._input_note()} · Ctrl+B d detaches"

    @property
    def _unreachable_notice(self) -> str:
        viewer = self._content.viewer
        if viewer.asks_to_send:
            return f"the chat asks something new; {self._kept} · Ctrl+B c sends it, x drops it"
        if viewer.line.shown is not ViewerState.UNREACHABLE:
            return ""
        name, since = self.machine.name, self.machine.unreachable_since
        time_note = f" since {told_time(since, datetime.now(UTC))}" if since is not None else ""
        reason = self.machine.why_unreachable or viewer.line.message.removeprefix(f"{name}: ")
        input_note = self._input_note(" · Ctrl+B x drops it")
        return f"{name}: unreachable{time_note}{self._next_try}{input_note} · Ctrl+B d detaches · {reason}"

    @property
    def _next_try(self) -> str:
        next_try_s = self.machine.next_try_s
        if next_try_s is None or next_try_s < LONG_WAIT_S:
            return ""
        return f" · next try in {next_try_s:.0f} s (Ctrl+B {_TRY_NOW}: now)"

    def _follow_attempts(self) -> None:
        """Show the time until the next attempt to reach the machine, and why the last one failed."""
        if self._content.viewer.line.shown is ViewerState.UNREACHABLE:
            if not self.has_notice:
                self.notice("")
            self.after("attempts", 1.0, self._follow_attempts)

    def _input_note(self, remedy: str = "") -> str:
        if self.read_only:
            return ""
        return f"; {self._kept}{remedy}" if self._content.viewer.inputs.characters() else "; what you type is kept"

    @property
    def _kept(self) -> str:
        count = self._content.viewer.inputs.characters()
        return f"{count:,} character{'s'[: count != 1]} wait{'s'[: count == 1]}"

    # ------------------------------------------------------------ bells, notifications, the title

    def add_signal(self, signal: bytes) -> None:
        """Write a bell, a notification or a text for the clipboard."""
        if signal != BELL or BELL not in self._waiting_signals:
            self._waiting_signals.append(signal)
        self.write_signals()

    def write_signals(self) -> None:
        """Write bells, notifications and the title, if the terminal takes them."""
        while self.terminal.is_drained and self._waiting_signals:
            self.terminal.write(self._waiting_signals.popleft())
        if self.terminal.is_drained and self._was_live:
            self.terminal.write(self.signals.title(self.program_title or self.name))

    def _pass_on(self, signal: bytes) -> None:
        """Write a program's bell or notification, unless the user muted the chat."""
        self.signal_queue.add(lambda rules: () if rules.is_muted else (signal,))

    # ------------------------------------------------------------ the viewer's delegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """Show the reason while the viewer is not live; end in a final state."""
        match state:
            case ViewerState.UNRESPONSIVE:
                self.notice("")
            case ViewerState.LIVE:
                self._is_cut_off = False
                self.notice("")
                if not self._was_live:
                    # The process that runs the program may change, but the program's modes stay.
                    self._was_live = True
                    self._content.viewer.focus(True)
                    self.write_signals()
            case ViewerState.UNREACHABLE if self._is_cut_off:
                if not self.has_notice:
                    self.notice("")  # More was typed, or there is another reason.
            case ViewerState.UNREACHABLE:
                self._is_cut_off = True
                self.after("notice", RECONNECTING_NOTICE_AFTER_S, lambda: self.notice(""))
                self._follow_attempts()
            case ViewerState.RECONNECTING:
                text = f"reconnecting… {message}".strip()
                self.after("notice", RECONNECTING_NOTICE_AFTER_S, lambda: self.notice(text))
            case _:
                self.end.set_by_state(self._content.viewer, state, message)

    def viewer_replaced(self) -> None:
        """Paint the new replica."""
        self._content.replaced()

    def viewer_damaged(self) -> None:
        """Paint at the next opportunity."""
        self._content.damaged()

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Show that an input was refused, with the reason."""
        self._content.refused(refusal)

    def viewer_event(self, event: Event) -> None:
        """Show a new name, title or notice of the chat; pass on bells, notifications and the clipboard."""
        if self._content.event(event):
            return
        match event:
            case NameEvent(name):
                self.name = name
            case TitleEvent(title):
                self.program_title = title
            case NoticeEvent(text=text):
                self.notice(text, CHAT_NOTICE_S if text else None)
                return
            case BellEvent():
                self._pass_on(self.signals.bell())
            case NotificationEvent(title, body):
                self._pass_on(self.signals.notification(self.name, title, body))
            case ClipboardEvent(text, targets) if not self.read_only:
                self.add_signal(self.signals.clipboard(text, targets))
            case _:
                return
        self.write_signals()


def _is_prefix(value: KeyTyped) -> bool:
    return value.key == PREFIX and value.modifiers & ~LOCKS == Modifiers.CTRL


class FramePacer:
    """Decides when the next frame may be painted. Pure; all times are of one clock, in seconds.

    Echoes are painted at once, also of fast typing; only floods are limited. The processor time that painting takes
    distinguishes them: while it is less than about a fifth of the time (plus a credit of some milliseconds), each
    change is painted at once; otherwise there are sixty frames a second.
    """

    def __init__(self) -> None:
        self._painted_at_s = float("-inf")
        self._delayed_until_s = float("-inf")

    def due_s(self) -> float:
        """The earliest time for the next frame."""
        return min(self._delayed_until_s - _CREDIT_S, self._painted_at_s + FRAME_INTERVAL_S)

    def painted(self, began_s: float, took_s: float) -> None:
        """Note a painted frame: the time when painting began, and its processor time."""
        self._painted_at_s = began_s
        self._delayed_until_s = max(self._delayed_until_s, began_s) + _DELAY_FACTOR * took_s
