"""Shows a chat's terminal in this terminal."""

from __future__ import annotations

from session_host.cli.attach.attachment import NOTICE_S, Attachment, How
from session_host.cli.attach.frame_pacing import FRAME_INTERVAL_S
from session_host.cli.attach.input_values import FocusChanged, KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped
from session_host.client.viewer.viewer import Viewer
from session_host.protocol.messages import ErrorCode, InputRefused

SYNCHRONIZED_LIMIT_S = 0.15
"""How long a frame that the program announced and does not complete is held back from painting."""

_GO_ON = "c"
_NOT_TYPED = "input refused (Ctrl+B c to continue)"


class TerminalAttachment(Attachment):
    """Passes keys to the program, and paints the replica of its terminal."""

    help_text = "Ctrl+B, then: d detach (the chat keeps running) · Ctrl+B type Ctrl+B · ? help"

    _held_since_s: float | None = None

    def _make_viewer(self) -> Viewer:
        return Viewer(
            self._session_id, self, size=self._size, cell=self._cell, read_only=self._read_only, kind="attach"
        )

    def _command(self, value: KeyTyped) -> bool:
        if value.key != _GO_ON or not self._viewer.holding:
            return False
        self._viewer.accept_refusal()
        self._notice("")
        return True

    def _forward(self, value: TerminalInput) -> None:
        viewer = self._viewer
        if self._read_only:
            return
        match value:
            case KeyTyped(key, text, modifiers, action):
                viewer.key(key, text, modifiers, action, may_detach=self._is_back(value))
            case TextTyped(text):
                viewer.text(text)
            case Pasted(text):
                viewer.paste(text)
            case MouseMoved(action, button, column, row, modifiers):
                viewer.mouse(action, button, column, row + self._painter.top, modifiers)
            case FocusChanged(focused):
                viewer.focus(focused)

    def _paint_frame(self) -> None:
        emulator = self._viewer.emulator
        if emulator is None:
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
        self._terminal.write(self._painter.paint(emulator.frame(), modes))

    def viewer_damaged(self) -> None:
        """Paint at the next opportunity: at once, if this completes a frame that was held back."""
        emulator = self._viewer.emulator
        if self._held_since_s is not None and emulator is not None and not emulator.modes.synchronized:
            self._held_since_s = None
            self._cancel("paint")
        self._damaged()

    def viewer_replaced(self) -> None:
        """Paint the new replica as a whole."""
        if self._viewer.emulator is not None:
            self._viewer.emulator.damage_all()
        self._damaged()

    def viewer_refused(self, refusal: InputRefused) -> None:
        """Show that an input was refused, and why; further input is refused until the user has seen this."""
        if refusal.code == ErrorCode.NOTHING_TYPED:
            self._end(How.DETACHED)
        elif not self._viewer.holding:
            self._notice(f"input refused: {refusal.message}", NOTICE_S)
        elif refusal.code != ErrorCode.HELD:
            self._notice(f"{_NOT_TYPED}: {refusal.message}")
