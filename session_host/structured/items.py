"""The vocabulary of structured chats: items, requests, and the changes that make up a transcript.

The words follow the Agent Client Protocol (https://agentclientprotocol.com). A field that an agent does not report
keeps its default. All structs travel as msgpack arrays in the transcript log: add fields only at the end, and with
defaults.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Final, Literal

import msgspec

from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import Image

ItemKind = Literal["user", "agent", "thought", "tool", "plan", "notice", "raw"]
"""The kind of an item.

"notice" is a line of Outlive's or of the agent about the chat itself; "raw" is a message that no dialect understands.
"""

# fmt: off
ItemStatus = Literal[
    "", "queued", "sent", "unsent", "unconfirmed", "running", "done", "failed", "declined", "interrupted", "cut",
    "withdrawn", "held",
]
"""The progress of an item.

A prompt is "queued" until it is sent, "sent" until the agent confirms it, then "done"; "held" in the queue since its
user stopped the turn, "unsent" if the agent ended before it was sent, "unconfirmed" if it ended before it confirmed it,
and "withdrawn" if its user took it back. A message or tool call is "running" until it is complete; "cut" if the agent
died before that.
"""
# fmt: on

IN_QUEUE: Final[frozenset[ItemStatus]] = frozenset({"queued", "held"})
"""The prompts that are not sent yet, at the end of a transcript."""

ToolKind = Literal["", "execute", "edit", "read", "search", "fetch", "delete", "move", "think", "other"]

ChatState = Literal["starting", "idle", "background", "running", "requires_action", "ended"]
"""The agent's state.

It is "starting" until its first thread is open, "requires_action" while a request is open, and "background" while no
turn runs, but something that the agent started does, which the state's detail names.
"""

BETWEEN_TURNS: Final[frozenset[ChatState]] = frozenset({"idle", "background"})
"""The states in which the agent takes a prompt."""

WrittenOutcome = Literal["completed", "interrupted", "failed", "cut"]
"""How a turn ended: "cut" by the agent's death."""

OptionKind = Literal["allow_once", "allow_always", "reject_once", "reject_always", "cancel", "choice"]
"""What an answer does.

"allow_always" is "Always allow": the answer also holds for later calls, by a rule that the agent itself keeps; Outlive
keeps none. The option's ``name`` states all that the rule covers (``dialects.claude.approvals.always_options``,
``dialects.codex.approvals``; agents of the Agent Client Protocol name their rules themselves).
"""

REJECTIONS: Final[frozenset[OptionKind]] = frozenset({"reject_once", "reject_always", "cancel"})
"""The kinds of options that decline."""


PLACES: Final = {
    "window": "in a window",
    "attach": "in a terminal",
    "command": "by a command",
    "notification": "in a notification",
    "page": "on the page",
}
"""Where an answer was given, by the kind of client."""


WITHDRAWN: Final = "the agent has withdrawn its question"
"""What a client is told that answers a question which the agent does not ask any more."""

INCOMPLETE: Final = "the agent did not report everything that would run: this can only be declined"

DIALOG: Final = "dialog"
"""The value of ``RequestResolved.by`` if the user answered in the agent's own dialog."""


NOT_STOPPED: Final = "The agent has not stopped yet; you can end it, and resume the chat"
"""The detail of the state of an agent that goes on after an interrupt."""


class Value(msgspec.Struct, frozen=True, array_like=True):
    """Base of all values of the vocabulary."""


class FileChange(Value, frozen=True):
    """A change of one file."""

    path: str
    patch: str
    """A unified diff without its two header lines; "" if the agent reports none.

    Hunks begin at line 0 if the agent does not report their line numbers.
    """
    kind: Literal["add", "update", "delete"] = "update"
    moved_to: str = ""


class PlanEntry(Value, frozen=True):
    """One step of the agent's plan."""

    text: str
    status: Literal["pending", "in_progress", "completed"] = "pending"


class Item(Value, frozen=True):
    """One item of a transcript. An update replaces the item with the same ``id``."""

    id: str
    kind: ItemKind
    at_ms: int
    """When it began, in milliseconds since 1970."""
    text: str = ""
    """Markdown of a message or thought; a notice's line; a raw message's JSON."""
    status: ItemStatus = ""
    turn: str = ""
    """The agent's id of the turn, "" outside of one."""
    title: str = ""
    """One line: the work of a tool, the method of a raw message, or the amount at which a prompt is held."""
    tool: ToolKind = ""
    command: str = ""
    """The whole command of an "execute" tool."""
    directory: str = ""
    output: str = ""
    """The output of a tool, as text."""
    exit_code: int | None = None
    changes: tuple[FileChange, ...] = ()
    plan: tuple[PlanEntry, ...] = ()
    images: tuple[Image, ...] = ()
    ended_ms: int = 0
    """When it was complete, in milliseconds since 1970; 0 before."""
    parent: str = ""
    """The id of the tool item whose sub-agent made this item; "" for the main agent's."""

    @property
    def is_asked_about(self) -> bool:
        """Whether it is a prompt that waits for the user's word, since an amount of money is reached."""
        return self.kind == "user" and self.status == "held" and bool(self.title)


