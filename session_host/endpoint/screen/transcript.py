"""Formats a conversation as lines of the terminal, and prints a resumed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from session_host.endpoint.conversation.attachments import label, picture_label
from session_host.endpoint.conversation.conversation import UNANSWERED, Answer, Conversation, Question
from session_host.endpoint.screen import osc
from session_host.endpoint.screen.markdown_stream import MarkdownStream, clean

if TYPE_CHECKING:
    from session_host.endpoint.screen.painting import Painter
    from session_host.endpoint.screen.screen import Screen

SHOWN_MESSAGES: Final = 60
"""How many messages of a resumed conversation are printed."""


def question_rows(question: Question, painter: Painter) -> str:
    """A question and its attachments as text for ``Screen.write``, up to the mark of its answer."""
    lines = painter.wrap(clean(question.text), "bold", prefix="› ")
    for attachment in question.attachments:
        lines += painter.wrap(f"+ {clean(label(attachment))}", "dim", prefix="  ")
    for picture in question.images:
        lines += painter.wrap(f"+ {clean(picture_label(picture))}", "dim", prefix="  ")
    return osc.QUESTION + "".join(f"{line}\r\n" for line in [*lines, ""]) + osc.ANSWER


def answer_lines(answer: Answer, painter: Painter) -> list[str]:
    """An answer as lines; with a note if it is incomplete."""
    stream = MarkdownStream()
    blocks = [*stream.append(clean(answer.text)), *stream.finish()]
    lines = [line for block in blocks for line in painter.block(block)]
    note = answer.shown_note
    return [*lines, osc.ANSWER_END, *(note_lines(note, painter) if note else [])]


def show(screen: Screen, conversation: Conversation, painter: Callable[[], Painter]) -> None:
    """Print the last messages of a resumed conversation; ``painter`` is called only if there are some."""
    messages = conversation.messages
    if len(messages) > SHOWN_MESSAGES:
        screen.print(note_lines(f"{len(messages) - SHOWN_MESSAGES} earlier messages not shown", painter()))
    for message in messages[-SHOWN_MESSAGES:]:
        if isinstance(message, Question):
            screen.write(question_rows(message, painter()))
        else:
            screen.print(answer_lines(message, painter()))
    if isinstance(conversation.last, Question):
        screen.print(note_lines(UNANSWERED, painter()))


def note_lines(text: str, painter: Painter) -> list[str]:
    """A line of the program itself, wrapped, with an empty line after it."""
    return [*painter.wrap(clean(text), "dim"), ""]
