"""An open request as segments: its head, and its subject to the letter. What nobody can read is cut."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from msgspec.structs import replace

from gui.wording import chat_texts
from session_host.protocol.untrusted_text import escaped, legible, one_line, with_visible
from session_host.structured.items import REJECTIONS, AgentRequest, RequestOption
from session_host.structured.shortening import cut
from session_host.structured.text import repeats_command

from . import patches
from .segments import AskLine, Card, Diff, DiffHead, QuietLine, Segment, Subject, code_segments

_MAX_CHARACTERS = 10_000
"""The most characters of an answer, and of the other texts beside the subject: wrapping more takes long."""
_MAX_WORD_CHARACTERS = 50_000
"""The same for a word of the subject, which scrolls."""
_HEAD_CHARACTERS = 68
"""A command of one line with no more characters is in the head alone."""


class RequestLook(NamedTuple):
    """How an open request is shown.

    Attributes:
        exact: whether its command is shown exactly as the agent states it.
        question: the number of the question that is shown, of a form with several.
    """

    exact: bool = False
    question: int = 0


USUAL_LOOK = RequestLook()


def request_segments(
    request: AgentRequest, row: str, directory: str, look: RequestLook = USUAL_LOOK, asker: str = ""
) -> list[Segment]:
    """The segments of an open request in a row: its head, its subject, and the area of its answers.

    Args:
        request: the request.
        row: the row's key.
        directory: the chat's; files below it are named relative to it.
        look: how it is shown.
        asker: the name of the chat that asks; "" for the agent of the page.
    """
    shown = readable(request)
    head, subject = _edit(shown, row, directory) if shown.kind == "edit" else _text(shown, look)
    above: list[Segment] = [dataclasses.replace(head, item=row, request=request.id, asker=asker)]
    if shown.reason:
        above.append(QuietLine(escaped(one_line(shown.reason))))
    return [*above, *subject, Card(request=request.id, subject_segments=len(subject))]


def _edit(request: AgentRequest, row: str, directory: str) -> tuple[AskLine, list[Segment]]:
    """The head and the diff; of one file, the head has its path and its numbers of lines."""
    found = patches.of_diff(with_visible(request.subject), row, directory)
    subject = [
        dataclasses.replace(each, inner=False, asked=True)
        if isinstance(each, Diff | DiffHead)
        else dataclasses.replace(each, inner=False)
        for each in found
    ]
    heads = [each for each in subject if isinstance(each, DiffHead)]
    title = escaped(request.title).removesuffix("?")
    head = AskLine(
        title,
        object_at=len(title),
        added=sum(each.added for each in heads),
        removed=sum(each.removed for each in heads),
        digits=max((each.digits for each in heads), default=0),
        longest=max((each.longest for each in heads), default=0),
    )
    if len(heads) != 1 or subject[0] is not heads[0]:
        return head, subject
    words, path = _without_path(title, heads[0]), heads[0].text
    subject = [dataclasses.replace(each, has_head=False) if isinstance(each, Diff) else each for each in subject[1:]]
    text = f"{words} {path}" if words else path
    return dataclasses.replace(head, text=text, object_at=len(text) - len(path), head=heads[0]), subject


def _without_path(title: str, head: DiffHead) -> str:
    """A title without the file's path at its end, whatever directory it is relative to."""
    for path in (head.file.path if head.file is not None else "", head.text):
        words, _, last = title.rpartition(" ")
        if path and title.endswith(f" {path}"):
            return title.removesuffix(path).rstrip()
        if last and path.endswith(f"/{last}"):
            return words
    return title


def _text(request: AgentRequest, look: RequestLook) -> tuple[AskLine, list[Segment]]:
    """The head, and the command or text, unless the head has all of it."""
    command = request.subject if look.exact else request.shown_subject
    if request.kind == "command" and repeats_command(request):
        if "\n" not in command and len(command) <= _HEAD_CHARACTERS:
            run = chat_texts.RUN()
            return AskLine(f"{run} {escaped(command)}", object_at=len(run) + 1), []
        title = chat_texts.RUN()
    else:
        title = title_of(request, look)
    lines = command.count("\n") + 1
    detail = chat_texts.LINES(n=lines) if request.kind == "command" and lines > 1 else ""
    if len(request.questions) > 1:
        detail = chat_texts.STEP_OF(number=look.question + 1, count=len(request.questions))
    head = AskLine(title, object_at=len(title), detail=detail)
    if not command or (request.kind == "question" and is_title(request, command)):
        return head, []
    return head, list(code_segments(escaped(command), Subject()))


def is_title(request: AgentRequest, text: str) -> bool:
    """Whether the request's title is this whole text, in one line."""
    return " ".join(text.split()) == request.title


def asks_in_title(request: AgentRequest) -> bool:
    """Whether the head has the text of the question that is shown: the title only repeats the first one."""
    return bool(request.questions) and is_title(request, request.questions[0].text)


def title_of(request: AgentRequest, look: RequestLook = USUAL_LOOK) -> str:
    """The words of a request's head: the agent's title, or the shown question if the title repeats the first one."""
    if asks_in_title(request):
        return legible(request.questions[look.question].shown_text.strip())
    return escaped(request.title)


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
