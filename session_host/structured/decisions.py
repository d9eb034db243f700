"""What the user decided about an agent's questions, said once: every front reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from session_host.protocol.untrusted_text import one_line

from .items import REJECTIONS, AgentRequest, Item, RequestResolved
from .patches import read_diff

DecisionKind = Literal["allowed", "declined", "answered", "withdrawn"]
Resolved = tuple[AgentRequest, RequestResolved]
"""A request that is resolved, and how."""


_MAX_NAMED: Final = 2
"""Of more calls that were allowed in a turn, only the number is told."""
_MAX_CHARACTERS = 400
"""More than a line shows."""


class Decision(NamedTuple):
    """A decision. All texts are of one line.

    Attributes:
        about: the command, the files, or the question.
        is_words: whether that is in words, and no command or path.
        files: the paths of files that it changes, as the agent names them.
        words: what the user said: an answer, or what to do instead of what was declined; "" for nothing.
        rule: the whole name of an answer that also holds for later calls; "" for none.
        by: where it was given, see ``RequestResolved.by``.
        stopped: whether it was withdrawn because the user stopped the turn.
        at_ms: when, in milliseconds since 1970; 0 if unknown.
    """

    kind: DecisionKind
    about: str
    is_words: bool
    files: tuple[str, ...]
    words: str
    rule: str
    by: str
    stopped: bool
    at_ms: int


def decision(request: AgentRequest, answer: RequestResolved) -> Decision:
    """What was decided about a request."""
    kind, option = kind_of(request, answer), next((each for each in request.options if each.id == answer.option), None)
    files = tuple(_files(request.subject)) if request.kind == "edit" else ()
    rule = (
        answer.name if answer.kind == "allow_always" or (option is not None and option.kind == "allow_always") else ""
    )
    return Decision(
        kind,
        one_line(_about(request, files)[:_MAX_CHARACTERS]),
        request.kind in {"question", "permission"},
        files,
        one_line((answer.name if kind == "answered" else answer.words)[:_MAX_CHARACTERS]),
        one_line(rule),
        answer.by,
        answer.stopped,
        answer.at_ms,
    )


def kind_of(request: AgentRequest, answer: RequestResolved) -> DecisionKind:
    """How a request was resolved."""
    if not answer.option:
        return "withdrawn"
    option = next((each for each in request.options if each.id == answer.option), None)
    if (answer.kind or (option.kind if option is not None else "")) in REJECTIONS:
        return "declined"
    return "answered" if request.kind == "question" else "allowed"


def _about(request: AgentRequest, files: tuple[str, ...]) -> str:
    match request.kind:
        case "command":
            return request.shown_subject.strip() or request.title
        case "edit":
            return ", ".join(files) or request.title
        case "question":
            return request.questions[0].text if len(request.questions) == 1 else request.title
        case _:
            return request.title


def _files(diff: str) -> Iterable[str]:
    return dict.fromkeys(path for file in read_diff(diff) if (path := file.new or file.old))


def of_declined(item: Item) -> Decision:
    """What was decided about a declined call of a tool of which the question is not known."""
    about = item.command.strip() or item.title
    files = tuple(dict.fromkeys(change.moved_to or change.path for change in item.changes))
    text = one_line((", ".join(files) or about)[:_MAX_CHARACTERS])
    return Decision(
        "declined", text, not (item.command or files), files, "", "", "", False, item.ended_ms or item.at_ms
    )


def in_turn(items: Iterable[Item], decided: Mapping[str, Iterable[Decision]]) -> list[Decision]:
    """What was decided in a turn, oldest first; ``decided`` are the answers by the items that they follow."""
    found = list[Decision]()
    for item in items:
        own = [*decided.get(item.id, ())]
        if item.status == "declined" and not any(each.kind in {"declined", "withdrawn"} for each in own):
            own.append(of_declined(item))
        found += own
    return sorted(found, key=lambda each: each.at_ms)


def in_lines(decided: Iterable[Decision]) -> list[list[Decision]]:
    """The decisions of a folded turn by the lines that tell them: what was allowed in one, the others alone."""
    found, allowed = list[list[Decision]](), list[Decision]()
    for each in decided:
        if each.kind != "allowed":
            found.append([each])
            continue
        if allowed:
            found.remove(allowed)
        allowed.append(each)
        found.append(allowed)  # Where the last one is.
    return found


_VERBS: Final[dict[DecisionKind, str]] = {
    "allowed": "Allowed",
    "declined": "Declined",
    "answered": "Answered",
    "withdrawn": "Withdrawn",
}


def told(together: Sequence[Decision]) -> str:
    """The decisions of a line in words, for fronts without a style of their own for commands and paths."""
    first = together[-1]
    if len(together) == 1:
        words = first.words if first.kind == "answered" or not first.words else f"“{first.words}”"
        return " · ".join(filter(None, (f"{_VERBS[first.kind]} {first.about}", words, first.rule)))
    edits = [each for each in together if each.files]
    others = list(dict.fromkeys(each.about for each in together if not each.files))
    parts = [edits[0].about] if len(edits) == 1 else [f"{len(edits)} edits"] if edits else []
    parts += others if len(others) <= _MAX_NAMED else [f"{len(others)} others" if parts else f"{len(others)} calls"]
    return f"{_VERBS[first.kind]} {', '.join(parts[:-1])}{' and ' if parts[:-1] else ''}{parts[-1]}"
