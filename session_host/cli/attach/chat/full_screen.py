"""Shows a structured chat in this terminal, full screen: the transcript, a status line, the prompt."""

from __future__ import annotations

from typing import Final

from session_host.cli.attach.full_screen import NOTICE_S, FullScreenView
from session_host.cli.attach.input_parser import FocusChanged, KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped
from session_host.cli.attach.signals import Attention
from session_host.cli.attach.view import Ending, EndingKind
from session_host.client.viewer.viewer import Viewer
from session_host.protocol.messages import ActivityEvent, Event, PromptMode
from session_host.protocol.values import KeyAction, Modifiers, MouseButton
from session_host.structured.items import Item
from session_host.structured.text import TextLine
from session_host.structured.transcript import Transcript
from session_host.terminal.base import Cursor, Frame, Modes
from session_host.terminal.rows import DEFAULT_COLOR, Row

from .page import BLANK, STATUS, Page, row_of
from .prompt_box import BoxRows, PromptBox
from .question import Answer, Question

HISTORY_ITEMS: Final = 500
"""How many of the last items are searched for previous prompts."""

WHEEL_LINES: Final = 3

_MODES: Final = Modes(mouse="press")
"""Mouse reports are enabled, since terminals otherwise send the wheel as arrow keys, which recall previous prompts."""

_BOX_SHARE: Final = 3
"""The prompt takes at most a third of the rows."""

_NEW_LINE: Final = Modifiers.SHIFT | Modifiers.ALT


