"""Shows a chat in this terminal, full screen; the base of the views of terminals and structured chats."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable

from session_host.cli.attach.frame_pacing import FramePacer
from session_host.cli.attach.input_parser import InputParser, KeyTyped, TerminalInput
from session_host.cli.attach.outer_terminal import OuterTerminal
from session_host.cli.attach.painter import Painter
from session_host.cli.attach.signals import BELL, OuterSignals, SignalQueue
from session_host.cli.attach.view import UNRESPONSIVE, AttachView, Ending, EndingKind
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


class FullScreenView(AttachView):
    """Connects a viewer and this terminal, full screen; the viewer's delegate. A base class."""

    help_text = ""
    """The keys after Ctrl+B."""

    def __init__(self, session_id: str, name: str, terminal: OuterTerminal, *, read_only: bool) -> None:
        super().__init__(name, read_only=read_only)
        size, self._cell = terminal.size()
        self._session_id = session_id
        self._size = size
        self._terminal = terminal
        self._parser = InputParser()
        encoding = sys.stdout.encoding or "utf-8"
        self._painter = Painter(size, encoding, keyboard=terminal.ignores_unknown, links=terminal.ignores_unknown)
        self._signals = OuterSignals(os.environ, encoding)
        self._signal_queue = SignalQueue(session_id, self._add_signal)
        self._waiting_signals: deque[bytes] = deque(maxlen=MAX_WAITING_SIGNALS)
        self._program_title = ""
        self._viewer = self._make_viewer()
        self._left_detaches = not read_only and os.environ.get(LEFT_DETACHES, "") != "0"
        self._undecided_since_s = 0.0
        self._is_prefixed = False
        self._was_live = False
        self._was_restored = False
        self._dirty = False
        self._pacer = FramePacer()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # ------------------------------------------------------------ for subclasses

    def _make_viewer(self) -> Viewer:
        raise NotImplementedError

    def _forward(self, value: TerminalInput) -> None:
        """Handle the user's input."""
        raise NotImplementedError

    def _command(self, value: KeyTyped) -> bool:
        """Handle another key after Ctrl+B; False if it has no meaning."""
        raise NotImplementedError

    def _paint_frame(self) -> None:
        """Paint the changed rows as soon as the terminal accepts output."""
        raise NotImplementedError

    async def _follow(self) -> Ending:
        self._end_on_signals(signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspended)
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)
        # The terminal is restored before the loop drops its signal handlers, so that no signal comes in between.
        ending = await self._show()
        for number in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT):
            self._loop.remove_signal_handler(number)
        return ending

    async def _show(self) -> Ending:
        """Show the chat until an end, then restore the terminal."""
        with self._terminal:
            self._terminal.final_output = self._leave()
            self._terminal.start(self._input, self._drained, lambda: self._end(EndingKind.TERMINAL_GONE))
            self._terminal.write(self._painter.enter())
            self._viewer.start()
            try:
                return await self._ending
            finally:
                for timer in self._timers.values():
                    timer.cancel()
                self._viewer.close()
                await self._signal_queue.finish()
                self._terminal.final_output = self._leave()

    def _leave(self) -> bytes:
        return self._painter.leave() + self._signals.leave()

    def _after(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Start a named timer in place of a running one with the same name."""
        self._cancel(name)
        self._timers[name] = self._loop.call_later(delay_s, call)

    def _cancel(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()

    # ------------------------------------------------------------ from the terminal

    def _input(self, data: bytes) -> None:
        parser, previous = self._parser, self._parser.begun
        self._on_input_value(parser.feed(data))
        if not parser.undecided:
            self._cancel("escape")
            return
        now_s = self._loop.time()
        if parser.begun != previous:
            self._undecided_since_s = now_s
        due_s = self._undecided_since_s + parser.timeout_s
        self._after("escape", max(0.0, due_s - now_s), lambda: self._on_input_value(parser.expire()))

    def _on_input_value(self, values: list[TerminalInput]) -> None:
        for value in values:
            if self._ending.done():
                return
            if not self._handle_command(value):
                self._forward(value)

    def _handle_command(self, value: TerminalInput) -> bool:
        """Handle the prefix, or the key after it; returns whether the value was one of them."""
        if not isinstance(value, KeyTyped) or not (self._is_prefixed or value.key == PREFIX):
            return False
        if value.action is KeyAction.RELEASE:
            return False
        if value.key in MODIFIER_KEYS:
            return self._is_prefixed  # The user is about to press another key.
        held = value.modifiers & ~LOCKS
        is_prefix = value.key == PREFIX and held == Modifiers.CTRL
        if not self._is_prefixed:
            self._is_prefixed = is_prefix
            return is_prefix
        self._is_prefixed = False
        if is_prefix:
            return False
        if value.key == _DETACH and not held & ~Modifiers.CTRL:
            self._end(EndingKind.DETACHED)
        elif _HELP in {value.key, value.text}:
            self._notice(self.help_text, HELP_S)
        elif not self._command(value):
            self._notice("Unknown key after Ctrl+B; Ctrl+B ? shows the keys", NOTICE_S)
        return True

    def _is_detaching_left(self, value: TerminalInput) -> bool:
        """Whether the value is a press of Left without modifiers, which detaches while nothing is typed."""
        return (
            self._left_detaches
            and isinstance(value, KeyTyped)
            and value.key == "ArrowLeft"
            and value.action is KeyAction.PRESS
            and not value.modifiers & ~LOCKS
        )

    def _resized(self) -> None:
        self._size, self._cell = self._terminal.size()
        self._terminal.write(self._painter.resize(self._size))
        self._viewer.resize(self._size, self._cell)

    def _suspended(self) -> None:
        """Restore the terminal, then stop this process, as the user's shell asked."""
        self._terminal.final_output = self._leave()
        self._terminal.restore()
        self._was_restored = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continued(self) -> None:
        """Redraw after SIGCONT: another program may have changed the terminal meanwhile."""
        self._terminal.make_raw()
        self._terminal.write(self._painter.enter(again=not self._was_restored))
        self._was_restored = False
        self._resized()
        self._write_signals()

    # ------------------------------------------------------------ painting

    def _damaged(self) -> None:
        self._dirty = True
        if "paint" not in self._timers and self._terminal.is_drained:
            wait_s = self._pacer.due_s() - time.monotonic()
            if wait_s > 0:
                self._after("paint", wait_s, self._paint)
            else:
                self._paint()

    def _paint(self) -> None:
        self._timers.pop("paint", None)
        if not self._dirty or not self._terminal.is_drained:
            return
        began_s, used_s = time.monotonic(), time.thread_time()
        self._paint_frame()
        self._pacer.painted(began_s, time.thread_time() - used_s)

    def _drained(self) -> None:
        self._write_signals()
        if self._dirty:
            self._damaged()

    def _add_signal(self, signal: bytes) -> None:
        if signal != BELL or BELL not in self._waiting_signals:
            self._waiting_signals.append(signal)
        self._write_signals()

    def _write_signals(self) -> None:
        """Write bells, notifications and the title, if the terminal takes them."""
        while self._terminal.is_drained and self._waiting_signals:
            self._terminal.write(self._waiting_signals.popleft())
        if self._terminal.is_drained and self._was_live:
            self._terminal.write(self._signals.title(self._program_title or self._name))

    @property
    def _lasting_notice(self) -> str:
        """The notice that is shown while there is no other; "" for none."""
        if self._viewer.state is not ViewerState.UNRESPONSIVE:
            return ""
        text = self._viewer.message or UNRESPONSIVE
        input_note = "" if self._read_only else "; what you type is kept"
        return f"{text}{input_note} · Ctrl+B d detaches"

    def _notice(self, text: str, for_s: float | None = None) -> None:
        """Show a notice, for a limited time if one is given; "" shows the lasting notice, if any."""
        self._cancel("notice")
        self._terminal.write(self._painter.notice(text or self._lasting_notice))
        if for_s is not None:
            self._after("notice", for_s, lambda: self._notice(""))

    # ------------------------------------------------------------ the viewer's delegate

    def viewer_state(self, state: ViewerState, message: str) -> None:
        """Show the reason while the viewer is not live; end in a final state."""
        match state:
            case ViewerState.UNRESPONSIVE:
                self._notice("")
            case ViewerState.LIVE:
                self._notice("")
                if not self._was_live:
                    # The process that runs the program may change, but the program's modes stay.
                    self._was_live = True
                    self._viewer.focus(True)
                    self._write_signals()
            case ViewerState.RECONNECTING:
                text = f"reconnecting… {message}".strip()
                self._after("notice", RECONNECTING_NOTICE_AFTER_S, lambda: self._notice(text))
            case _:
                self._end_if_final(state, message)

    def viewer_replaced(self) -> None:
        """Paint the new replica."""
        self._damaged()

    def viewer_damaged(self) -> None:
        """Paint at the next opportunity."""
        self._damaged()

    def viewer_event(self, event: Event) -> None:
        """Show a new name, title or notice of the chat; pass on bells, notifications and the clipboard."""
        match event:
            case NameEvent(name):
                self._name = name
            case TitleEvent(title):
                self._program_title = title
            case NoticeEvent(text=text):
                self._notice(text, CHAT_NOTICE_S if text else None)
                return
            case BellEvent():
                self._pass_on(self._signals.bell())
            case NotificationEvent(title, body):
                self._pass_on(self._signals.notification(self._name, title, body))
            case ClipboardEvent(text, targets) if not self._read_only:
                self._add_signal(self._signals.clipboard(text, targets))
            case _:
                return
        self._write_signals()

    def _pass_on(self, signal: bytes) -> None:
        """Write a program's bell or notification, unless the user muted the chat."""
        self._signal_queue.add(lambda rules: () if rules.is_muted else (signal,))

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Show that an input was refused, with the reason."""
        self._notice(f"refused: {refusal.message}", NOTICE_S)
