"""What a chat can do because of how it runs: in a terminal, or as a structured chat by its agent's own protocol.

Fronts ask for the trait that they need, not for the runtime. What an agent can do besides is in its file.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import Runtime


class Traits(NamedTuple):
    """The traits of all chats of one runtime.

    Attributes:
        predicate: what it is, after the chat's name.
        other: the other runtime.
        formats: of its recording as a file, by the file name's ending, the usual one first.
        has_screen: whether its program draws on a screen, which has a size, takes keys, and is quiet at times.
        has_transcript: whether Outlive keeps what was said; else only its agent's own record may have that.
        takes_prompts: whether it takes whole prompts into its queue; else they are typed where its program reads keys.
        own_dialog: whether its agent asks in a dialog on the screen, which may be open beside Outlive's own question.
        forks: whether its conversation can be copied, if its agent can do that.
    """

    predicate: str
    other: Runtime
    formats: tuple[str, ...]
    has_screen: bool = False
    has_transcript: bool = False
    takes_prompts: bool = False
    own_dialog: bool = False
    forks: bool = False


TRAITS: Final[dict[Runtime, Traits]] = {
    "terminal": Traits(
        predicate="runs in a terminal",
        other="structured",
        formats=(".html", ".txt", ".cast"),
        has_screen=True,
        own_dialog=True,
    ),
    "structured": Traits(
        predicate="is a chat view",
        other="terminal",
        formats=(".md", ".html", ".txt", ".json"),
        has_transcript=True,
        takes_prompts=True,
        forks=True,
    ),
}


def traits_of(facts: ChatFacts) -> Traits:
    """The traits of a chat."""
    return TRAITS[facts.origin.runtime]
