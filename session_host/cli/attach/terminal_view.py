"""Shows a chat's terminal in this terminal, full screen."""

from __future__ import annotations

import asyncio

from session_host.cli.attach.full_screen import FRAME_INTERVAL_S, NOTICE_S, FullScreen
from session_host.cli.attach.input_parser import FocusChanged, KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped
from session_host.cli.attach.scrolled_back import ScrolledBack
from session_host.cli.attach.view_end import EndingKind
from session_host.client.viewer.unacknowledged_input import MAX_INPUTS
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import Event, InputRefused
from session_host.protocol.values import ErrorCode, KeyAction, Modifiers
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


class TerminalView:
    """Passes keys to the program, and paints the replica of its terminal; the content of a ``FullScreen``."""

    help_text = "Ctrl+B: d detach · PageUp scroll · Ctrl+B itself · c go on · x drop · t try now"

    def __init__(self, screen: FullScreen) -> None:
        self._screen = screen
        self.viewer = Viewer(
            screen.session_id,
            screen,
            size=screen.size,
            cell=screen.cell,
            read_only=screen.read_only,
            kind="attach",
            machine=screen.machine,
        )
        self._held_since_s: float | None = None
        self._scrolled: ScrolledBack | None = None
        self._refusal = ""

    # ------------------------------------------------------------ input

    def command(self, value: KeyTyped) -> bool:
        """Scroll back, or accept that an input was refused."""
        if value.key == "PageUp" or value.text == "[":
            self._scroll_back(by_page=value.key == "PageUp")
            return True
        if value.key != _GO_ON or not self.viewer.inputs.is_holding:
            return False
        self.viewer.accept_refusal()
        self._screen.notice("")
        return True

    def take(self, values: list[TerminalInput]) -> None:
        """Type into the program; while the chat is scrolled back, scroll and search."""
        if len(values) >= MANY_INPUTS and self._scrolled is None:
            values = _joined(values)
        for value in values:
            self._take(value)
        if self._has_to_wait():
            self._screen.terminal.pause_reading()
            self._screen.after("reading", _READ_AGAIN_AFTER_S, self._read_again)

    def _take(self, value: TerminalInput) -> None:
        viewer = self.viewer
        if self._scrolled is not None and not isinstance(value, FocusChanged):
            self._scrolled.take(value)
            self._update_scrolled()
            return
        if self._screen.read_only:
            return
        match value:
            case KeyTyped(key, text, modifiers, action):
                viewer.key(key, text, modifiers, action, may_detach=self._screen.is_detaching_left(value))
            case TextTyped(text):
                viewer.text(text)
            case Pasted(text):
                viewer.paste(text)
            case MouseMoved(action, button, column, row, modifiers):
                viewer.mouse(action, button, column, row + self._screen.painter.top, modifiers)
            case FocusChanged(focused):
                viewer.focus(focused)

    def _has_to_wait(self) -> bool:
        """Whether the host is about to take what was typed, and should have it before there is more."""
        return len(self.viewer.inputs) > MAX_WAITING_INPUTS and self.viewer.line.shown is ViewerState.LIVE

    def _read_again(self) -> None:
        if self._has_to_wait():
            self._screen.after("reading", _READ_AGAIN_AFTER_S, self._read_again)
        else:
            self._screen.terminal.resume_reading()

    # ------------------------------------------------------------ scrolling back

    def _scroll_back(self, *, by_page: bool) -> None:
        emulator = self.viewer.replica.emulator
        if emulator is None:
            return
        if self._scrolled is None:
            if not emulator.scrollback_rows:
                self._screen.notice(_NO_HISTORY if emulator.modes.alternate_screen else "Nothing is above", NOTICE_S)
                return
            self._screen.cancel("notice")
            self._scrolled = ScrolledBack(emulator, self._visible_rows(emulator))
        if by_page:
            self._scrolled.scroll(-self._scrolled.page)
        self._update_scrolled()

    def _update_scrolled(self) -> None:
        if self._scrolled is not None and self._scrolled.is_over:
            self._scrolled = None
            self._screen.notice("")
        self._screen.damage()

    def _visible_rows(self, emulator: Emulator) -> int:
        return min(self._screen.size.rows, emulator.size.rows)

    # ------------------------------------------------------------ painting

    @property
    def lasting_notice(self) -> str:
        """The position in the history, or the refusal that the user has not accepted yet."""
        if self._scrolled is not None:
            return self._scrolled.line()
        return self._refusal if self.viewer.inputs.is_holding else ""

    def show_notice(self, text: str) -> None:
        """Show a notice over the last line."""
        self._screen.terminal.write(self._screen.painter.notice(text))

    def paint(self) -> bool:
        """Write the changed rows, unless the program is within a synchronized update."""
        emulator = self.viewer.replica.emulator
        if emulator is None:
            return False
        now_s = asyncio.get_running_loop().time()
        modes = emulator.modes
        if modes.synchronized and self._scrolled is None:
            self._held_since_s = now_s if self._held_since_s is None else self._held_since_s
            left_s = self._held_since_s + SYNCHRONIZED_LIMIT_S - now_s
            if left_s > 0:
                self._screen.paint_after(min(left_s, FRAME_INTERVAL_S))
                return False
        self._held_since_s = None
        frame = self.viewer.replica.frame()
        painter = self._screen.painter
        if self._scrolled is None:
            self._screen.terminal.write(painter.paint(frame, modes))
        else:
            self._screen.terminal.write(self._paint_scrolled(self._scrolled, emulator, frame, modes))
        return True

    def _paint_scrolled(self, scrolled: ScrolledBack, emulator: Emulator, frame: Frame, modes: Modes) -> bytes:
        """Paint a frame, and the position line unless another notice is shown."""
        scrolled.replaced(emulator, self._visible_rows(emulator))
        scrolled.shown(frame)
        # While alternate scrolling is on, the wheel types arrow keys, which scroll here.
        modes = modes._replace(alternate_screen=True, alternate_scroll=True)
        painter = self._screen.painter
        painted = painter.paint(frame._replace(cursor=None), modes)
        return painted if self._screen.has_notice else painted + painter.notice(scrolled.line())

    # ------------------------------------------------------------ from the viewer

    def damaged(self) -> None:
        """Paint at the next opportunity; at once at the end of a synchronized update."""
        emulator = self.viewer.replica.emulator
        if self._held_since_s is not None and emulator is not None and not emulator.modes.synchronized:
            self._held_since_s = None
            self._screen.cancel("paint")
        self._screen.damage()

    def replaced(self) -> None:
        """Repaint everything from the new replica."""
        emulator = self.viewer.replica.emulator
        if emulator is not None:
            self._screen.program_title = emulator.title
            self._screen.write_signals()
            emulator.damage_all()
            if self._scrolled is not None:
                self._scrolled.replaced(emulator, self._visible_rows(emulator))
        self._screen.damage()

    def refused(self, refusal: InputRefused) -> None:
        """Show that an input was refused, with the reason; further input is refused until the user accepts this."""
        if refusal.code == ErrorCode.NOTHING_TYPED:
            self._screen.end.set(EndingKind.DETACHED)
        elif not self.viewer.inputs.is_holding:
            self._screen.notice(f"input refused: {refusal.message}", NOTICE_S)
        elif refusal.code != ErrorCode.HELD:
            self._refusal = f"{_NOT_TYPED}: {refusal.message}"
            self._screen.notice("")

    def event(self, event: Event) -> bool:  # noqa: ARG002 - a chat view handles one
        """No event is special."""
        return False


def _joined(values: list[TerminalInput]) -> list[TerminalInput]:
    """The values with the characters of successive keys joined."""
    joined: list[TerminalInput] = []
    text = ""
    for value in values:
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
        joined.append(value)
    return [*joined, TextTyped(text)] if text else joined
