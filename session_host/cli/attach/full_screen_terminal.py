"""Shows a chat's terminal in this terminal, full screen."""

from __future__ import annotations

from session_host.cli.attach.frame_pacing import FRAME_INTERVAL_S
from session_host.cli.attach.full_screen import NOTICE_S, PREFIX, FullScreenView
from session_host.cli.attach.input_parser import FocusChanged, KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped
from session_host.cli.attach.scrolled_back import ScrolledBack
from session_host.cli.attach.view import EndingKind
from session_host.client.viewer.unacknowledged_input import MAX_INPUTS
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import ErrorCode, InputRefused
from session_host.protocol.values import KeyAction, Modifiers
from session_host.terminal.base import Emulator, Frame, Modes

SYNCHRONIZED_LIMIT_S = 0.15
"""How long to wait for the end of a synchronized update before painting anyway."""

MAX_WAITING_INPUTS = MAX_INPUTS // 2
"""How many inputs may wait for the host; with more, as in a paste without brackets, the terminal is not read."""

MANY_INPUTS = 64
"""Nobody types as many values at once: they were pasted, and go to the host as texts, which is 20 times as fast."""

_READ_AGAIN_AFTER_S = 0.01
_GO_ON = "c"
_NO_HISTORY = "A full-screen program has no history here; scroll with its own keys"
_NOT_TYPED = "input refused (Ctrl+B c to continue)"


