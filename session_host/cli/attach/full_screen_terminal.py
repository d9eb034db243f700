"""Shows a chat's terminal in this terminal, full screen."""

from __future__ import annotations

from session_host.cli.attach.frame_pacing import FRAME_INTERVAL_S, EchoPacer
from session_host.cli.attach.full_screen import NOTICE_S, PREFIX, FullScreenView
from session_host.cli.attach.input_values import FocusChanged, KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped
from session_host.cli.attach.outer_terminal import OuterTerminal
from session_host.cli.attach.scrolled_back.mode import ScrolledBack
from session_host.cli.attach.shared_output import State
from session_host.cli.attach.view import EndingKind
from session_host.client.viewer.unacknowledged_input import MAX_INPUTS
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.protocol.messages import ErrorCode, InputRefused
from session_host.protocol.values import KeyAction, Modifiers
from session_host.terminal.base import Emulator, Frame, Modes
from session_host.terminal.echo import ECHO_STYLE, echo_in

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

    def __init__(self, session_id: str, name: str, terminal: OuterTerminal, *, read_only: bool) -> None:
        super().__init__(session_id, name, terminal, read_only=read_only)
        self._echo_pacer = EchoPacer()

    def _make_viewer(self) -> Viewer:
        viewer = Viewer(
            self._session_id, self, size=self._size, cell=self._cell, read_only=self._read_only, kind="attach"
        )
        viewer.before_feeding = self._before_feeding
        return viewer

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
        key = self._parser.plain_key(data)
        if key is None or self._is_prefixed or self._scrolled is not None or self._read_only or self._ending.done():
            super()._input(data)
        else:  # Shortcut for most keys: the same result.
            self._viewer.key(key.key, key.text, key.modifiers)
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
        self._viewer.catch_up()
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
        self._viewer.catch_up()
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
            self._output.write(self._paint_scrolled(self._scrolled, emulator, frame, modes))
            return
        self._output.write(self._painter.paint(frame, modes))

    def _before_feeding(self, data: bytes, is_shown: bool) -> bool:
        """Note an echo that the host has shown; the frame that follows paints over it if it was something else."""
        output, emulator = self._output, self._viewer.emulator
        if not is_shown:
            output.output_not_shown()
            return False
        if output.state is State.SHARED:
            self._painter.echoed(data.decode("ascii"))
            self._paint_soon()
            return True
        if output.state is not State.STOPPING and emulator is not None:
            emulator.damage_all()  # The host was late: the cursor was elsewhere.
        return False

    def viewer_damaged(self) -> None:
        """Paint: at once an echo or the end of a synchronized update; else at the next opportunity."""
        emulator = self._viewer.emulator
        # If the host has shown an echo, the frame finds out whether it was one.
        is_shown = self._painter.note_echo() is not None
        if not is_shown and emulator is not None and not self._dirty and self._is_echo(emulator):
            if self._viewer.pending and not self._read_only:  # The user types: more echoes will come.
                self._output.share(self._painter.room())
            self._paint_soon()
            return
        if self._held_since_s is not None and emulator is not None and not emulator.modes.synchronized:
            self._held_since_s = None
            self._cancel("paint")
        self._damaged()

    def _is_echo(self, emulator: Emulator) -> bool:
        """Show the typed text if the program has just echoed it, and nothing else has changed.

        This is several times as fast as painting a frame. A frame follows a moment later in any case.
        """
        data = self._viewer.fed
        text = echo_in(data)
        if not text or self._scrolled is not None or not self._output.is_drained:
            return False
        cell = self._painter.next_cell(text)
        if cell is None or not emulator.is_echo(text, *cell):
            return False
        self._output.write(ECHO_STYLE + data)
        self._painter.echoed(text)
        return True

    def _paint_soon(self) -> None:
        """Paint a frame some time after the first of several echoes."""
        now_s = self._loop.time()
        due_s = self._echo_pacer.echoed(now_s)
        if due_s is not None:
            self._after("after echo", due_s - now_s, self._paint_after_echo)

    def _paint_after_echo(self) -> None:
        self._timers.pop("after echo", None)
        now_s = self._loop.time()
        due_s = self._echo_pacer.due(now_s, is_key_pending=bool(self._viewer.pending))
        if due_s is not None:
            self._after("after echo", due_s - now_s, self._paint_after_echo)
            return
        self._viewer.catch_up()
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
