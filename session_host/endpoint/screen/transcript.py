"""Formats a conversation as lines of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from session_host.endpoint.conversation.attachments import shown
from session_host.endpoint.conversation.conversation import Answer, AnswerState, Question
from session_host.endpoint.screen import osc
from session_host.endpoint.screen.settling import MarkdownStream, clean

if TYPE_CHECKING:
    from session_host.endpoint.screen.painting import Painter

_NOTES: Final = {
    AnswerState.STREAMING: "the answer was interrupted; /continue to continue, /retry to ask again",
    AnswerState.STOPPED: "stopped",
}


def question_rows(question: Question, painter: Painter) -> str:
    """A question and its attachments, as it is written, up to the mark of its answer."""
    lines = painter.words(clean(question.text), "bold", prefix="› ")
    for each in question.attachments:
        lines += painter.words(f"+ {clean(shown(each))}", "dim", prefix="  ")
    return osc.QUESTION + "".join(f"{line}\r\n" for line in [*lines, ""]) + osc.ANSWER


def answer_lines(answer: Answer, painter: Painter) -> list[str]:
    """An answer, and the reason if it is incomplete."""
    settling = MarkdownStream()
    blocks = [*settling.append(clean(answer.text)), *settling.finish()]
    lines = [line for block in blocks for line in painter.block(block)]
    note = answer.note or _NOTES.get(answer.state, "")
    return [*lines, osc.ANSWER_END, *([*painter.words(clean(note), "dim"), ""] if note else [])]
