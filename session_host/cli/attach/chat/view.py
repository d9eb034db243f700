"""Shows a structured chat in this terminal, full screen: the transcript, a status line, the prompt."""

from __future__ import annotations

import asyncio
from typing import Final

from session_host.cli.attach.full_screen import NOTICE_S, FullScreen
from session_host.cli.attach.input_parser import FocusChanged, KeyTyped, MouseMoved, Pasted, TerminalInput, TextTyped
from session_host.cli.attach.signals import Attention
from session_host.cli.attach.view_end import EndingKind
from session_host.client.viewer.viewer import Viewer
from session_host.errors import OutliveError
from session_host.protocol.messages import (
    ActivityEvent,
    AnswerRequest,
    Event,
    InputRefused,
    Interrupt,
    PassAmount,
    Prompt,
    PromptMode,
    ReleaseHeld,
    WithdrawPrompt,
)
from session_host.protocol.untrusted_text import for_clipboard, one_line
from session_host.protocol.values import KeyAction, Modifiers, MouseButton
from session_host.structured.items import BETWEEN_TURNS, IN_QUEUE, Item
from session_host.structured.text import TextLine, held_words
from session_host.structured.transcript import Transcript
from session_host.terminal.base import Cursor, Frame, Modes
from session_host.terminal.osc import MAX_CLIPBOARD_CHARACTERS
from session_host.terminal.rows import DEFAULT_COLOR, Row

from .completion import Offer, common, completed_path, offers
from .page import BLANK, STATUS, Page, row_of
from .prompt_box import BoxRows, PromptBox
from .question import ShownQuestion

HISTORY_ITEMS: Final = 500
"""How many of the last items are searched for previous prompts."""

WHEEL_LINES: Final = 3

_MODES: Final = Modes(mouse="press")
"""Mouse reports are enabled, since terminals otherwise send the wheel as arrow keys, which recall previous prompts."""

_BOX_SHARE: Final = 3
"""The prompt takes at most a third of the rows."""

_NEW_LINE: Final = Modifiers.SHIFT | Modifiers.ALT


