"""The user's request to start a chat."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from session_host.agents.agent import Agent
from session_host.protocol.values import GridSize, Runtime
from session_host.storage.store import SessionRecord
from session_host.terminal.base import DefaultColors, EngineName

from .structured_launch import Fork

DEFAULT_SIZE = GridSize(80, 24)


class LaunchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The user's request to start a chat."""

    agent: Agent
    arguments: list[str] = []
    prompt: str = ""
    """The first prompt, for agents that take one in their argv; "" for none."""
    resume: SessionRecord | None = None
    """The ended session that is resumed; its ``provider_session_id`` is known."""
    starts_over: bool = False
    """Begin the conversation again under its id, since nothing was said in it yet."""
    conversation: str = ""
    """The id of an earlier conversation that the chat continues and that is no chat's; "" for none."""
    live_chat: SessionRecord | None = None
    """The running structured chat that the agent's own terminal shows, too; its conversation is known."""
    fork: Fork | None = None
    """The chat to fork: the new chat begins with a copy of its conversation, or of a part of it."""
    runtime: Runtime = "terminal"
    """How Outlive talks to the agent."""
    one_shot: bool = False
    """Whether a structured chat's agent gets one process for each prompt, although it speaks a protocol."""
    name: str | None = None
    """The chat's name; None to make one from the directory's name."""
    is_named: bool = True
    """Whether the user chose the name."""
    directory: str
    worktree: str | None = None
    """The branch of a new git worktree for the chat, "" for a new branch; None for no worktree."""
    environment: Mapping[str, str]
    """The caller's whole environment."""
    overrides: dict[str, str] = {}
    """Variables that the user set in addition."""
    located_by: dict[str, str] = {}
    """The variables that locate the conversation, if it is in the place of an earlier chat; see ``SessionRecord``."""
    size: GridSize = DEFAULT_SIZE
    engine: EngineName | None = None
    colors: DefaultColors | None = None
    """The caller's terminal colours, if it shows terminals."""
