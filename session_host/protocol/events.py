"""The events of the ledger: what happens in chats, in the order in which the store got it.

One struct for each kind, with what its reader needs. None has the text of a prompt or an answer: the ledger is no
second recording. JSON names the kind as ``kind``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

import msgspec

from .turns import TurnFacts, TurnOutcome, TurnWork
from .values import Activity

if TYPE_CHECKING:
    from .messages import Transition

AnyFacts = TypeVar("AnyFacts", bound=TurnFacts)

KEPT_CHANGES: Final = 20
"""How many changes of the status an explanation lists."""

MAX_SUBJECT_CHARACTERS: Final = 2000

MAX_LEFT: Final = 8

KEPT_UNSAVED: Final = 1000
"""How many events a host keeps that the disk does not take; of the older ones, it keeps the number."""


class Started(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="started", kw_only=True):
    """A chat was started."""

    agent: str
    """A name of the agent catalog."""
    directory: str
    resumed_from: str | None = None
    """The id of the chat that this one resumes."""
    account: str = ""
    """The agent's account; "" for the default one."""


class StatusChanged(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="status", kw_only=True):
    """The agent's activity, or its question, is another one."""

    before: Activity = msgspec.field(name="from")
    after: Activity = msgspec.field(name="to")
    source: str = ""
    """What reported it; "" for the program's start and end."""
    detail: str = ""
    """The question, the agent's text about its work, or the error that stopped its turn; one line."""
    failed: bool = False
    """Whether an error stopped the turn."""
    background: bool = False
    """Whether the agent takes prompts, and something that it started runs on."""
    since: str = ""
    """When it began, ISO 8601, UTC. An event with the time of the one before describes the same question better."""


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One possible answer to a question."""

    id: str
    name: str
    kind: str


class Asked(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="asked", kw_only=True):
    """The agent asks something: once for each question.

    Where only the agent's own screen can answer, all but the title is empty, and the next status is the question's end.
    So it is at an amount of money, where Outlive itself asks; ``about`` says that.
    """

    request: str
    """The id of the question, for `outlive approve --request`; "" if that cannot answer it."""
    digest: str
    """Binds an answer to the question as it is now."""
    about: str
    """"command", "edit", "permission" or "question"; "amount" at an amount of money."""
    title: str
    subject: str
    """What an answer allows, up to ``MAX_SUBJECT_CHARACTERS``."""
    complete: bool
    """Whether the subject is whole."""
    options: tuple[Choice, ...] = ()


class Answered(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="answered", kw_only=True):
    """A question was answered."""

    request: str
    by: str
    """"window", "attach", "command", "notification"; "dialog" for the agent's own screen."""
    option: str = ""
    """The id of the chosen option; "" if it is not known."""
    name: str = ""
    """Its name."""


class Withdrawn(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="withdrawn", kw_only=True):
    """The agent asks this no more."""

    request: str


class TurnStarted(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="turn_started", kw_only=True):
    """The agent began to work on a prompt."""

    turn: int
    """Counts the turns of this chat, from 1."""
    agents_id: str = ""
    """The agent's own id of the turn, in a chat view."""
    by: str = ""
    """Who sent the prompt, or pressed Enter in a terminal; the words are those of ``Answered``.

    "" if that is not known: for a chat's first prompt, and for a turn that the agent began by itself.
    """


class TurnEnded(TurnFacts, frozen=True, tag_field="kind", tag="turn_ended", kw_only=True, omit_defaults=False):
    """A turn ended. In a terminal its ``work`` is None, and ``turn_counted`` follows."""

    turn: int
    outcome: TurnOutcome
    tokens: int = 0
    """How many tokens it used, input and output. 0 if the agent has not said it; in a terminal, no agent does."""
    files_changed: int = 0
    """How many files the agent's edits changed, in a chat view; its commands may have changed others."""

    @property
    def facts(self) -> TurnFacts:
        """The facts alone."""
        return TurnFacts(**{name: getattr(self, name) for name in TurnFacts.__struct_fields__})