class RequestOption(Value, frozen=True):
    """One possible answer to a request."""

    id: str
    name: str
    """The whole answer, as the agent gives it or in our words."""
    kind: OptionKind
    short: str = ""
    """The name for a button, if the whole one is long or hard to read."""
    sets_mode: bool = False
    """Whether an "allow_always" gives the agent no rule for such calls, but a mode, which may allow much else."""

    @property
    def label(self) -> str:
        """The name to show first; ``name`` has everything that the answer covers."""
        return self.short or self.name


class Takes(Value, frozen=True):
    """What a question takes for an answer."""

    kind: Literal["", "integer", "number", "email", "uri", "date"] = ""
    """The kind of a free answer; "" for any text."""
    least: float | None = None
    """The least number, characters of a text, or answers if several can be given; None without a limit."""
    most: float | None = None
    optional: bool = False


class Question(Value, frozen=True):
    """One question of a request for the user's input."""

    id: str
    text: str
    options: tuple[str, ...] = ()
    """Suggested answers."""
    free: bool = True
    secret: bool = False
    several: bool = False
    """Whether several answers can be given; then each is a line of the answer's text."""
    descriptions: tuple[str, ...] = ()
    """A description of each suggested answer, in the same order; () if the agent sent none."""
    takes: Takes = Takes()

    @property
    def shown_text(self) -> str:
        """The text for users, which says whether several answers can be given."""
        return f"{self.text} (several answers possible)" if self.several else self.text

    def described(self) -> tuple[tuple[str, str], ...]:
        """The suggested answers with their descriptions, "" for none."""
        return tuple(zip_longest(self.options, self.descriptions[: len(self.options)], fillvalue=""))


class AgentRequest(Value, frozen=True):
    """A request of the agent that the user answers: a permission, or questions."""

    id: str
    kind: Literal["command", "edit", "permission", "question"]
    at_ms: int
    title: str
    """The question in one line."""
    subject: str
    """Everything that the answer allows: the whole command, or all changes of files as a diff."""
    options: tuple[RequestOption, ...] = ()
    item: str = ""
    """The tool item that waits for the answer; "" for none."""
    directory: str = ""
    reason: str = ""
    """The agent's own reason for asking."""
    questions: tuple[Question, ...] = ()
    complete: bool = True
    """Whether ``subject`` is whole. If not, the request can only be declined."""
    short_subject: str = ""
    """The subject for people, if the exact one runs its command in a shell."""

    @property
    def shown_subject(self) -> str:
        """The subject to show first; ``subject`` is exactly what the answer allows."""
        return self.short_subject or self.subject

    @property
    def has_more(self) -> bool:
        """Whether the texts that are shown first differ from the exact ones."""
        return bool(self.short_subject) or any(option.short for option in self.options)


def digest(request: AgentRequest) -> str:
    """A digest of everything that an answer to the request allows, and of what the user sees beside it.

    It binds an answer to the request as it was shown. A new host may ask the same question again at a later time.
    """
    import hashlib  # most readers of items need none

    # Without what questions take, which hosts of 0.1.0 do not say.
    questions = [msgspec.structs.astuple(each)[:-1] for each in request.questions]
    shown = msgspec.structs.replace(request, at_ms=0, questions=questions)
    return hashlib.sha256(msgspec.msgpack.encode(shown)).hexdigest()[:32]


class SettingChoice(Value, frozen=True):
    """One value of a setting."""

    id: str
    name: str
    description: str = ""


class Setting(Value, frozen=True):
    """A setting of the agent's session, such as its model or its mode."""

    id: str
    name: str
    value: str
    choices: tuple[SettingChoice, ...] = ()
    category: Literal["", "model", "mode", "effort"] = ""


class SlashCommand(Value, frozen=True):
    """A command that the agent offers: a prompt that begins with "/" and its name."""

    name: str
    description: str = ""
    hint: str = ""


class UsageLimit(Value, frozen=True):
    """How much of one of the limits of the user's subscription is used, as the agent reported it."""

    id: str
    """The agent's name of the limit."""
    used: float
    """The used share: 1.0 if the limit is reached. It may be more."""
    window_min: int = 0
    """The time for which the limit counts, in minutes; 0 if unknown."""
    resets_ms: int = 0
    """When the limit is reset, in milliseconds since 1970; 0 if unknown."""
    name: str = ""
    """The part of the use that is limited, such as a model; "" for all of it."""
    at_ms: int = 0
    """When the agent reported it, in milliseconds since 1970."""


