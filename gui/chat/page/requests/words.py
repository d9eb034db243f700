"""The texts of a request as a screen reader says them."""

from __future__ import annotations

from collections.abc import Sequence

from gui.chat.content.requests import readable, request_segments, title_of
from gui.chat.page.accessible_rows import spoken_segments
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.structured.items import AgentRequest, Question
from session_host.structured.shortening import cut

_MAX_SPOKEN_CHARACTERS = 2_000
"""The most characters of a subject that is announced: more is read from the page."""


def spoken(request: AgentRequest, directory: str) -> str:
    """A screen reader's text for a request: its title, everything that an answer allows, and the answers.

    Args:
        request: the request.
        directory: the chat's; files below it are named relative to it.
    """
    shown = readable(request)
    is_edit = shown.kind == "edit"
    subject = spoken_segments(request_segments(shown, "", directory)[1:]) if is_edit else escaped(shown.shown_subject)
    if len(subject) > _MAX_SPOKEN_CHARACTERS:
        subject = cut(subject, _MAX_SPOKEN_CHARACTERS)
    lines = [chat_texts.SPOKEN(kind=chat_texts.ASKS(), text=title_of(shown)), subject if subject != shown.title else ""]
    lines += [spoken_question(question, says_text=question.text != shown.title) for question in shown.questions]
    lines.append(_answers([escaped(one_line(option.label)) for option in shown.options]))
    return "\n".join(filter(None, lines))


def spoken_question(question: Question, *, says_text: bool = True) -> str:
    """A question with its suggested answers."""
    return "\n".join(filter(None, [question.shown_text if says_text else "", _answers(question.options)]))


def _answers(answers: Sequence[str]) -> str:
    return chat_texts.ANSWERS(answers=", ".join(answers)) if answers else ""
