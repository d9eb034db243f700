"""What an agent's store of conversations is asked and answers: look-up, turns and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from session_host.paths import session_files
from session_host.protocol.untrusted_text import one_line

from .records import MAX_BYTES, TranscriptFiles
from .turns import RecordedTurn

if TYPE_CHECKING:
    from session_host.protocol.launch import LaunchSpec


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
        most_bytes: how far back a record is read.
    """

    conversation: str
    directory: str
    environment: Mapping[str, str]
    files: Path
    used: bool
    transcripts: TranscriptFiles | None = None
    most_bytes: int = MAX_BYTES

    @classmethod
    def of_own(cls, spec: LaunchSpec, conversation: str) -> Self:
        """The query of a host for a conversation of its agent."""
        return cls(conversation, spec.facts.origin.cwd, spec.env, session_files(spec.facts.id), used=True)

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

    @property
    def lister(self) -> ConversationLister | None:
        """Lists the agent's conversations; None if they cannot be listed."""

    def find(self, query: ConversationQuery) -> LookupResult:
        """Look up a conversation. Blocks on the disk.

        Raises:
            OSError: the agent's files cannot be read.
        """

    def opened_by(self, query: ConversationQuery) -> list[int]:
        """The living processes that have a conversation open, by the agent's own files. Blocks on the disk."""

    def record(self, query: ConversationQuery) -> Path:
        """The file in which the agent records the conversation, or will, as far as its place is known. May block."""

    def turns(self, query: ConversationQuery) -> Iterator[RecordedTurn]:
        """Yield the turns of a conversation, the newest first. Blocks on the disk.

        Sub-agents' texts, tools and thoughts are no part of an answer.

        Raises:
            OSError: the agent's files cannot be read.
            TooFarBack: the next turn begins too far back in the file.
        """


MAX_LISTED: Final = 2000
"""How many conversations are listed at most: the newest."""

MAX_CHARACTERS: Final = 300
"""The length of a title or prompt."""

IsCancelled = Callable[[], bool]
"""Whether the list is no longer wanted."""


class StoredConversation(NamedTuple):
    """A conversation that an agent can resume.

    Attributes:
        conversation: its id, as the agent's files have it; unchecked.
        directory: the agent's working directory at its beginning, absolute; "" if unknown: then it is not listed.
        title: the agent's title for it, else its first prompt; one clean line, "" if unknown.
        last_prompt: one clean line; "" if unknown.
        changed_s: the time of its last change, in seconds since 1970.
        is_scripted: a command that answers once and exits began it, such as ``claude -p``.
    """

    conversation: str
    directory: str
    title: str
    last_prompt: str
    changed_s: float
    is_scripted: bool = False


class StoredConversations(NamedTuple):
    """Conversations of an agent.

    Attributes:
        newest: those that are listed.
        has_older: whether there are older ones, which are not listed.
    """

    newest: list[StoredConversation]
    has_older: bool


class ConversationLister(Protocol):
    """Lists an agent's conversations."""

    def list(self, query: ConversationQuery, is_cancelled: IsCancelled) -> StoredConversations:
        """List at most ``MAX_LISTED`` conversations of all directories, in any order. Blocks on the disk.

        Damaged and unreadable files are left out, and conversations without a prompt.

        Args:
            query: leads to the agent's files; its id is ignored. If there are too many conversations, those of this
                directory come first, if the files' paths show the directory.
            is_cancelled: asked before each file; if it is true, the rest is left out.

        Raises:
            OSError: the agent's files cannot be read at all.
        """


def clean(text: str) -> str:
    """A text of an agent's file as one short line, without misleading characters."""
    return " ".join(one_line(text[: 4 * MAX_CHARACTERS]).split())[:MAX_CHARACTERS]


def stored_conversation(
    conversation: str,
    directory: str,
    title: str,
    prompts: tuple[str, str],
    changed_s: float,
    *,
    is_scripted: bool = False,
) -> StoredConversation | None:
    """Make a conversation from the values in an agent's file; None without a prompt, since agents cannot resume it.

    ``title`` is the agent's or the user's, "" for none; ``prompts`` are the first and the last, "" for an unknown one.
    """
    first, last = prompts
    if not (first or last):
        return None
    return StoredConversation(
        conversation, directory, clean(title or first or last), clean(last), changed_s, is_scripted
    )