class Capabilities(Value, frozen=True):
    """The abilities of the agent's protocol."""

    steer: bool = False
    """Text can be added to a running turn."""
    images: bool = False
    resume: bool = True
    interrupt: bool = True


# ---------------------------------------------------------------- changes


class Change(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all changes; the tag is the class's name, of a renamed class its first name."""


class Put(Change, frozen=True):
    """Add an item, or replace the one with its id."""

    item: Item


class Append(Change, frozen=True):
    """Append text to an item's ``text`` or ``output``."""

    id: str
    text: str
    field: Literal["text", "output"] = "text"


class SetStatus(Change, frozen=True):
    """Set an item's status."""

    id: str
    status: ItemStatus
    ended_ms: int = 0
    turn: str = ""
    """The turn that the item belongs to from now on; "" changes nothing."""


class Remove(Change, frozen=True):
    """Remove an item, since the agent took it back."""

    id: str


class RequestOpened(Change, frozen=True):
    """The agent waits for the user's answer."""

    request: AgentRequest


class RequestResolved(Change, frozen=True):
    """A request is answered, or the agent withdrew it."""

    id: str
    option: str
    """The id of the chosen option; "" if the agent withdrew the request."""
    name: str = ""
    """The chosen option's name."""
    by: str = ""
    """The kind of client that answered: "window", "attach", "command"; "" for the agent."""
    at_ms: int = 0
    kind: OptionKind | Literal[""] = ""
    """The kind of the chosen option; "" for texts, or if a host of 0.1.0 took the answer."""
    words: str = ""
    """What the user said to do instead, with an option that declines."""
    stopped: bool = False
    """Whether it was withdrawn because the user stopped the turn. The rules add it."""


class StateChanged(Change, frozen=True):
    """The agent's state has changed."""

    state: ChatState
    turn: str = ""
    detail: str = ""
    """The agent's work or question, one line; in the background, only what runs."""
    by: str = ""
    """At the beginning of a turn, the kind of client that sent its prompt; "" if unknown. The rules add it."""


class TurnOver(Change, frozen=True, tag="TurnEnded"):
    """A turn ended."""

    turn: str
    outcome: WrittenOutcome
    error: str = ""
    """One line for the user, if it failed."""
    at_ms: int = 0
    """The time of its end, if it is repeated from an earlier chat; 0 for the time of the step."""
    tokens: int = 0
    """What it used; 0 if the agent did not say it. The rules count it, and ``files_changed``."""
    files_changed: int = 0
    """How many files its edits changed; commands may have changed others."""
    facts: TurnFacts | None = None
    """The turn; None in logs of earlier versions (``turns.facts_of``). A dialect gives the outcome and the reset of a
    limit, the rules add all else."""


class UsageChanged(Change, frozen=True):
    """The tokens that the chat has used, and the limits of the user's subscription."""

    used: int
    """Tokens in the model's context now; 0 if unknown."""
    window: int
    """Size of the model's context in tokens; 0 if unknown."""
    total: int = 0
    """Tokens of all turns."""
    cost: float = 0.0
    currency: str = ""
    limits: tuple[UsageLimit, ...] = ()
    """All that the agent has reported."""
    read: int = 0
    """Of ``total``, those that the model read, without ``cached`` ones, those of its cache, and ``written`` ones; all
    0 if the agent does not tell them apart."""
    cached: int = 0
    written: int = 0
    of_conversation: Literal["", "tokens", "cost", "base", "most"] = ""
    """Which of the totals also count what the conversation used before this process, which resumed or forked it: a
    "base" is that alone, "most" the most that it may be."""
    is_least: bool = False
    """Whether the agent leaves out some requests, or may."""

    @property
    def share(self) -> float | None:
        """The used share of the model's context; None if unknown."""
        return min(self.used / self.window, 1.0) if self.used > 0 and self.window > 0 else None

    @property
    def percent(self) -> int:
        """The same in whole percent; 0 if unknown."""
        return round(100 * (self.share or 0.0))


class SettingsChanged(Change, frozen=True):
    """All settings of the agent's session."""

    settings: tuple[Setting, ...]


class CommandsChanged(Change, frozen=True):
    """All commands that the agent offers."""

    commands: tuple[SlashCommand, ...]


class CapabilitiesKnown(Change, frozen=True):
    """The agent's abilities are known."""

    capabilities: Capabilities


class ConversationKnown(Change, frozen=True):
    """The agent's id of the conversation is known, or is another one now."""

    conversation: str


class TitleChanged(Change, frozen=True):
    """The agent named the conversation; before it does, the chat is named after its first prompt."""

    title: str


# fmt: off
AnyChange = (
    Put | Append | SetStatus | Remove | RequestOpened | RequestResolved | StateChanged | TurnOver | UsageChanged
    | SettingsChanged | CommandsChanged | CapabilitiesKnown | ConversationKnown | TitleChanged
)
# fmt: on