class TurnCounted(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="turn_counted", kw_only=True):
    """The agent's record has a turn that ended in a terminal, or nobody waits for that any more: once for each turn."""

    turn: int
    outcome: TurnOutcome
    """That of ``turn_ended``, unless the record knows better."""
    work: TurnWork | None = None
    """None if the record does not say it, or Outlive cannot read it there."""
    resets_at: str = ""
    """As in ``TurnFacts``."""
    error: str = ""
    """As in ``TurnFacts``, from the record."""
    ended: str = ""
    """When the turn ended; as in ``TurnFacts``."""

    def of(self, end: AnyFacts) -> AnyFacts:
        """What is known of the turn now, with what its end said."""
        resets_at, error = self.resets_at or end.resets_at, end.error or self.error
        return msgspec.structs.replace(end, outcome=self.outcome, work=self.work, resets_at=resets_at, error=error)


class LaterSet(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="later_set", kw_only=True):
    """A prompt is to be sent at a time, or not any more."""

    due: str
    """When, ISO 8601, UTC; "" if it was taken back."""
    by: str = ""
    """Who set it, or took it back; the words are those of ``Answered``."""
    continues: int = 0
    """The number of the turn that it continues, which a limit ended; 0 for none."""


class Missed(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="missed", kw_only=True):
    """A prompt was not sent that was due."""

    due: str
    why: str
    """One line."""
    asks: bool = False
    """Whether it waits for the user's word, since nothing could send it in time."""


class Limit(msgspec.Struct, frozen=True, gc=False):
    """How much of one of the limits of the user's subscription is used."""

    id: str
    """The agent's name of the limit."""
    used: float
    """The used share: 1.0 if the limit is reached. It may be more."""
    window_min: int = 0
    """The time for which it counts, in minutes; 0 if unknown."""
    resets_at: str = ""
    """When it is reset, ISO 8601, UTC; "" if unknown."""
    name: str = ""
    """The part of the use that is limited, such as a model; "" for all of it."""


class LimitsChanged(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="limits", kw_only=True):
    """Of a limit of the chat's account, another whole percent is used, or it is reset at another time."""

    agent: str
    """A name of the agent catalog."""
    account: str
    """As in ``facts.Origin``."""
    limits: tuple[Limit, ...] = ()
    """All that the agent says of the account."""


class CommandEnded(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="command_ended", kw_only=True):
    """A command of a shell that marks its commands has ended."""

    exit_code: int | None
    """None if the shell does not say it."""
    duration_s: float
    """How long it ran, in seconds, also while the computer slept."""


class Ended(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="ended", kw_only=True):
    """The program has ended."""

    exit_code: int | None = None
    exit_signal: int | None = None
    end_request: str = ""
    """As ``facts.Outcome.end_request``."""
    error: str = ""
    """Why it was lost or could not run; "" if there is nothing to say."""
    left: tuple[str, ...] = ()
    """The names of commands that it started and that still ran then, at most ``MAX_LEFT``; () also if it was lost."""


class Slept(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="slept", kw_only=True):
    """The chat was put to sleep, in place of its end."""

    freed_bytes: int | None = None
    """As ``facts.Outcome.freed_bytes``."""


class Woke(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="woke", kw_only=True):
    """A text has woken the chat: another one continues its conversation."""

    continued_by: str
    """The id of that chat."""


class Interrupted(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="interrupted"):
    """The computer was restarted while the chat ran."""


class Renamed(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="renamed", kw_only=True):
    """The user gave the chat another name, which the ledger shows as the chat's from now on."""

    before: str = msgspec.field(name="from")


class Removed(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="removed"):
    """The chat was removed."""


class Gap(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="gap", kw_only=True):
    """Events of this chat are missing: the disk took none for so long that its host could keep only their number."""

    count: int


class Hello(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="hello"):
    """The first line of a reader: its cursor is the place from which it goes on."""


class At(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="at"):
    """Nothing that this reader asks for; its cursor is a place to go on from."""


class Reset(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="reset"):
    """The cursor that the reader had is lost: all states follow."""


class ChatState(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="state", kw_only=True):
    """The state of a running chat at the cursor of ``hello``."""

    agent: str
    """A name of the agent catalog."""
    directory: str
    status: StatusChanged | None
    """The last change of its status; None if there was none."""
    account: str = ""
    """The agent's account; "" for the default one."""


class Unreachable(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="unreachable", kw_only=True):
    """Another machine cannot be reached; its events come when it is back."""

    why: str
    """One line."""


class Reachable(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="reachable"):
    """That machine is reached again."""


