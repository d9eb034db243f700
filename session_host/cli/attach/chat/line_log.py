"""A transcript as lines, each printed once: for screen readers and terminals without a cursor. Pure."""

from __future__ import annotations

from session_host.structured.text import (
    Answered,
    allowed_ms,
    answer_line,
    answered,
    item_lines,
    request_lines,
    state_line,
)
from session_host.structured.transcript import Transcript

from .question import Question

FIRST_LINES = 20
"""How many lines of an existing transcript are printed at the beginning."""


class LineLog:
    """Finds the lines that are complete and not printed yet.

    Items are printed in order. A message that is streamed is printed line by line, each line when it is complete. Other
    items are printed when they are complete, prompts when they leave the queue.
    """

    def __init__(self) -> None:
        self._transcript: Transcript | None = None
        self._index = 0
        """The position of the first item that is not wholly printed."""
        self._lines = 0
        """How many lines of it are printed."""
        self._sent: list[str] = []
        self._asked: set[str] = set()
        self._answered: set[str] = set()
        self._state = ("", "")

    def sent(self, text: str) -> None:
        """Note a prompt that the user typed in this terminal: it is visible, so its item is not printed."""
        self._sent.append(text)

    def take(self, transcript: Transcript, question: Question | None) -> list[str]:
        """The new lines."""
        lines = [] if transcript is self._transcript else self._begin(transcript)
        answers = answered(transcript)
        while self._index < len(transcript):
            item = transcript[self._index]
            is_done = item.status != "running"
            if item.status == "queued" or (not is_done and item.kind != "agent"):
                break
            item_texts = _item_texts(transcript, self._index, answers)
            if item.kind == "user" and item.text in self._sent:
                self._sent.remove(item.text)
                item_texts = []
            lines += item_texts[self._lines :] if is_done else item_texts[self._lines : -1]
            if not is_done:
                self._lines = max(self._lines, len(item_texts) - 1)
                break
            self._index, self._lines = self._index + 1, 0
        return lines + self._requests(transcript, question) + self._state_change(transcript)

    def _begin(self, transcript: Transcript) -> list[str]:
        """Begin with the end of a transcript; with a later state of the same transcript, continue at the same item."""
        is_first, self._transcript = self._transcript is None, transcript
        if not is_first:
            self._index = min(self._index, len(transcript))
            return []
        while self._index < len(transcript) and transcript[self._index].status not in {"running", "queued"}:
            self._index += 1
        self._answered = set(transcript.answers)
        positions, answers = range(max(0, self._index - FIRST_LINES), self._index), answered(transcript)
        return [text for position in positions for text in _item_texts(transcript, position, answers)][-FIRST_LINES:]

    def _requests(self, transcript: Transcript, question: Question | None) -> list[str]:
        lines = []
        for answer in transcript.answers.values():
            if answer.id not in self._answered and answer.id in transcript.requests:
                self._answered.add(answer.id)
                lines.append(answer_line(transcript.requests[answer.id], answer))
        if question is not None and question.request.id not in self._asked:
            self._asked.add(question.request.id)
            lines += [line.text for line in request_lines(question.request, keys=question.keys)]
            lines.append(question.hint if question.takes_text else f"{question.hint} (and Enter)")
        return lines

    def _state_change(self, transcript: Transcript) -> list[str]:
        status = transcript.status
        # A short turn may have begun and ended since the last call.
        turn = status.last_turn.turn if status.state == "idle" and status.last_turn is not None else ""
        if status.state in {"requires_action", "ended"} or (status.state, turn) == self._state:
            return []
        self._state = (status.state, turn)
        texts = {"starting": "◐ Starting…", "running": "◐ Working…", "idle": state_line(transcript) or "○ Idle"}
        return [texts[status.state]]


def _item_texts(transcript: Transcript, position: int, answers: Answered) -> list[str]:
    item = transcript[position]
    return [line.text for line in item_lines(item, allowed_ms=allowed_ms(item, answers.get(position, ())))]
