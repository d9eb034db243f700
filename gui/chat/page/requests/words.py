"""The texts of a request as they are shown and spoken; what nobody can read is cut."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from gui.chat.content.items import request_segments
from gui.chat.page.accessible_rows import spoken_segments
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.structured.items import REJECTIONS, AgentRequest, RequestOption
from session_host.structured.shortening import cut
from session_host.structured.text import repeats_command

_MAX_CHARACTERS = 10_000
"""The most characters of an answer, and of the other texts beside the subject: wrapping more takes long."""
_MAX_WORD_CHARACTERS = 50_000
"""The same for a word of the subject, which scrolls."""
_MAX_SPOKEN_CHARACTERS = 2_000
"""The most characters of a subject that is announced: more is read from the widget."""


def readable(request: AgentRequest) -> AgentRequest:
    """The request as it is shown; one with texts that are too long to read is cut, and can only be declined."""
    options: list[RequestOption] = []
    for option in request.options:
        if len(option.name) + len(option.short) <= _MAX_CHARACTERS:
            options.append(option)
        elif option.kind in REJECTIONS:
            options.append(replace(option, name=cut(option.name), short=""))
    shown = replace(request, options=tuple(options))
    asked = (text for each in request.questions for text in (each.text, *each.options, *each.descriptions))
    longest_word = max(map(len, request.subject.split()), default=0) if request.kind != "edit" else 0
    texts = (request.title, request.reason, request.directory, *asked)
    if sum(map(len, texts)) <= _MAX_CHARACTERS and longest_word <= _MAX_WORD_CHARACTERS:
        return shown
    return replace(
        shown,
        title=cut(request.title),
        reason=cut(request.reason),
        directory=cut(request.directory),
        subject=cut(request.subject),
        short_subject="",
        questions=(),
        complete=False,
    )


def title_of(request: AgentRequest) -> str:
    """The agent's title, or a generic one if the title only repeats the command, which is shown below it."""
    return chat_texts.RUN_THIS() if repeats_command(request) else escaped(request.title)


def spoken(request: AgentRequest, directory: str) -> str:
    """A screen reader's text for a request: its title, everything that an answer allows, and the answers.

    Args:
        request: the request.
        directory: the chat's; files below it are named relative to it.
    """
    shown = readable(request)
    is_edit = shown.kind == "edit"
    subject = spoken_segments(request_segments(shown, "", directory)) if is_edit else escaped(shown.shown_subject)
    if len(subject) > _MAX_SPOKEN_CHARACTERS:
        subject = cut(subject, _MAX_SPOKEN_CHARACTERS)
    lines = [chat_texts.SPOKEN(kind=chat_texts.ASKS(), text=title_of(shown)), subject if subject != shown.title else ""]
    for question in shown.questions:
        lines += ["" if question.text == shown.title else question.shown_text, _answers(question.options)]
    lines.append(_answers([escaped(one_line(option.label)) for option in shown.options]))
    return "\n".join(filter(None, lines))


def _answers(answers: Sequence[str]) -> str:
    return chat_texts.ANSWERS(answers=", ".join(answers)) if answers else ""
