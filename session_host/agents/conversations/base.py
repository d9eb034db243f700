"""Base types for looking up an agent's conversations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from .transcript_files import TranscriptFiles
from .turns import Turn


class Availability(Enum):
    """How much an agent has kept of a conversation."""

    WHOLE = "whole"
    """The conversation can be resumed."""
    NOTHING = "nothing"
    """The conversation is empty: a new one begins under the same id."""
    LOST = "lost"
    """The conversation cannot be resumed."""
    UNKNOWN = "unknown"
    """Unknown: the agent itself will report it."""


class ConversationQuery(NamedTuple):
    """A conversation to resume.

    Attributes:
        conversation: its id; ``protocol.untrusted_text.is_conversation`` has accepted it.
        directory: the agent's previous working directory, absolute.
        environment: the environment that the agent will have, which leads to the agent's files.
        files: the directory of the session's own agent files.
        used: whether the conversation has any messages, as far as is known.
        transcripts: the lists of files that a pass over many conversations shares; None to read them anew.
    """

    conversation: str
    directory: str
    environment: Mapping[str, str]
    files: Path
    used: bool
    transcripts: TranscriptFiles | None = None

    @property
    def home(self) -> Path:
        """The user's home directory."""
        return Path(self.environment.get("HOME") or Path.home())

    def from_variable(self, variable: str, default: Path) -> Path:
        """The directory that a variable names, else the default one."""
        value = self.environment.get(variable, "")
        return Path(self.directory, value) if value else default

    def transcripts_named(self, parent: Path, pattern: str, ending: str) -> list[Path]:
        """As ``TranscriptFiles.named``."""
        return (self.transcripts or TranscriptFiles()).named(parent, pattern, ending)


class LookupResult(NamedTuple):
    """The result of looking up a conversation.

    Attributes:
        availability: how much of the conversation is stored.
        reason: why a conversation is lost or empty; a clause without a full stop.
    """

    availability: Availability
    reason: str = ""


class ConversationStore(Protocol):
    """The conversations that an agent keeps in its own files."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the environment variables that locate the conversations, such as HOME."""

    def find(self, query: ConversationQuery) -> LookupResult:
        """Look up a conversation. Blocks on the disk.

        Raises:
            OSError: the agent's files cannot be read.
        """

    def opened_by(self, query: ConversationQuery) -> list[int]:
        """The living processes that have a conversation open, by the agent's own files. Blocks on the disk."""

    def turns(self, query: ConversationQuery) -> Iterator[Turn]:
        """Yield the turns of a conversation, the newest first. Blocks on the disk.

        Sub-agents' texts, tools and thoughts are no part of an answer.

        Raises:
            OSError: the agent's files cannot be read.
            TooFarBack: the next turn begins too far back in the file.
        """