class FullScreenChat(FullScreenView):
    """Shows the transcript's end, a line about the chat, and the prompt; sends prompts and answers."""

    help_text = "Ctrl+B: d detach, w take back prompt · Alt+Enter new line · Ctrl+C interrupt"
    _question: Question | None = None
    _notice_text = ""

    def _make_viewer(self) -> Viewer:
        self._page, self._box = Page(), PromptBox()
        self._attention = Attention(self._signals, self._signal_queue, lambda: self._name)
        self._shown: dict[int, Row] = {}
        return Viewer(self._session_id, self, read_only=self._read_only, kind="attach", runtime="structured")

    async def _show(self) -> Ending:
        try:
            return await super()._show()
        finally:
            self._attention.close()

    # ------------------------------------------------------------ keys

    def _forward(self, value: TerminalInput) -> None:
        match value:
            case KeyTyped(action=KeyAction.RELEASE):
                return
            case KeyTyped():
                self._key(value)
            case TextTyped(text) | Pasted(text):
                self._insert(text)
            case FocusChanged(focused):
                self._attention.has_focus = focused
                return
            case MouseMoved(button=MouseButton.WHEEL_UP | MouseButton.WHEEL_DOWN as button):
                self._page.scroll(WHEEL_LINES if button is MouseButton.WHEEL_UP else -WHEEL_LINES)
            case _:
                return
        self._damaged()

    def _key(self, value: KeyTyped) -> None:
        key, modifiers = value.key, value.modifiers & (Modifiers.CTRL | Modifiers.ALT | Modifiers.SHIFT)
        if key in {"PageUp", "PageDown"}:
            self._page.scroll((1 if key == "PageUp" else -1) * max(1, self._page_rows - 1))
        elif key in {"ArrowUp", "ArrowDown"} and modifiers == Modifiers.SHIFT:
            self._page.scroll(1 if key == "ArrowUp" else -1)
        elif self._read_only:
            self._notice("read-only: Ctrl+B d detaches", NOTICE_S)
        elif key == "c" and modifiers == Modifiers.CTRL:
            self._interrupt()
        elif self._is_answer(value):
            self._answer_by_key(value.text)
        elif self._is_detaching_left(value) and not self._box.text and self._question is None and self._state == "idle":
            self._end(EndingKind.DETACHED)
        elif (key == "Enter" and modifiers & _NEW_LINE) or (key == "j" and modifiers == Modifiers.CTRL):
            self._insert("\n")
        elif key == "Tab" or (key == "Enter" and modifiers == Modifiers.CTRL):
            self._enter("steer")
        elif key in {"Enter", "NumpadEnter"}:
            self._enter("queue")
        elif not self._box.key(key, modifiers) and value.text:
            self._insert(value.text)

    def _command(self, value: KeyTyped) -> bool:
        if value.key != "w" or self._read_only:
            return False
        queued = [item for item in self._last_items("user") if item.status == "queued"]
        if queued:
            self._viewer.withdraw_prompt(queued[-1].id)
            self._box.set_text(queued[-1].text)
        else:
            self._notice("no prompt is queued", NOTICE_S)
        self._damaged()
        return True

    def _insert(self, text: str) -> None:
        if self._read_only:
            self._notice("read-only: Ctrl+B d detaches", NOTICE_S)
        elif not self._box.insert(text):
            self._notice("the text is too long; put it into a file, and name the file", NOTICE_S)

    def _interrupt(self) -> None:
        transcript = self._viewer.transcript
        if transcript is not None and transcript.status.is_running:
            self._viewer.interrupt()
        elif self._box.text:
            self._box.take()
        else:
            self._notice("nothing is running; Ctrl+B d detaches", NOTICE_S)

    def _enter(self, mode: PromptMode) -> None:
        self._page.back = 0
        if self._question is not None and self._question.takes_text:
            if problem := self._question.problem_of_text(self._box.text):
                self._notice(problem, NOTICE_S)
            else:
                self._answer(self._question.by_text(self._box.take()))
            return
        if self._box.text.strip():
            self._viewer.prompt(self._box.take(), mode)

    # ------------------------------------------------------------ questions

    def _is_answer(self, value: KeyTyped) -> bool:
        question = self._question
        if question is None or self._box.text or value.action is not KeyAction.PRESS:
            return False  # A key that is held must not answer the next question, too.
        return bool(value.text) and question.has_key(value.text)

    def _answer_by_key(self, key: str) -> None:
        assert self._question is not None
        problem = self._question.problem(key, self._loop.time())
        if problem:
            self._notice(problem, NOTICE_S)
        else:
            self._answer(self._question.by_key(key))

    def _answer(self, answer: Answer | None) -> None:
        if answer is not None:
            self._viewer.answer_request(*answer)

    def _find_question(self, transcript: Transcript) -> Question | None:
        waiting = transcript.open_requests
        previous = self._question
        if previous is not None and (not waiting or previous.request != waiting[0]):
            self._notice("")  # Remove the notice about the previous question.
        if not waiting:
            return None
        return previous if previous is not None and previous.request == waiting[0] else Question(waiting[0])

    # ------------------------------------------------------------ painting

    @property
    def _state(self) -> str:
        transcript = self._viewer.transcript
        return transcript.status.state if transcript is not None else "starting"

    @property
    def _page_rows(self) -> int:
        return max(1, self._size.rows - len(self._box_rows().lines) - 1)

    def _box_rows(self) -> BoxRows:
        question = self._question
        mark = "? " if question is not None and question.takes_text else "> "
        max_rows = max(1, self._size.rows // _BOX_SHARE)
        return self._box.rows(self._size.columns, max_rows, mark, hidden=question is not None and question.is_secret)

    def _paint_frame(self) -> None:
        self._dirty = False
        size = self._size
        box = self._box_rows()
        lines: list[TextLine] = []
        height = size.rows - len(box.lines) - 1
        if (transcript := self._viewer.transcript) is not None:
            self._box.set_history([item.text for item in self._last_items("user")])
            self._question = self._find_question(transcript)
            lines = self._page.show(transcript, size.columns, max(height, 0), self._question, self._loop.time())
        rows = [row_of(line, size.columns) for line in lines]
        rows += [BLANK] * (height - len(rows))
        if height >= 0:
            text = f" {self._status_text()} "
            rows.append(row_of(TextLine(text.ljust(size.columns)), size.columns, STATUS))
        rows += [row_of(line, size.columns) for line in box.lines]
        self._write(rows[-size.rows :], Cursor(box.column, size.rows - len(box.lines) + box.row, visible=True))

    def _write(self, rows: list[Row], cursor: Cursor) -> None:
        """Write the rows that differ from those shown."""
        is_full = len(self._shown) != len(rows)
        changed = {index: row for index, row in enumerate(rows) if is_full or self._shown.get(index) != row}
        self._shown = dict(enumerate(rows))
        frame = Frame(self._size, is_full, changed, cursor, 0, 0, DEFAULT_COLOR, DEFAULT_COLOR, {})
        self._terminal.write(self._painter.paint(frame, _MODES))

    def _status_text(self) -> str:
        """The line above the prompt: the chat's state and the keys."""
        if self._notice_text:
            return self._notice_text
        if self._page.back:
            return f"↑ {self._page.back} more lines below · PageDown"
        transcript = self._viewer.transcript
        if transcript is None or transcript.status.state == "starting":
            return "◐ Starting…"
        if self._question is not None:
            if self._read_only:
                return "▲ Waits for an answer (read-only)"
            return "▲ PageUp: read the whole question" if self._question.since_s is None else self._question.hint
        status = transcript.status
        if status.state == "running":
            steer = " · Tab steers" if status.capabilities.steer else ""
            keys = f"Ctrl+C interrupts · Enter queues{steer}" if self._box.text else "Ctrl+C interrupts"
            return f"◐ Working… {status.detail}".strip() + ("" if self._read_only else f" · {keys}")
        return f"○ {self._name} · Enter sends · Ctrl+B d detaches" if not self._read_only else "○ Idle (read-only)"

    def _last_items(self, kind: str) -> list[Item]:
        """Items of a kind among the last ones, oldest first."""
        transcript = self._viewer.transcript
        if transcript is None:
            return []
        first = max(0, len(transcript) - HISTORY_ITEMS)
        items = (transcript[index] for index in range(first, len(transcript)))
        return [item for item in items if item.kind == kind]

    def _notice(self, text: str, for_s: float | None = None) -> None:
        self._cancel("notice")
        text = text or self._lasting_notice
        if text != self._notice_text:
            self._notice_text = text
            self._damaged()
        if for_s is not None:
            self._after("notice", for_s, lambda: self._notice(""))

    def viewer_event(self, event: Event) -> None:
        """Ring and notify when the agent asks or has finished a long turn; else as for a terminal."""
        if isinstance(event, ActivityEvent):
            self._attention.take(event)
        else:
            super().viewer_event(event)

    def _resized(self) -> None:
        self._shown.clear()
        super()._resized()
        self._damaged()

    def _continued(self) -> None:
        self._shown.clear()
        super()._continued()
        self._damaged()