class FullScreenTerminal(FullScreenView):
    """Passes keys to the program, and paints the replica of its terminal."""

    help_text = "Ctrl+B, then: d detach · PageUp scroll back · Ctrl+B type Ctrl+B · ? help"

    _held_since_s: float | None = None
    _scrolled: ScrolledBack | None = None

    def _make_viewer(self) -> Viewer:
        return Viewer(
            self._session_id, self, size=self._size, cell=self._cell, read_only=self._read_only, kind="attach"
        )

    def _command(self, value: KeyTyped) -> bool:
        if value.key == "PageUp" or value.text == "[":
            self._scroll_back(by_page=value.key == "PageUp")
            return True
        if value.key != _GO_ON or not self._viewer.is_holding:
            return False
        self._viewer.accept_refusal()
        self._notice("")
        return True

    def _input(self, data: bytes) -> None:
        super()._input(data)
        if self._has_to_wait():
            self._terminal.pause_reading()
            self._after("reading", _READ_AGAIN_AFTER_S, self._read_again)

    def _on_input_value(self, values: list[TerminalInput]) -> None:
        is_text = len(values) >= MANY_INPUTS and self._scrolled is None and not self._is_prefixed
        super()._on_input_value(_joined(values) if is_text else values)

    def _has_to_wait(self) -> bool:
        """Whether the host is about to take what was typed, and should have it before there is more."""
        return self._viewer.pending > MAX_WAITING_INPUTS and self._viewer.state is ViewerState.LIVE

    def _read_again(self) -> None:
        if self._has_to_wait():
            self._after("reading", _READ_AGAIN_AFTER_S, self._read_again)
        else:
            self._terminal.resume_reading()

    def _forward(self, value: TerminalInput) -> None:
        viewer = self._viewer
        if self._scrolled is not None and not isinstance(value, FocusChanged):
            self._scrolled.take(value)
            self._update_scrolled()
            return
        if self._read_only:
            return
        match value:
            case KeyTyped(key, text, modifiers, action):
                viewer.key(key, text, modifiers, action, may_detach=self._is_detaching_left(value))
            case TextTyped(text):
                viewer.text(text)
            case Pasted(text):
                viewer.paste(text)
            case MouseMoved(action, button, column, row, modifiers):
                viewer.mouse(action, button, column, row + self._painter.top, modifiers)
            case FocusChanged(focused):
                viewer.focus(focused)

    # ------------------------------------------------------------ scrolling back

    def _scroll_back(self, *, by_page: bool) -> None:
        emulator = self._viewer.emulator
        if emulator is None:
            return
        if self._scrolled is None:
            if not emulator.scrollback_rows:
                self._notice(_NO_HISTORY if emulator.modes.alternate_screen else "Nothing is above", NOTICE_S)
                return
            self._cancel("notice")
            self._scrolled = ScrolledBack(emulator, self._visible_rows(emulator))
        if by_page:
            self._scrolled.scroll(-self._scrolled.page)
        self._update_scrolled()

    def _update_scrolled(self) -> None:
        if self._scrolled is not None and self._scrolled.is_over:
            self._scrolled = None
            self._notice("")
        self._damaged()

    def _visible_rows(self, emulator: Emulator) -> int:
        return min(self._size.rows, emulator.size.rows)

    def _paint_scrolled(self, scrolled: ScrolledBack, emulator: Emulator, frame: Frame, modes: Modes) -> bytes:
        """Paint a frame, and the position line unless another notice is shown."""
        scrolled.replaced(emulator, self._visible_rows(emulator))
        scrolled.shown(frame)
        # While alternate scrolling is on, the wheel types arrow keys, which scroll here.
        modes = modes._replace(alternate_screen=True, alternate_scroll=True)
        painted = self._painter.paint(frame._replace(cursor=None), modes)
        return painted if "notice" in self._timers else painted + self._painter.notice(scrolled.line())

    @property
    def _lasting_notice(self) -> str:
        return self._scrolled.line() if self._scrolled is not None else super()._lasting_notice

    # ------------------------------------------------------------ painting

    def _paint_frame(self) -> None:
        emulator = self._viewer.emulator
        if emulator is None:
            return
        now_s = self._loop.time()
        modes = emulator.modes
        if modes.synchronized and self._scrolled is None:
            self._held_since_s = now_s if self._held_since_s is None else self._held_since_s
            left_s = self._held_since_s + SYNCHRONIZED_LIMIT_S - now_s
            if left_s > 0:
                self._after("paint", min(left_s, FRAME_INTERVAL_S), self._paint)
                return
        self._held_since_s = None
        self._dirty = False
        frame = emulator.frame()
        if self._scrolled is not None:
            self._terminal.write(self._paint_scrolled(self._scrolled, emulator, frame, modes))
            return
        self._terminal.write(self._painter.paint(frame, modes))

    def viewer_damaged(self) -> None:
        """Paint at the next opportunity; at once at the end of a synchronized update."""
        emulator = self._viewer.emulator
        if self._held_since_s is not None and emulator is not None and not emulator.modes.synchronized:
            self._held_since_s = None
            self._cancel("paint")
        self._damaged()

    def viewer_replaced(self) -> None:
        """Repaint everything from the new replica."""
        emulator = self._viewer.emulator
        if emulator is not None:
            self._program_title = emulator.title
            self._write_signals()
            emulator.damage_all()
            if self._scrolled is not None:
                self._scrolled.replaced(emulator, self._visible_rows(emulator))
        self._damaged()

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Show that an input was refused, with the reason; further input is refused until the user accepts this."""
        if refusal.code == ErrorCode.NOTHING_TYPED:
            self._end(EndingKind.DETACHED)
        elif not self._viewer.is_holding:
            self._notice(f"input refused: {refusal.message}", NOTICE_S)
        elif refusal.code != ErrorCode.HELD:
            self._notice(f"{_NOT_TYPED}: {refusal.message}")


def _joined(values: list[TerminalInput]) -> list[TerminalInput]:
    """The values with the characters of successive keys joined, up to a Ctrl+B and the keys after it."""
    joined: list[TerminalInput] = []
    text = ""
    for index, value in enumerate(values):
        match value:
            case KeyTyped(_, typed, Modifiers.NONE | Modifiers.SHIFT, KeyAction.PRESS) if typed:
                text += typed
                continue
            case TextTyped(typed):
                text += typed
                continue
        if text:
            joined.append(TextTyped(text))
            text = ""
        if isinstance(value, KeyTyped) and value.key == PREFIX and not value.text:
            return [*joined, *values[index:]]
        joined.append(value)
    return [*joined, TextTyped(text)] if text else joined