class ChatView:
    """Shows the transcript's end, a line about the chat, and the prompt; the content of a ``FullScreen``."""

    help_text = "Ctrl+B: d detach · w take back · c send · x drop · r retry · y copy · t try now"
    lasting_notice = ""

    def __init__(self, screen: FullScreen) -> None:
        self._screen = screen
        self.viewer = Viewer(
            screen.session_id,
            screen,
            read_only=screen.read_only,
            kind="attach",
            runtime="structured",
            machine=screen.machine,
        )
        self.attention = Attention(screen.signals, screen.signal_queue, lambda: screen.name)
        self._page, self._box = Page(), PromptBox()
        self._shown: dict[int, Row] = {}
        self._question: ShownQuestion | None = None
        self._notice_text = ""
        self._completing: asyncio.Future[None] | None = None
        """Keeps the task that looks for a path."""

    # ------------------------------------------------------------ keys

    def take(self, values: list[TerminalInput]) -> None:
        """Edit the prompt, answer a question, scroll."""
        for value in values:
            if not self._screen.end.has_come:
                self._take(value)

    def _take(self, value: TerminalInput) -> None:
        match value:
            case KeyTyped(action=KeyAction.RELEASE):
                return
            case KeyTyped():
                self._key(value)
            case TextTyped(text) | Pasted(text):
                self._insert(text)
            case FocusChanged(focused):
                self.attention.has_focus = focused
                return
            case MouseMoved(button=MouseButton.WHEEL_UP | MouseButton.WHEEL_DOWN as button):
                self._page.scroll(WHEEL_LINES if button is MouseButton.WHEEL_UP else -WHEEL_LINES)
            case _:
                return
        self._screen.damage()

    def _key(self, value: KeyTyped) -> None:
        key, modifiers = value.key, value.modifiers & (Modifiers.CTRL | Modifiers.ALT | Modifiers.SHIFT)
        if key in {"PageUp", "PageDown"}:
            self._page.scroll((1 if key == "PageUp" else -1) * max(1, self._page_rows - 1))
        elif key in {"ArrowUp", "ArrowDown"} and modifiers == Modifiers.SHIFT:
            self._page.scroll(1 if key == "ArrowUp" else -1)
        elif self._screen.read_only:
            self._screen.notice("read-only: Ctrl+B d detaches", NOTICE_S)
        elif key == "c" and modifiers == Modifiers.CTRL:
            self._interrupt()
        elif self._is_answer(value):
            self._answer_by_key(value.text)
        elif self._is_idle and not self._box.text and self._screen.is_detaching_left(value):
            self._screen.end.set(EndingKind.DETACHED)
        elif (key == "Enter" and modifiers & _NEW_LINE) or (key == "j" and modifiers == Modifiers.CTRL):
            self._insert("\n")
        elif key == "Tab" and self._complete():
            return
        elif key == "Tab" or (key == "Enter" and modifiers == Modifiers.CTRL):
            self._enter("steer")
        elif key in {"Enter", "NumpadEnter"}:
            self._enter("queue")
        elif not self._box.key(key, modifiers) and value.text:
            self._insert(value.text)

    def command(self, value: KeyTyped) -> bool:
        """Copy the last answer, ask the last prompt again; take back a queued prompt; send or discard waiting ones."""
        if value.key == "y":
            self._copy_answer()
            return True
        if value.key not in {"w", "c", "x", "r"} or self._screen.read_only:
            return False
        queued = [item for item in self._last_prompts() if item.status in IN_QUEUE]
        if value.key == "r":
            self._try_again()
        elif value.key != "w" and self._held:
            asked = next((item for item in queued if item.is_asked_about), None)
            discards = value.key == "x"
            sends = PassAmount(asked.id) if asked is not None and not discards else ReleaseHeld(discard=discards)
            self.viewer.send(sends)
        elif value.key != "w":
            self._screen.notice("no prompt waits", NOTICE_S)
        elif queued:
            self.viewer.send(WithdrawPrompt(queued[-1].id))
            self._box.set_text(queued[-1].text)
        else:
            self._screen.notice("no prompt is queued", NOTICE_S)
        self._screen.damage()
        return True

    def _copy_answer(self) -> None:
        answer = next((item.text for item in reversed(self._last_items()) if item.kind == "agent"), "")
        if answer:
            self._screen.add_signal(self._screen.signals.clipboard(for_clipboard(answer, MAX_CLIPBOARD_CHARACTERS)))
        notice = "copied the last answer, if the terminal allows it" if answer else "no answer yet"
        self._screen.notice(notice, NOTICE_S)

    def _try_again(self) -> None:
        """Send the prompt of the last turn again, if that failed."""
        sent = [item for item in self._last_prompts() if item.status not in IN_QUEUE]
        if self._has_failed and sent:
            self._page.back = 0
            self.viewer.send(Prompt(sent[-1].text, images=sent[-1].images))
        else:
            self._screen.notice("the last turn did not fail", NOTICE_S)

    @property
    def _has_failed(self) -> bool:
        """Whether the last turn failed, and no other one has begun."""
        status = self.viewer.replica.transcript.status if self.viewer.replica.transcript is not None else None
        return (
            status is not None
            and status.state in BETWEEN_TURNS
            and status.last_turn is not None
            and status.last_turn.outcome == "failed"
        )

    # ------------------------------------------------------------ completing

    def _offers(self) -> list[Offer]:
        transcript = self.viewer.replica.transcript
        if transcript is None or self._question is not None:
            return []
        return offers(self._box.text[: self._box.cursor], self._box.word, transcript.status)

    def _complete(self) -> bool:
        """Complete the word at the cursor; False if it is none that can be completed."""
        word = self._box.word
        if word.startswith("@") and self._question is None:
            self._completing = asyncio.ensure_future(self._complete_path(word))
            return True
        words = [offer.word for offer in self._offers()]
        if not words or words == [word]:
            return False
        self._box.complete(word, common(words) if len(words) > 1 else f"{words[0]} ")
        self._screen.damage()
        return True

    async def _complete_path(self, word: str) -> None:
        try:
            whole, names = await completed_path(self._screen.machine, self._screen.session_id, word)
        except OutliveError as error:
            self._screen.notice(one_line(str(error)), NOTICE_S)
            return
        self._box.complete(word, whole)
        if not names:
            self._screen.notice("no such file", NOTICE_S)
        elif whole == word:
            self._screen.notice(" · ".join(names), NOTICE_S)
        self._screen.damage()

    def _insert(self, text: str) -> None:
        if self._screen.read_only:
            self._screen.notice("read-only: Ctrl+B d detaches", NOTICE_S)
        elif not self._box.insert(text):
            self._screen.notice("the text is too long; put it into a file, and name the file", NOTICE_S)

    def _interrupt(self) -> None:
        transcript = self.viewer.replica.transcript
        if transcript is not None and transcript.status.is_running:
            self.viewer.send(Interrupt())
        elif self._box.text:
            self._box.take()
        else:
            self._screen.notice("nothing is running; Ctrl+B d detaches", NOTICE_S)

    def _enter(self, mode: PromptMode) -> None:
        self._page.back = 0
        if self._question is not None and self._question.takes_text:
            if problem := self._question.problem_of_text(self._box.text):
                self._screen.notice(problem, NOTICE_S)
            else:
                self._answer(self._question.by_text(self._box.take()))
            return
        if self._box.text.strip():
            self.viewer.send(Prompt(self._box.take(), mode))

    # ------------------------------------------------------------ questions

    def _is_answer(self, value: KeyTyped) -> bool:
        question = self._question
        if question is None or self._box.text or value.action is not KeyAction.PRESS:
            return False  # A key that is held must not answer the next question, too.
        return bool(value.text) and question.has_key(value.text)

    def _answer_by_key(self, key: str) -> None:
        assert self._question is not None
        problem = self._question.problem(key, asyncio.get_running_loop().time())
        if problem:
            self._screen.notice(problem, NOTICE_S)
        else:
            self._answer(self._question.by_key(key))

    def _answer(self, answer: AnswerRequest | None) -> None:
        if answer is not None:
            self.viewer.send(answer)

    def _find_question(self, transcript: Transcript) -> ShownQuestion | None:
        waiting = transcript.open_requests
        previous = self._question
        if previous is not None and (not waiting or previous.request != waiting[0]):
            self._screen.notice("")  # Remove the notice about the previous question.
        if not waiting:
            return None
        return previous if previous is not None and previous.request == waiting[0] else ShownQuestion(waiting[0])

    # ------------------------------------------------------------ painting

    @property
    def _is_idle(self) -> bool:
        transcript = self.viewer.replica.transcript
        return transcript is not None and transcript.status.state in BETWEEN_TURNS and self._question is None

    @property
    def _page_rows(self) -> int:
        return max(1, self._screen.size.rows - len(self._box_rows().lines) - 1)

    def _box_rows(self) -> BoxRows:
        question = self._question
        mark = "? " if question is not None and question.takes_text else "> "
        max_rows = max(1, self._screen.size.rows // _BOX_SHARE)
        return self._box.rows(
            self._screen.size.columns, max_rows, mark, hidden=question is not None and question.is_secret
        )

    def paint(self) -> bool:
        """Write the rows that differ from those shown."""
        size = self._screen.size
        box = self._box_rows()
        lines: list[TextLine] = []
        height = size.rows - len(box.lines) - 1
        if (transcript := self.viewer.replica.transcript) is not None:
            self._box.set_history([item.text for item in self._last_prompts()])
            self._question = self._find_question(transcript)
            lines = self._page.show(
                transcript, size.columns, max(height, 0), self._question, asyncio.get_running_loop().time()
            )
        rows = [row_of(line, size.columns) for line in lines]
        rows += [BLANK] * (height - len(rows))
        if height >= 0:
            text = f" {self._status_text()} "
            rows.append(row_of(TextLine(text.ljust(size.columns)), size.columns, STATUS))
        rows += [row_of(line, size.columns) for line in box.lines]
        self._write(rows[-size.rows :], Cursor(box.column, size.rows - len(box.lines) + box.row, visible=True))
        return True

    def _write(self, rows: list[Row], cursor: Cursor) -> None:
        """Write the rows that differ from those shown."""
        is_full = len(self._shown) != len(rows)
        changed = {index: row for index, row in enumerate(rows) if is_full or self._shown.get(index) != row}
        self._shown = dict(enumerate(rows))
        frame = Frame(self._screen.size, is_full, changed, cursor, 0, 0, DEFAULT_COLOR, DEFAULT_COLOR, {})
        self._screen.terminal.write(self._screen.painter.paint(frame, _MODES))

    def _status_text(self) -> str:
        """The line above the prompt: the chat's state and the keys."""
        if self._notice_text:
            return self._notice_text
        if self._page.back:
            return f"↑ {self._page.back} more lines below · PageDown"
        transcript = self.viewer.replica.transcript
        if transcript is None or transcript.status.state == "starting":
            return "◐ Starting…"
        if self._question is not None:
            if self._screen.read_only:
                return "▲ Waits for an answer (read-only)"
            return "▲ PageUp: read the whole question" if self._question.since_s is None else self._question.hint
        if found := self._offers():
            return f"{' · '.join(offer.shown for offer in found)} · Tab completes"
        status = transcript.status
        if status.state == "running":
            steer = " · Tab steers" if status.capabilities.steer else ""
            keys = f"Ctrl+C interrupts · Enter queues{steer}" if self._box.text else "Ctrl+C interrupts"
            return f"◐ Working… {status.detail}".strip() + ("" if self._screen.read_only else f" · {keys}")
        mark, words = ("◐", "Works in the background") if status.state == "background" else ("○", "Idle")
        if self._screen.read_only:
            return f"{mark} {words} (read-only)"
        if waits := held_words(transcript.held):
            return f"{mark} {waits} · Ctrl+B c sends, Ctrl+B x discards"
        if self._has_failed:
            return f"✗ {self._screen.name} · Ctrl+B r tries again · Enter sends · Ctrl+B d detaches"
        return f"{mark} {self._screen.name} · Enter sends · Ctrl+B d detaches"

    @property
    def _held(self) -> int:
        return self.viewer.replica.transcript.held if self.viewer.replica.transcript is not None else 0

    def _last_prompts(self) -> list[Item]:
        """The user's prompts among the last items, oldest first."""
        return [item for item in self._last_items() if item.kind == "user"]

    def _last_items(self) -> list[Item]:
        transcript = self.viewer.replica.transcript
        if transcript is None:
            return []
        return [transcript[index] for index in range(max(0, len(transcript) - HISTORY_ITEMS), len(transcript))]

    def show_notice(self, text: str) -> None:
        """Show a notice in place of the chat's state."""
        if text != self._notice_text:
            self._notice_text = text
            self._screen.damage()

    # ------------------------------------------------------------ from the viewer

    def replaced(self) -> None:
        """Show the new transcript."""
        self._screen.damage()

    def damaged(self) -> None:
        """Show the change."""
        self._screen.damage()

    def refused(self, refusal: InputRefused) -> None:
        """Say why an input was refused."""
        self._screen.notice(f"refused: {refusal.message}", NOTICE_S)

    def event(self, event: Event) -> bool:
        """Ring and notify when the agent asks or has finished a long turn."""
        if isinstance(event, ActivityEvent):
            self.attention.take(event)
            return True
        return False
