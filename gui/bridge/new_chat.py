"""The user's request for a new chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from gui.settings.layout import Start
from session_host.protocol.values import Runtime

if TYPE_CHECKING:
    from session_host.client.chats.setup_entries import SetupEntry


class NewChatRequest(Struct, frozen=True):
    """The user's request for a new chat.

    Attributes:
        machine: the name of its machine; "" for this one.
        account: the agent's account there; "" for the default one.
        directory: its path there.
        is_named: whether the user chose the name.
        worktree: as in ``LaunchRequest``: the branch of a new git worktree, "" for a new branch, None for no worktree.
        setup: the command that sets up the repository's worktrees, if the user changed it; None for no change.
        runtime: whether the agent shows its own terminal, or a chat view.
        remembered: the suggestion for this agent's next start.
    """

    agent: str
    directory: str
    name: str
    arguments: list[str]
    overrides: dict[str, str] = field(default_factory=dict)
    prompt: str = ""
    worktree: str | None = None
    runtime: Runtime = "terminal"
    remembered: Start | None = None
    setup: SetupEntry | None = None
    is_named: bool = True
    machine: str = ""
    account: str = ""
