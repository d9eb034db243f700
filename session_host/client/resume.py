"""Going on with an ended chat: a new session in the same conversation of the agent's.

The conversation is the one that the chat was in, by its id; never "the latest". All of this blocks on the disk but
for the two that start a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from session_host.protocol.values import GridSize
from session_host.store import SessionRecord
from session_host.terminal.base import DefaultColors


class Resumability(NamedTuple):
    """Whether a chat can be gone on with.

    Attributes:
        can: False for one that runs, was continued, or whose agent or conversation is not to be gone on with;
            None if it is not known which conversation it was in: the agent's own picker may find it.
        reason: why not, and what to do, in one line; "" if it can.
    """

    can: bool | None
    reason: str = ""


def resumability(session_id: str, environment: Mapping[str, str] | None = None) -> Resumability:
    """Whether this session can be gone on with. Looks at the record and the agent's own files, not at processes.

    Args:
        session_id: whose.
        environment: the caller's; this process's own if None.

    Raises:
        StoreError, NoSuchSession: there is no such record.
    """
    raise NotImplementedError


async def resume(
    session_id: str,
    *,
    environment: Mapping[str, str] | None = None,
    size: GridSize | None = None,
    colors: DefaultColors | None = None,
    prompt: str = "",
    anyway: bool = False,
) -> SessionRecord:
    """Start a session that goes on with the conversation of an ended one; returns when its program is exec'd.

    Args:
        session_id: the ended one.
        environment: the caller's whole environment; this process's own if None.
        size: of the terminal; that of the ended one if None.
        colors: what the caller shows terminals in, if it does.
        prompt: what the agent is asked first, where it takes that.
        anyway: also if the conversation is open elsewhere.

    Raises:
        NotResumable: it cannot be; ``ConversationUnknown`` and ``ConversationOpen`` say what may help.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory: as ``launch.launch``.
    """
    raise NotImplementedError


async def pick(
    session_id: str,
    *,
    environment: Mapping[str, str] | None = None,
    size: GridSize | None = None,
    colors: DefaultColors | None = None,
) -> SessionRecord:
    """Start a session in the ended one's directory in which the agent lets its user choose a conversation.

    Raises:
        NotResumable: the agent has no list to choose from.
        AgentNotFound, LaunchFailed, StoreError, UnsafeDirectory: as ``launch.launch``.
    """
    raise NotImplementedError


def has_picker(session_id: str) -> bool:
    """Whether ``pick`` can do something for this session: its agent has a list of conversations to choose from."""
    raise NotImplementedError


def resume_command(session_id: str) -> str:
    """What goes on with it in any terminal, for a shell: ``cd DIR && claude --resume ID``.

    Raises:
        NotResumable: there is no such command; ``ConversationUnknown`` if it is not known which conversation.
    """
    raise NotImplementedError
