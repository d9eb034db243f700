"""Questions of agents that are short enough to be answered from a notification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from session_host.client import questions
from session_host.errors import OutliveError
from session_host.paths import short_directory
from session_host.protocol.messages import AnswerRequest
from session_host.protocol.untrusted_text import one_line
from session_host.structured.answers import Intent, hindrance, option_for
from session_host.structured.items import AgentRequest, RequestOption, digest
from session_host.structured.shortening import NAME_CHARACTERS, cut
from session_host.structured.text import exact_lines

if TYPE_CHECKING:
    from gui.bridge.chat import Chat

MAX_LINES: Final = 2
MAX_CHARACTERS: Final = 120
"""Desktops cut longer texts; only a question that is shown whole can be answered here."""

_REPEATED_CHARACTERS: Final = 20
"""A title with so much of the command need not be followed by the command."""

BY: Final = "notification"
"""The key of ``items.PLACES`` for answers that are given by a button of a notification."""

_INTENTS: Final[tuple[Intent, ...]] = ("allow", "deny")


class AnswerableQuestion(NamedTuple):
    """A question with the answers that a notification offers, by the ids of its buttons.

    The ids name the question: a click on a notification that another question is just replacing answers nothing.
    """

    request: AgentRequest
    text: str
    options: dict[str, RequestOption]

    @property
    def actions(self) -> list[tuple[str, str]]:
        """The actions' ids and labels."""
        return [(action, option.label) for action, option in self.options.items()]


async def find_request(chat: Chat) -> AgentRequest | None:
    """Ask a chat for its question; None unless it has exactly one, also in its terminal."""
    try:
        found = await questions.asked_by(chat.ask)
    except OutliveError:
        return None
    return found.requests[0] if len(found.requests) == 1 and not found.elsewhere else None


def offer(agent_request: AgentRequest, home: str) -> AnswerableQuestion | None:
    """The offer for a request from a machine with this home directory.

    None if it is not a whole, short command, or lacks one of the two answers.
    """
    lines = exact_lines(agent_request.shown_subject)
    if agent_request.kind != "command" or not agent_request.complete or not 0 < len(lines) <= MAX_LINES:
        return None
    if agent_request.directory:
        lines.append(" ".join(exact_lines(short_directory(agent_request.directory, home))))
    text = "\n".join(lines)
    asked = digest(agent_request)
    options = {f"{intent} {asked}": option_for(agent_request, intent) for intent in _INTENTS}
    found = {
        action: option
        for action, option in options.items()
        if option is not None and len(option.label) <= NAME_CHARACTERS and not hindrance(agent_request, option, BY)
    }
    if len(text) > MAX_CHARACTERS or len(found) < len(options):
        return None
    return AnswerableQuestion(agent_request, text, found)


def summary(agent_request: AgentRequest) -> str:
    """The text of a question that is not answered in its notification: its title, and both ends of its command."""
    command = cut(agent_request.shown_subject, MAX_CHARACTERS) if agent_request.kind == "command" else ""
    title = one_line(agent_request.title)
    return title if not command or command[:_REPEATED_CHARACTERS] in title else f"{title}\n{command}"


async def answer(chat: Chat, offered: AnswerableQuestion, action: str) -> None:
    """Answer the question.

    Raises:
        OutliveError: another answer came first, or the chat cannot be reached.
    """
    agent_request = offered.request
    answer = AnswerRequest(agent_request.id, offered.options[action].id, digest(agent_request))
    await questions.answer(chat.ask, answer, BY)
