"""The one vocabulary of rights, for every door: a chat's socket, a bridge, the page, the window's commands."""

from __future__ import annotations

from enum import Enum


class Right(Enum):
    """What a request needs. Who has it is decided by the chats of agents that a process belongs to
    (``system.processes.permission``), and of the page by its devices (``web.devices``).
    """

    READ = "read"
    """Every process of the user has it, and every device: it changes no chat."""
    REPORT = "report"
    """The programs of this chat have it, by a value in their environment (``launch.REPORT_ID``)."""
    ATTACHMENT = "attachment"
    """The client got it with ``Attach``: an attachment, which types unless it is read-only."""
    CONTROL = "control"
    """The user has it, the agents that started the chat, and the chat's agent, which types prompts alone: see
    ``own_prompts``.
    """
    ANSWER = "answer"
    """The same, without the chat's agent and all that it started: to answer the agent, or to allow it more."""
    SETTINGS = "settings"
    """The user alone has it, for what agents may do: the settings, and an answer that sets an agent's mode."""
