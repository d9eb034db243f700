"""Base types for looking up an agent's conversations."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol


class Availability(Enum):
    """What an agent has kept of a conversation."""

    WHOLE = "whole"
    """It can be gone on with."""
    NOTHING = "nothing"
    """Nothing was said in it yet: it is begun anew, under the same id."""
    LOST = "lost"
    """It cannot be gone on with."""
    UNKNOWN = "unknown"
    """It cannot be told: the agent will say."""


class ConversationQuery(NamedTuple):
    """A conversation that is to be gone on with.

    Attributes:
        conversation: its id; it has passed ``protocol.untrusted_text.is_conversation``.
        directory: where the agent worked, absolute.
        environment: that the agent is to have: it leads to the agent's files.
        files: the directory of the files that we made for it.
        used: whether something was said in it, as far as is known.
    """

    conversation: str
    directory: str
    environment: Mapping[str, str]
    files: Path
    used: bool

    @property
    def home(self) -> Path:
        """The user's."""
        return Path(self.environment.get("HOME") or Path.home())

    def from_variable(self, variable: str, default: Path) -> Path:
        """The directory that a variable names, else the default one."""
        value = self.environment.get(variable, "")
        return Path(self.directory, value) if value else default


class LookupResult(NamedTuple):
    """What is kept of it.

    Attributes:
        kept: see there.
        reason: for one that is lost why, and for one that holds nothing that; a clause without a full stop.
    """

    kept: Availability
    reason: str = ""


class ConversationStore(Protocol):
    """Where an agent keeps its conversations."""

    def find(self, sought: ConversationQuery) -> LookupResult:
        """What is kept of one. Blocks on the disk.

        Raises:
            OSError: it cannot be told.
        """

    def opened_by(self, sought: ConversationQuery) -> list[int]:
        """The living processes that have it open, as the agent's own files tell. Blocks on the disk."""