Event = (
    Started
    | StatusChanged
    | Asked
    | Answered
    | Withdrawn
    | TurnStarted
    | TurnEnded
    | TurnCounted
    | LaterSet
    | Missed
    | LimitsChanged
    | CommandEnded
    | Ended
    | Slept
    | Woke
    | Interrupted
    | Renamed
    | Removed
    | Gap
)
KINDS: Final[tuple[str, ...]] = tuple(each.__struct_config__.tag for each in (*get_args(Event), Unreachable, Reachable))
"""All but those of a reader's beginning."""


Printed = Event | Hello | At | Reset | ChatState | Unreachable | Reachable
"""What ``outlive events`` prints."""
LINE_VERSION: Final = 1
"""The version of its lines; a new field does not change it."""


def kind_of(event: Any) -> str:
    """The kind of an event, as JSON has it."""
    return str(event.__struct_config__.tag)


class NamedChat(msgspec.Struct, frozen=True):
    """The chat of a line."""

    id: str
    name: str


class EventLine(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        version: of the lines; a new field does not change it.
        cursor: a place to go on from, after this line.
        time: when it happened, ISO 8601, UTC.
        machine: where.
        chat: None if it is about no chat.
        event: what happened.
    """

    version: int
    cursor: str
    time: str
    machine: str
    chat: NamedChat | None
    event: Printed


class NumberedEvent(msgspec.Struct, frozen=True, array_like=True):
    """An event of a chat's host.

    Attributes:
        number: counts the events of this chat's hosts, from 1: the store takes each once.
        at: when it happened, ISO 8601, UTC.
    """

    number: int
    at: str
    event: Event


def with_events(
    kept: Sequence[NumberedEvent], new: Iterable[NumberedEvent], *, saved_to: int = 0
) -> list[NumberedEvent]:
    """The events that a host keeps after new ones: the newest, and those that the store has not got.

    Args:
        kept: the ones so far, by their numbers.
        new: others, by their numbers; those that are known already change nothing.
        saved_to: the number of the last one that the store has.
    """
    events = list(kept)
    for each in new:
        if not events or each.number > events[-1].number:
            events.append(each)
    unsaved = next((index for index, each in enumerate(events) if each.number > saved_to), len(events))
    events = events[min(unsaved, max(0, len(events) - KEPT_CHANGES)) :]
    if len(events) > KEPT_UNSAVED:
        lost, events = events[:-KEPT_UNSAVED], events[-KEPT_UNSAVED:]
        count = sum(each.event.count if isinstance(each.event, Gap) else 1 for each in [*lost, events[0]])
        events[0] = NumberedEvent(events[0].number, events[0].at, Gap(count=count))
    return events


def for_readers(unsaved: Sequence[NumberedEvent]) -> bytes:
    """What readers of the ledger want of a chat's events that it has not got: its newest turns, commands and status."""
    if not unsaved:
        return b""
    status = [each for each in unsaved if isinstance(each.event, StatusChanged)][-1:]
    kinds = TurnStarted | TurnEnded | TurnCounted | CommandEnded
    ends = [each for each in unsaved if isinstance(each.event, kinds)][-KEPT_CHANGES:]
    return msgspec.msgpack.encode(sorted(map(_shortened, [*status, *ends]), key=lambda each: each.number))


def _shortened(numbered: NumberedEvent) -> NumberedEvent:
    """An event with its agent's words cut to a length that a message can have."""
    match numbered.event:
        case TurnEnded(error=text) as event if len(text) > MAX_SUBJECT_CHARACTERS:
            short: Event = msgspec.structs.replace(event, error=text[:MAX_SUBJECT_CHARACTERS])
        case StatusChanged(detail=text) as event if len(text) > MAX_SUBJECT_CHARACTERS:
            short = msgspec.structs.replace(event, detail=text[:MAX_SUBJECT_CHARACTERS])
        case _:
            return numbered
    return msgspec.structs.replace(numbered, event=short)


def changes(events: Iterable[tuple[str, Event]], count: int) -> list[Transition]:
    """The last changes of the status, oldest first, each question with its best description.

    Args:
        events: those of one chat with their times, oldest first.
        count: the most to return.
    """
    from .messages import Transition  # Who only writes events needs no messages.

    found: list[Transition] = []
    for at, event in events:
        if not isinstance(event, StatusChanged):
            continue
        change = Transition(event.since or at, event.after, event.source, event.detail)
        if found and (found[-1].at, found[-1].activity) == (change.at, change.activity):
            found.pop()
        found.append(change)
    return found[-count:]
